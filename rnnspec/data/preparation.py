"""What is decided before training: which sequences are in which part, and the scale of channels."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from rnnspec.data.sequences import real_steps

Indices = NDArray[np.int64]

# How far mean and deviation of a series may be from 0 and 1 if the series was z-scored by itself.
# With the other estimator of the deviation it is off by sqrt(1 - 1/n), 3 % at 17 steps.
ZSCORED_MEAN, ZSCORED_STD = 1e-2, 3e-2
# A standard deviation in roundings of the largest value: below the first a channel counts as
# constant; below the second it has lost so many digits that the user is warned.
CONSTANT, COARSE = 1, 100


def hold_out(labels: NDArray[np.int64], size: float, seed: int) -> tuple[Indices, Indices]:
    """Hold out some of the indices, each class in proportion; return (stay, held).

    Parameters
    ----------
    labels : ndarray, shape (n,)
        Classes.
    size : float or int
        The share (float) or the number (int) to hold out.
    seed : int
        Chooses which ones.

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
    """Indices of the three parts, 70 / 10 / 20, for data that comes in one piece."""
    rest, test = hold_out(labels, 0.2, seed)
    train, validation = hold_out(labels[rest], 0.125, seed)
    return rest[train], rest[validation], test


def validation_split(labels: NDArray[np.int64], seed: int) -> tuple[Indices, Indices]:
    """Indices of a training half, 80 / 20; nothing is held out if a class has fewer than five."""
    if np.unique(labels, return_counts=True)[1].min() < 5:
        return np.arange(len(labels)), np.array([], dtype=np.int64)
    return hold_out(labels, 0.2, seed)


def channel_statistics(
    values: NDArray[np.floating],  # shape: (n, t, d)
    lengths: NDArray[np.int64],  # shape: (n,)
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and deviation by which each channel is standardised, over the steps before `lengths`.

    A channel that never changes, in relation to its values, gets deviation 1.  Series of one
    channel that were z-scored one by one (as most of the UCR archive) get 0 and 1.

    Examples
    --------
    >>> channel_statistics(np.array([[[1.0], [3.0], [99.0]]], np.float32), np.array([2]))
    (array([2.]), array([1.]))
    """
    d = values.shape[2]
    if d == 1 and _is_zscored(values, lengths):
        return np.zeros(d), np.ones(d)
    mean, std = moments(values[real_steps(lengths, values.shape[1])])
    return mean, np.where(std > 0, std, 1.0)


def moments(steps: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Mean and standard deviation of the columns of `steps`; 0 for one that is constant.

    .. math:: \mu = m + \overline{x - m}, \qquad \sigma^2 = \overline{(x - \mu)^2}

    Here m is a first estimate of the mean, so that an offset costs no digits.  Everything is
    computed in units of a power of 2 near the largest value, so that no square overflows or
    vanishes.  A column whose deviation is below the rounding of its largest value is constant.

    Parameters
    ----------
    steps : ndarray, shape (m, d)
        At least one row.

    Warns
    -----
    UserWarning
        If the deviation of a column is below 100 roundings of its values: its digits are gone.

    Examples
    --------
    >>> mean, std = moments(1.7e9 + np.array([[-1e-3, 5.0], [1e-3, 5.0]]))
    >>> round(float(std[0]), 5), float(mean[1]), float(std[1])
    (0.001, 1700000005.0, 0.0)
    """
    largest = np.abs(steps).max(axis=0)
    _, exponent = np.frexp(largest.astype(np.float64))
    x = np.ldexp(steps.astype(np.float64), -exponent)
    near = x.mean(axis=0)
    x -= near
    rest = x.mean(axis=0)
    x -= rest
    mean = np.ldexp(near + rest, exponent)
    std = np.ldexp(np.sqrt(np.square(x).mean(axis=0)), exponent)
    same = (steps == steps[0]).all(axis=0)
    mean[same], std[same] = steps[0, same], 0
    # The distance between neighbouring numbers of the type that the values have.
    rounding = np.spacing(largest).astype(np.float64)
    coarse = ~same & (std < COARSE * rounding)
    if coarse.any():
        c = int(np.argmax(coarse))
        constant = ", and counts as constant" if std[c] < CONSTANT * rounding[c] else ""
        warnings.warn(
            f"channel {c} has values near {largest[c]:.6g}, which {steps.dtype} tells apart in"
            f" steps of {rounding[c]:.2g}, and a standard deviation of {std[c]:.2g}: its digits are"
            f" lost{constant} (subtract the offset before the values are stored)",
            UserWarning,
            stacklevel=2,
        )
    std[std < CONSTANT * rounding] = 0
    return mean, std


def _is_zscored(values: NDArray[np.floating], lengths: NDArray[np.int64]) -> bool:
    for row, length in zip(values[:, :, 0].astype(np.float64), lengths, strict=True):
        real = row[:length]
        if not np.abs(real).max() <= np.sqrt(length) * (1 + ZSCORED_STD) + ZSCORED_MEAN:
            return False  # no z-scored series of this length has such a value
        if abs(real.mean()) > ZSCORED_MEAN or abs(real.std() - 1) > ZSCORED_STD:
            return False
    return True
