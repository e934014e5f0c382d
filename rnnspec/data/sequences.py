"""Labelled sequences of one shape: right-padded, standardised, with the way back to raw units."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, eq=False)
class SequenceDataset:
    """Sequences, their classes, and how their values relate to raw units.

    Parameters
    ----------
    inputs : (n, t, d) float32 array
        Standardised values, ``(raw - mean) / std``; 0 at padded steps.
    lengths : (n,) int64 array
        True lengths, from 1 to t; steps beyond a sequence's length are padding.
    labels : (n,) int64 array
        Classes, from 0 to k - 1.
    class_names : tuple of str
        The k names.
    lower, upper : (d,) float64 array
        Bounds of the raw values; ``-inf`` and ``inf`` where the data has none.
    mean, std : (d,) float64 array
        The standardisation.

    Raises
    ------
    ValueError
        If the shapes do not fit together, a value is not finite, or a length
        or label is out of range.

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

    def __post_init__(self) -> None:
        if self.inputs.ndim != 3:
            raise ValueError(f"`inputs` must have shape (n, t, d), got {self.inputs.shape}")
        n, t, d = self.inputs.shape
        for name in ("lengths", "labels"):
            if (shape := getattr(self, name).shape) != (n,):
                raise ValueError(f"`{name}` must have shape ({n},) as `inputs` has, got {shape}")
        for name in ("lower", "upper", "mean", "std"):
            if (shape := getattr(self, name).shape) != (d,):
                raise ValueError(f"`{name}` must have shape ({d},) as `inputs` has, got {shape}")
        _in_range(self.lengths, "lengths", 1, t)
        _in_range(self.labels, "labels", 0, len(self.class_names) - 1)
        if not np.isfinite(self.inputs).all():
            raise ValueError("`inputs` must be finite: impute missing values before")

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

    def raw(self) -> NDArray[np.float32]:
        """(n, t, d) values in raw units, inside the bounds; 0 at padded steps."""
        values = self.inputs * self.std.astype(np.float32) + self.mean.astype(np.float32)
        # Rounding must not carry a value out of the range that it came from.
        np.clip(values, self.lower, self.upper, out=values, casting="same_kind")
        values[~self.mask()] = 0
        return values

    def subset(self, indices: ArrayLike) -> "SequenceDataset":
        """Sequences `indices` (integers or a boolean mask), in that order."""
        i = np.asarray(indices)
        # An empty list is an array of floats, which cannot index.
        i = i if i.dtype == bool else i.astype(np.int64)
        return SequenceDataset(
            self.inputs[i],
            self.lengths[i],
            self.labels[i],
            self.class_names,
            self.lower,
            self.upper,
            self.mean,
            self.std,
        )

    @classmethod
    def from_raw(
        cls,
        values: ArrayLike,  # shape: (n, t, d)
        lengths: ArrayLike,  # shape: (n,)
        labels: ArrayLike,  # shape: (n,)
        class_names: tuple[str, ...],
        *,
        mean: ArrayLike = 0.0,
        std: ArrayLike = 1.0,
        lower: ArrayLike = -np.inf,
        upper: ArrayLike = np.inf,
    ) -> "SequenceDataset":
        """Standardise raw values, and put 0 at padded steps whatever stood there.

        `mean`, `std`, `lower` and `upper` are scalars or one value per channel.
        """
        raw = np.asarray(values, dtype=np.float32)
        if raw.ndim != 3:
            raise ValueError(f"`values` must have shape (n, t, d), got {raw.shape}")
        n, t, d = raw.shape
        low, high, center, scale = (
            np.broadcast_to(np.asarray(value, dtype=np.float64), (d,)).copy()
            for value in (lower, upper, mean, std)
        )
        if not (np.isfinite(scale).all() and (scale > 0).all()):
            raise ValueError(f"`std` must be finite and > 0 in every channel, got {scale}")
        steps = np.asarray(lengths, dtype=np.int64)
        inputs: NDArray[np.float32] = raw - center.astype(np.float32)
        inputs /= scale.astype(np.float32)
        if steps.shape == (n,):
            inputs[~real_steps(steps, t)] = 0
        return cls(
            inputs,
            steps,
            np.asarray(labels, dtype=np.int64),
            tuple(class_names),
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

    @property
    def n_features(self) -> int:
        """Channels d."""
        return self.train.n_features

    @property
    def n_classes(self) -> int:
        """Classes k."""
        return self.train.n_classes


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


def _in_range(values: NDArray[np.int64], name: str, low: int, high: int) -> None:
    wrong = (values < low) | (values > high)
    if wrong.any():
        i = int(np.argmax(wrong))
        raise ValueError(f"`{name}` must be from {low} to {high}, got {values[i]} at [{i}]")
