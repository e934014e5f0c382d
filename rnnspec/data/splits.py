"""Cutting labelled sequences into training, validation and test parts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rnnspec.data.moments import moments
from rnnspec.data.sequences import SequenceDataset, real_steps

Indices = NDArray[np.int64]

# Means and deviations of series that were z-scored one by one: the deviation
# is off by (n - 1) / n where the other estimator was used.
ZSCORED_MEAN, ZSCORED_STD = 1e-2, 3e-2


def hold_out(labels: NDArray[np.int64], size: float, seed: int) -> tuple[Indices, Indices]:
    """Hold out some of the indices, each class in proportion; returns (stay, held).

    Parameters
    ----------
    labels : (n,) int array
        Classes.
    size : float or int
        Share (float) or number (int) to hold out.
    seed : int
        Chooses which.

    Examples
    --------
    >>> stay, held = hold_out(np.array([0] * 10 + [1] * 20), 0.2, seed=0)
    >>> len(stay), np.bincount(np.array([0] * 10 + [1] * 20)[held]).tolist()
    (24, [2, 4])
    """
    from sklearn.model_selection import train_test_split

    stay, held = train_test_split(
        np.arange(len(labels)), test_size=size, stratify=labels, random_state=seed
    )
    return np.sort(stay), np.sort(held)


def three_ways(labels: NDArray[np.int64], seed: int) -> tuple[Indices, Indices, Indices]:
    """Split 70 / 10 / 20, for data that comes in one piece."""
    rest, test = hold_out(labels, 0.2, seed)
    train, validation = hold_out(labels[rest], 0.125, seed)
    return rest[train], rest[validation], test


def validation_split(labels: NDArray[np.int64], seed: int) -> tuple[Indices, Indices]:
    """Split 80 / 20 of a training half; nothing is held out if a class has fewer than five."""
    if np.unique(labels, return_counts=True)[1].min() < 5:
        return np.arange(len(labels)), np.array([], dtype=np.int64)
    return hold_out(labels, 0.2, seed)


def channel_statistics(
    values: NDArray[np.floating],  # shape: (n, t, d)
    lengths: NDArray[np.int64],  # shape: (n,)
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and deviation of each channel over real steps, to standardise by.

    A channel that never changes, in relation to its values, gets deviation 1.  Univariate
    series that are z-scored one by one already (most of the UCR archive) get 0 and 1.

    Examples
    --------
    >>> channel_statistics(np.array([[[1.0], [3.0], [99.0]]], np.float32), np.array([2]))
    (array([2.]), array([1.]))
    """
    d = values.shape[2]
    if d == 1 and _zscored(values, lengths):
        return np.zeros(d), np.ones(d)
    mean, std = moments(values[real_steps(lengths, values.shape[1])])
    return mean, np.where(std > 0, std, 1.0)


def parts_of(
    data: SequenceDataset, indices: tuple[Indices, Indices, Indices]
) -> tuple[SequenceDataset, SequenceDataset, SequenceDataset]:
    """Training, validation and test part of one data set."""
    train, validation, test = indices
    return data.subset(train), data.subset(validation), data.subset(test)


def _zscored(values: NDArray[np.floating], lengths: NDArray[np.int64]) -> bool:
    for row, length in zip(values[:, :, 0].astype(np.float64), lengths, strict=True):
        real = row[:length]
        if not np.abs(real).max() <= np.sqrt(length) * (1 + ZSCORED_STD) + ZSCORED_MEAN:
            return False  # a value that no z-scored series of this length has
        if abs(real.mean()) > ZSCORED_MEAN or abs(real.std() - 1) > ZSCORED_STD:
            return False
    return True
