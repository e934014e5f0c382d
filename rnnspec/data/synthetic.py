"""Generated tasks: temporal order, adding and sine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SIZE = 2000
PERIODS = (20, 14, 10, 7)


@dataclass(frozen=True)
class Generated:
    """Raw sequences as a generator returns them."""

    values: NDArray[np.float32]  # shape: (n, t, d)
    lengths: NDArray[np.int64]  # shape: (n,)
    labels: NDArray[np.int64]  # shape: (n,)
    class_names: tuple[str, ...]
    lower: float
    upper: float


def temporal_order(seed: int) -> Generated:
    """Two marks, each X or Y, among four distractors; the class is the order of the marks.

    The six channels are one-hot (X, Y, then the distractors), and there are 24 to 32 steps.  One
    mark is in the first third and one in the last, so that the first must be remembered.

    References
    ----------
    .. [1] S. Hochreiter and J. Schmidhuber, Neural Comput. 9 (1997), task 6a.

    Examples
    --------
    >>> task = temporal_order(0)
    >>> task.values.shape, task.class_names
    ((2000, 32, 6), ('XX', 'XY', 'YX', 'YY'))
    """
    rng = np.random.default_rng(seed)
    lengths = rng.integers(24, 33, SIZE)
    symbols = rng.integers(2, 6, (SIZE, 32))
    marks = rng.integers(0, 2, (SIZE, 2))
    n = np.arange(SIZE)
    symbols[n, rng.integers(1, lengths // 3)] = marks[:, 0]
    symbols[n, rng.integers(2 * lengths // 3, lengths)] = marks[:, 1]
    values = np.eye(6, dtype=np.float32)[symbols]
    return Generated(values, lengths, 2 * marks[:, 0] + marks[:, 1], ("XX", "XY", "YX", "YY"), 0, 1)


def adding_problem(seed: int) -> Generated:
    """Numbers in [0, 1], two of them marked; the class says whether these two sum to less than 1.

    There are two channels (number and mark) and 30 steps, with one mark in each half.

    Examples
    --------
    >>> task = adding_problem(0)
    >>> sums = (task.values[..., 0] * task.values[..., 1]).sum(axis=1)
    >>> bool(np.all((sums < 1) == (task.labels == 0)))
    True
    """
    rng = np.random.default_rng(seed)
    values = np.zeros((SIZE, 30, 2), dtype=np.float32)
    values[:, :, 0] = rng.random((SIZE, 30))
    n = np.arange(SIZE)
    values[n, rng.integers(0, 15, SIZE), 1] = 1
    values[n, rng.integers(15, 30, SIZE), 1] = 1
    sums = (values[:, :, 0] * values[:, :, 1]).sum(axis=1)
    labels = (sums >= 1).astype(np.int64)
    return Generated(values, np.full(SIZE, 30), labels, ("below 1", "1 or more"), 0, 1)


def sine(seed: int) -> Generated:
    """Sines of amplitude 1 and random phase in noise of deviation 0.3; the class is the period.

    There are one channel, 40 steps, and periods of 20, 14, 10 and 7 steps.

    Examples
    --------
    >>> sine(0).class_names
    ('period 20', 'period 14', 'period 10', 'period 7')
    """
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, len(PERIODS), SIZE)
    phase = rng.uniform(0, 2 * np.pi, (SIZE, 1))
    angle = 2 * np.pi * np.arange(40) / np.array(PERIODS)[labels, np.newaxis] + phase
    values = (np.sin(angle) + 0.3 * rng.standard_normal(angle.shape)).astype(np.float32)
    names = tuple(f"period {period}" for period in PERIODS)
    return Generated(values[:, :, np.newaxis], np.full(SIZE, 40), labels, names, -np.inf, np.inf)


TASKS = {"temporal-order": temporal_order, "adding": adding_problem, "sine": sine}
