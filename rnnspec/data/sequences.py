"""Labelled sequences of one shape: right-padded, standardised, with the way back to raw units."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnspec.data.labels import class_numbers, whole_numbers
from rnnspec.data.validity import check_bounds, check_finite, check_range, check_scaling
from rnnspec.data.values import keep_digits, real_values


@dataclass(frozen=True, eq=False)
class SequenceDataset:
    """Sequences, their classes, and how their values relate to raw units.

    Parameters
    ----------
    inputs : (n, t, d) float32 array
        Standardised values, ``(raw - mean) / std``; 0 at padded steps.  float64 where
        `rnnspec.data.as_dataset` was given such an array.
    lengths : (n,) int64 array
        True lengths, from 1 to t; steps beyond a sequence's length are padding.
    labels : (n,) int64 array
        Classes, from 0 to k - 1.
    class_names : tuple of str
        The k names, all different.
    lower, upper : (d,) float64 array
        Bounds of the raw values; ``-inf`` and ``inf`` where the data has none.
    mean, std : (d,) float64 array
        The standardisation.
    center, spread : (d,) float64 array, optional
        Mean and standard deviation of each channel of `inputs`, the unit of perturbations that
        are given in standard deviations.  Default: 0 and 1, those of standardised values.
        `rnnspec.data.as_dataset` measures them for arrays that reach a network as they are.

    Raises
    ------
    ValueError
        If the shapes do not fit together, a value is not finite, a raw value lies outside its
        bounds, a length or label is out of range or no integer, or two classes have one name.

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

    inputs: NDArray[np.float32]  # shape: (n, t, d)
    lengths: NDArray[np.int64]  # shape: (n,)
    labels: NDArray[np.int64]  # shape: (n,)
    class_names: tuple[str, ...]
    lower: NDArray[np.float64]  # shape: (d,)
    upper: NDArray[np.float64]  # shape: (d,)
    mean: NDArray[np.float64]  # shape: (d,)
    std: NDArray[np.float64]  # shape: (d,)
    center: NDArray[np.float64] = None  # type: ignore[assignment]  # shape: (d,)
    spread: NDArray[np.float64] = None  # type: ignore[assignment]  # shape: (d,)

    def __post_init__(self) -> None:
        for name in ("inputs", "lengths", "labels", "lower", "upper", "mean", "std"):
            if not isinstance(given := getattr(self, name), np.ndarray):
                raise ValueError(
                    f"`{name}` must be a NumPy array, got {type(given).__name__}"
                    " (SequenceDataset.from_raw takes lists and tensors too)"
                )
        if self.inputs.dtype not in (np.float32, np.float64):
            raise ValueError(
                f"`inputs` must be float32 (or float64), got dtype {self.inputs.dtype}"
                " (SequenceDataset.from_raw converts)"
            )
        if self.inputs.ndim != 3:
            raise ValueError(f"`inputs` must have shape (n, t, d), got {self.inputs.shape}")
        n, t, d = self.inputs.shape
        for name, usual in (("center", np.zeros(d)), ("spread", np.ones(d))):
            if getattr(self, name) is None:
                object.__setattr__(self, name, usual)
        for name in ("lengths", "labels"):
            if (shape := getattr(self, name).shape) != (n,):
                raise ValueError(f"`{name}` must have shape ({n},) as `inputs` has, got {shape}")
        for name in ("lower", "upper", "mean", "std", "center", "spread"):
            if (shape := getattr(self, name).shape) != (d,):
                raise ValueError(f"`{name}` must have shape ({d},) as `inputs` has, got {shape}")
        for name, times in Counter(self.class_names).most_common(1):
            if times > 1:
                raise ValueError(f"`class_names` must differ, got {name!r} twice")
        check_range(self.lengths, "lengths", 1, t)
        check_range(self.labels, "labels", 0, len(self.class_names) - 1)
        check_finite(self.inputs)
        check_scaling(self.mean, self.std)
        check_bounds(self.inputs, self.mask(), self.mean, self.std, (self.lower, self.upper))

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def n_features(self) -> int:
        """Channels d."""
        return int(self.inputs.shape[2])

    @property
    def n_steps(self) -> int:
        """Padded length t."""
        return int(self.inputs.shape[1])

    @property
    def n_classes(self) -> int:
        """Classes k."""
        return len(self.class_names)

    def mask(self) -> NDArray[np.bool_]:
        """(n, t) array, True at real steps and False at padded ones."""
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
        """Sequences `indices` (integers or a boolean mask), in that order."""
        i = np.asarray(indices)
        # An empty list is an array of floats, which cannot index.
        i = i if i.dtype == bool else i.astype(np.int64)
        return replace(self, inputs=self.inputs[i], lengths=self.lengths[i], labels=self.labels[i])

    @classmethod
    def from_raw(
        cls,
        values: ArrayLike,  # shape: (n, t, d)
        lengths: ArrayLike,  # shape: (n,)
        labels: ArrayLike,  # shape: (n,)
        class_names: Sequence[str],
        *,
        mean: ArrayLike = 0.0,
        std: ArrayLike = 1.0,
        lower: ArrayLike = -np.inf,
        upper: ArrayLike = np.inf,
    ) -> SequenceDataset:
        """Standardise raw values in float64, and put 0 at padded steps whatever stood there.

        `mean`, `std`, `lower` and `upper` are scalars or one value per channel.  `labels` are
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
        low, high, center, scale = (
            _per_channel(value, name, d)
            for value, name in ((lower, "lower"), (upper, "upper"), (mean, "mean"), (std, "std"))
        )
        check_scaling(center, scale)
        names = _names(class_names)
        steps = whole_numbers(lengths, "lengths")
        real = real_steps(steps, t) if steps.shape == (n,) else np.ones((n, t), dtype=bool)
        with np.errstate(over="ignore"):  # what is not finite is refused below
            scaled = raw - center
            scaled /= scale
            scaled[~real] = 0
            inputs = scaled.astype(np.float32)
        if raw.dtype != np.float32:  # there are digits to lose
            keep_digits(scaled, inputs, real, "values", "standardise them by `mean` and `std`")
        return cls(
            inputs,
            steps,
            class_numbers(labels, names),
            names,
            low,
            high,
            center,
            scale,
        )


@dataclass(frozen=True, eq=False)
class DataSplits:
    """A data set as it is trained on: three disjoint parts and where they came from.

    Attributes
    ----------
    name, view, seed
        What `load_dataset` was asked for; the three reproduce the parts.
    train, validation, test : SequenceDataset
        All padded to one length and standardised by the training part.
        `validation` is empty where a class has fewer than five training series.
    permutation : (t,) int64 array or None
        The order in which a permuted view reads the pixels.  A trained network
        is meaningful only with the permutation that it saw: store it.
    sources : mapping of str to str
        SHA-256 of each file that was read (of the array, for bundled data).
    """

    name: str
    view: str
    seed: int
    train: SequenceDataset
    validation: SequenceDataset
    test: SequenceDataset
    permutation: NDArray[np.int64] | None
    sources: Mapping[str, str]

    @classmethod
    def from_arrays(cls, train: Any, validation: Any = None, test: Any = None) -> DataSplits:
        """Parts from arrays, each in a form that `rnnspec.data.as_dataset` takes.

        Without `validation` and `test`, both are cut from `train`: 70 / 10 / 20, each class in
        proportion, always the same way.  With `test` alone, validation is a fifth of `train`
        (empty if a class has fewer than five); with `validation` alone, the test part is empty.
        Values are taken as they are, and standard deviations are those of the training part.

        Raises
        ------
        ValueError
            As `rnnspec.data.as_dataset` does; if the parts differ in their channels; or if a
            class has fewer than ten sequences to be cut three ways.

        Examples
        --------
        >>> X, y = np.random.default_rng(7).normal(size=(50, 6, 2)), np.arange(50) % 2
        >>> data = DataSplits.from_arrays((X, y))
        >>> len(data.train), len(data.validation), len(data.test)
        (35, 5, 10)
        """
        from rnnspec.data.parts import as_splits

        return as_splits(train, validation, test)

    @property
    def n_features(self) -> int:
        """Channels d."""
        return self.train.n_features

    @property
    def n_classes(self) -> int:
        """Classes k."""
        return self.train.n_classes


def _per_channel(value: Any, name: str, d: int) -> NDArray[np.float64]:
    """(d,) array of a scalar or of one value per channel."""
    given = real_values(value, name).astype(np.float64)
    if given.shape not in ((), (1,), (d,)):
        raise ValueError(
            f"`{name}` must be a number, or one for each of the {d} channels, got shape"
            f" {given.shape}"
        )
    return np.broadcast_to(given, (d,)).copy()


def _names(given: Sequence[Any]) -> tuple[str, ...]:
    """Class names; of numbers only those that say their own places, as range(10) does."""
    if isinstance(given, str | bytes):
        raise ValueError(f"`class_names` must be a tuple of names, got {given!r}")
    names = [name.decode() if isinstance(name, bytes) else name for name in given]
    for k, name in enumerate(names):
        if not isinstance(name, str) and (isinstance(name, bool) or name != k):
            raise ValueError(
                f"`class_names` must be texts, got {name!r} at [{k}]: give tuple(map(str, names)),"
                " and labels as texts too, or as places in it"
            )
    return tuple(map(str, names))


def real_steps(lengths: NDArray[np.int64], n_steps: int) -> NDArray[np.bool_]:
    """(n, t) array, True at steps before each sequence's length.

    Examples
    --------
    >>> real_steps(np.array([1, 2]), 3)
    array([[ True, False, False],
           [ True,  True, False]])
    """
    mask: NDArray[np.bool_] = np.arange(n_steps) < lengths[:, np.newaxis]
    return mask
