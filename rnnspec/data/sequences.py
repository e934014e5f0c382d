"""Labelled sequences of one shape: right-padded and standardised, with the way to raw units."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnspec._result import Result
from rnnspec.data.values import (
    channel_values,
    check_range,
    class_numbers,
    keep_digits,
    read_class_names,
    real_values,
    whole_numbers,
)

# How far a standardised value may lie outside its bounds because of rounding: relative to the
# standardised bounds (float32 has 7 digits), and to raw bounds and means (float64 has 16).
ROUNDING32, ROUNDING64 = 1e-6, 1e-15


@dataclass(frozen=True, eq=False, repr=False)
class SequenceDataset(Result):
    """Sequences, their classes, and how their values relate to raw units.

    Parameters
    ----------
    inputs : ndarray, shape (n, t, d), float32
        Standardised values, ``(raw - mean) / std``; 0 at padded steps.  They are float64 if
        `rnnspec.data.as_dataset` was given such an array.
    lengths : ndarray, shape (n,), int64
        True lengths, from 1 to t.
    labels : ndarray, shape (n,), int64
        Classes, from 0 to k - 1.
    class_names : tuple of str
        The k names, all different.
    lower, upper : ndarray, shape (d,), float64
        Bounds of the raw values; ``-inf`` and ``inf`` where the data has none.
    mean, std : ndarray, shape (d,), float64
        Mean and standard deviation by which the raw values were standardised.
    center, spread : ndarray, shape (d,), float64, optional
        Mean and standard deviation of each channel of `inputs`, the unit of perturbations; 0 and 1
        by default.  `rnnspec.data.as_dataset` measures them for arrays that are taken as they are.

    Raises
    ------
    ValueError
        If shapes do not fit together, a value is not finite, a raw value lies outside its bounds,
        a length or label is out of range or no integer, or two classes have the same name.

    Examples
    --------
    >>> data = SequenceDataset.from_raw(
    ...     [[[0.0], [4.0]], [[2.0], [0.0]]], [2, 1], [0, 1], ("up", "flat"), mean=2.0, std=2.0
    ... )
    >>> data.inputs[:, :, 0].tolist()
    [[-1.0, 1.0], [0.0, 0.0]]
    >>> data.raw()[:, :, 0].tolist()
    [[0.0, 4.0], [2.0, 0.0]]
    """

    inputs: NDArray[np.float32]
    lengths: NDArray[np.int64]
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    mean: NDArray[np.float64]
    std: NDArray[np.float64]
    center: NDArray[np.float64] = None  # type: ignore[assignment]
    spread: NDArray[np.float64] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        for name in ("inputs", "lengths", "labels", "lower", "upper", "mean", "std"):
            if not isinstance(given := getattr(self, name), np.ndarray):
                raise ValueError(
                    f"`{name}` must be a NumPy array, got {type(given).__name__}"
                    " (SequenceDataset.from_raw takes lists and tensors too)"
                )
        _check_inputs(self.inputs)
        n, t, d = self.inputs.shape
        for name, usual in (("center", np.zeros(d)), ("spread", np.ones(d))):
            if getattr(self, name) is None:
                object.__setattr__(self, name, usual)
        shapes = dict.fromkeys(("lengths", "labels"), (n,))
        shapes |= dict.fromkeys(("lower", "upper", "mean", "std", "center", "spread"), (d,))
        for name, expected in shapes.items():
            if (shape := getattr(self, name).shape) != expected:
                text = f"`{name}` must have shape {expected} as `inputs` has, got {shape}"
                raise ValueError(text)
        for name, times in Counter(self.class_names).most_common(1):
            if times > 1:
                raise ValueError(f"`class_names` must differ, got {name!r} twice")
        check_range(self.lengths, "lengths", 1, t, f"`inputs` has {t} steps")
        k = self.n_classes
        check_range(self.labels, "labels", 0, k - 1, f"classes are counted from 0; there are {k}")
        _check_scaling(self.mean, self.std)
        _check_bounds(self)

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def n_features(self) -> int:
        """The number d of channels."""
        return int(self.inputs.shape[2])

    @property
    def n_steps(self) -> int:
        """The padded length t."""
        return int(self.inputs.shape[1])

    @property
    def n_classes(self) -> int:
        """The number k of classes."""
        return len(self.class_names)

    def mask(self) -> NDArray[np.bool_]:
        """(n, t) array that is True at real steps and False at padded ones."""
        return real_steps(self.lengths, self.n_steps)

    def raw(self) -> NDArray[np.float64]:
        """(n, t, d) values in raw units, inside the bounds; 0 at padded steps."""
        values: NDArray[np.float64] = self.inputs * self.std
        values += self.mean
        # Rounding must not carry a value out of the range that it came from.
        np.clip(values, self.lower, self.upper, out=values)
        values[~self.mask()] = 0
        return values

    def subset(self, indices: ArrayLike) -> SequenceDataset:
        """The sequences with these indices (integers or a boolean mask), in that order."""
        i = np.asarray(indices)
        i = i if i.dtype == bool else i.astype(np.int64)  # an empty list becomes floats
        return replace(self, inputs=self.inputs[i], lengths=self.lengths[i], labels=self.labels[i])

    @classmethod
    def from_raw(
        cls,
        values: ArrayLike,
        lengths: ArrayLike,
        labels: ArrayLike,
        class_names: Sequence[str],
        *,
        mean: ArrayLike = 0.0,
        std: ArrayLike = 1.0,
        lower: ArrayLike = -np.inf,
        upper: ArrayLike = np.inf,
    ) -> SequenceDataset:
        """Standardise raw values of shape (n, t, d) in float64, and write 0 into padded steps.

        `mean`, `std`, `lower` and `upper` are one number, or one for each channel.  `labels` are
        class numbers, or names among `class_names`, compared as they are written.

        Raises
        ------
        ValueError
            As the class does; and if a label is no class, a length is no whole number, `std` is
            not above 0, or float32 does not hold the standardised values.
        """
        raw = real_values(values, "values")
        if raw.ndim != 3:
            raise ValueError(f"`values` must have shape (n, t, d), got {raw.shape}")
        n, t, d = raw.shape
        given = {"lower": lower, "upper": upper, "mean": mean, "std": std}
        low, high, center, scale = (channel_values(given[name], name, d) for name in given)
        _check_scaling(center, scale)
        names = read_class_names(class_names)
        steps = whole_numbers(lengths, "lengths")
        real = real_steps(steps, t) if steps.shape == (n,) else np.ones((n, t), dtype=bool)
        with np.errstate(over="ignore"):  # what is not finite is refused below
            scaled = raw - center
            scaled /= scale
            scaled[~real] = 0
            inputs = scaled.astype(np.float32)
        if raw.dtype != np.float32:  # only float64 values can lose digits
            keep_digits(scaled, inputs, real, "values", "standardise them by `mean` and `std`")
        return cls(inputs, steps, class_numbers(labels, names), names, low, high, center, scale)


def real_steps(lengths: NDArray[np.int64], n_steps: int) -> NDArray[np.bool_]:
    """(n, t) array that is True at the steps before each sequence's length.

    Examples
    --------
    >>> real_steps(np.array([1, 2]), 3)
    array([[ True, False, False],
           [ True,  True, False]])
    """
    mask: NDArray[np.bool_] = np.arange(n_steps) < lengths[:, np.newaxis]
    return mask


def _check_inputs(inputs: NDArray[Any]) -> None:
    if inputs.dtype not in (np.float32, np.float64):
        raise ValueError(
            f"`inputs` must be float32 (or float64), got dtype {inputs.dtype}"
            " (SequenceDataset.from_raw converts)"
        )
    if inputs.ndim != 3:
        raise ValueError(f"`inputs` must have shape (n, t, d), got {inputs.shape}")
    wrong = ~np.isfinite(inputs)
    if wrong.any():
        i, step, c = (int(k) for k in np.argwhere(wrong)[0])
        raise ValueError(
            f"`inputs` must be finite, got {inputs[i, step, c]} at [{i}, {step}, {c}]: impute"
            " missing values before"
        )


def _check_scaling(mean: NDArray[np.float64], std: NDArray[np.float64]) -> None:
    if not (np.isfinite(std).all() and (std > 0).all()):
        raise ValueError(f"`std` must be finite and > 0 in every channel, got {std}")
    if not np.isfinite(mean).all():
        raise ValueError(f"`mean` must be finite in every channel, got {mean}")


def _check_bounds(data: SequenceDataset) -> None:
    """Refuse raw values outside their bounds, at steps that are not padding."""
    inputs, mean, std, lower, upper = data.inputs, data.mean, data.std, data.lower, data.upper
    if not (lower <= upper).all():  # also if one of them is NaN
        raise ValueError(f"`lower` must be at most `upper`, got {lower} and {upper}")
    if not inputs.size or ((lower == -np.inf) & (upper == np.inf)).all():
        return
    with np.errstate(over="ignore"):  # a tiny std
        low, high = (lower - mean) / std, (upper - mean) / std
        sizes = sum(np.where(np.isinf(edge), 0, np.abs(edge)) for edge in (lower, upper, mean))
        # The margin is relative to the bounds, because those of currents in ampere may be 1e-12.
        largest = np.maximum(*(np.where(np.isinf(edge), 0, np.abs(edge)) for edge in (low, high)))
        margin = ROUNDING32 * largest + ROUNDING64 * sizes / std
    low, high = low - margin, high + margin
    if (inputs.min(axis=(0, 1)) >= low).all() and (inputs.max(axis=(0, 1)) <= high).all():
        return
    outside = ((inputs < low) | (inputs > high)) & data.mask()[:, :, np.newaxis]
    if outside.any():
        i, step, c = (int(k) for k in np.argwhere(outside)[0])
        raise ValueError(
            "raw values must lie between `lower` and `upper`, from"
            f" {lower[c]:.15g} to {upper[c]:.15g} in channel {c}, got"
            f" {float(inputs[i, step, c]) * std[c] + mean[c]:.15g} at [{i}, {step}, {c}]"
            " (other units, or bounds that do not hold for the data?)"
        )
