"""Corruptions of the clock: steps that are lost, late, early, stretched or moved.

Each function takes a data set, a severity from 1 to 5 and a generator, and gives new
standardised values (n, t, d) and lengths (n,).  The random numbers drawn do not depend on the
severity: with one seed, the worse corruption is the milder one carried further.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rnnspec.data.sequences import SequenceDataset

Array = NDArray[np.float64]
Corrupted = tuple[Array, NDArray[np.int64]]

# See the note on strengths in `sensor_corruptions`.
LOST = (0.05, 0.1, 0.2, 0.35, 0.5)  # share of the steps
JITTER = (0.1, 0.2, 0.4, 0.7, 1.0)  # steps
WARP = (0.1, 0.25, 0.45, 0.7, 0.9)  # of the clock's rate; below 1, time never runs back
SHIFT = (0.05, 0.1, 0.15, 0.2, 0.3)  # share of the length
WAVES = 3  # terms of the sum: enough for a clock that is fast and slow in turn


def dropped_steps(data: SequenceDataset, severity: int, rng: np.random.Generator) -> Corrupted:
    """Each step is lost with probability 5, 10, 20, 35, 50 %, and the others follow each other.

    The sequences become shorter; at least one step of each is left.

    Examples
    --------
    >>> data = SequenceDataset.from_raw(np.ones((1, 100, 1)), [100], [0], ("a",))
    >>> dropped_steps(data, 5, np.random.default_rng(0))[1]
    array([56])
    """
    draws = rng.random((len(data), data.n_steps))
    draws[~data.mask()] = -1
    last_to_go = draws == draws.max(axis=1, keepdims=True)
    kept = (draws >= LOST[severity - 1]) | last_to_go
    order = np.argsort(~kept, axis=1, kind="stable")  # the kept steps first, in their order
    values = np.take_along_axis(data.inputs, order[:, :, np.newaxis], axis=1)
    return values.astype(np.float64), kept.sum(axis=1)


def held_steps(data: SequenceDataset, severity: int, rng: np.random.Generator) -> Corrupted:
    """Each step after the first shows the value before it again, with the same probabilities.

    Examples
    --------
    >>> data = SequenceDataset.from_raw(np.arange(6.0).reshape(1, 6, 1), [6], [0], ("a",))
    >>> held_steps(data, 5, np.random.default_rng(0))[0].ravel().tolist()
    [0.0, 0.0, 0.0, 0.0, 4.0, 5.0]
    """
    fresh = rng.random((len(data), data.n_steps)) >= LOST[severity - 1]
    source = np.maximum.accumulate(np.where(fresh, np.arange(data.n_steps), 0), axis=1)
    values = np.take_along_axis(data.inputs, source[:, :, np.newaxis], axis=1)
    return values.astype(np.float64), data.lengths


def jitter(data: SequenceDataset, severity: int, rng: np.random.Generator) -> Corrupted:
    """Each step is read up to 0.1, 0.2, 0.4, 0.7, 1 steps too early or too late (uniform).

    Between two steps the values are interpolated linearly.
    """
    late = rng.uniform(-1, 1, (len(data), data.n_steps))
    return read_at(data, np.arange(data.n_steps) + JITTER[severity - 1] * late), data.lengths


def warp(data: SequenceDataset, severity: int, rng: np.random.Generator) -> Corrupted:
    r"""A clock that runs smoothly too fast and too slow, by up to 10, 25, 45, 70, 90 %.

    With s in [0, 1] from the first to the last step, step s is read at

    .. math:: s + a \sum_{k=1}^{3} c_k \frac{\sin \pi k s}{\pi k},\qquad \sum |c_k| = 1,

    with a the share above.  The rate of this clock is at least 1 - a > 0: both ends stay, and no
    step overtakes another.
    """
    weights = rng.standard_normal((len(data), WAVES, 1))
    weights /= np.abs(weights).sum(axis=1, keepdims=True)
    last = np.maximum(data.lengths - 1, 1)[:, np.newaxis]
    s = np.arange(data.n_steps) / last
    waves = np.pi * np.arange(1, WAVES + 1)[:, np.newaxis]
    lead = (weights * np.sin(waves * s[:, np.newaxis]) / waves).sum(axis=1)
    return read_at(data, (s + WARP[severity - 1] * lead) * last), data.lengths


def shift(data: SequenceDataset, severity: int, rng: np.random.Generator) -> Corrupted:
    """Each sequence comes early or late, at random, by 5, 10, 15, 20, 30 % of its length.

    The shift is rounded up to whole steps.  The first or last value fills the gap, and the values
    that leave at the other end are lost.
    """
    sign = 2 * rng.integers(0, 2, len(data)) - 1
    by = sign * np.ceil(SHIFT[severity - 1] * data.lengths)
    return read_at(data, np.arange(data.n_steps) + by[:, np.newaxis]), data.lengths


def read_at(data: SequenceDataset, times: Array) -> Array:
    """(n, t, d) values at `times` (n, t), linear between steps, constant beyond both ends.

    Examples
    --------
    >>> data = SequenceDataset.from_raw([[[0.0], [2.0], [9.0]]], [2], [0], ("a",))
    >>> read_at(data, np.array([[-1.0, 0.25, 5.0]])).ravel().tolist()
    [0.0, 0.5, 2.0]
    """
    times = np.clip(times, 0, data.lengths[:, np.newaxis] - 1)
    before = times.astype(np.int64)
    after = np.minimum(before + 1, data.lengths[:, np.newaxis] - 1)
    a, b = (np.take_along_axis(data.inputs, i[:, :, np.newaxis], axis=1) for i in (before, after))
    # Written so that a whole time gives its step's value exactly.
    values: Array = a + (times - before)[:, :, np.newaxis] * (b.astype(np.float64) - a)
    return values
