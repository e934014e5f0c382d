"""Corruptions of the sensor: channels that die, drift, burst or count in coarse steps.

Each function takes a data set, a severity from 1 to 5 and a generator, and gives new
standardised values (n, t, d) and the unchanged lengths (n,).  One unit is a standard
deviation of the channel over the training data.  The random numbers drawn do not depend
on the severity.
"""

from __future__ import annotations

import numpy as np

from rnnspec.data.sequences import SequenceDataset
from rnnspec.robustness.time_corruptions import Corrupted

# The strengths of all corruptions are ours.  Measured on digits, with an LSTM of 16 units that is
# right on 0.70 of the clean sequences: severity 1 leaves 0.57 to 0.70 of them right, severity 5
# leaves 0.26 to 0.62.
DEAD = (0.1, 0.2, 0.3, 0.45, 0.6)  # probability of a channel
DRIFT = (0.25, 0.5, 1.0, 1.5, 2.0)  # standard deviations at the last step
BURST = (0.5, 1.0, 1.5, 2.0, 3.0)  # standard deviations
BURST_LENGTH = 0.2  # share of the length
BITS = (5, 4, 3, 2, 1)
SPAN = 4.0  # standard deviations to either side that a converter without raw bounds covers


def channel_dropout(data: SequenceDataset, severity: int, rng: np.random.Generator) -> Corrupted:
    """Each channel of each sequence is lost with probability 10, 20, 30, 45, 60 %.

    A lost channel shows its mean over the training data, as an imputed one does.  A sequence
    may lose all of them.
    """
    alive = rng.random((len(data), 1, data.n_features)) >= DEAD[severity - 1]
    return np.where(alive, data.inputs.astype(np.float64), data.center), data.lengths


def drift(data: SequenceDataset, severity: int, rng: np.random.Generator) -> Corrupted:
    """A baseline that leaves 0 at the first step and grows in proportion to time.

    At the last step it is normally distributed, independently in each channel, with a
    standard deviation of 0.25, 0.5, 1, 1.5, 2 units.
    """
    at_the_end = rng.standard_normal((len(data), 1, data.n_features))
    last = np.maximum(data.lengths - 1, 1)[:, np.newaxis, np.newaxis]
    time = np.arange(data.n_steps)[:, np.newaxis] / last
    return data.inputs + DRIFT[severity - 1] * time * at_the_end * data.spread, data.lengths


def burst(data: SequenceDataset, severity: int, rng: np.random.Generator) -> Corrupted:
    """White noise of 0.5, 1, 1.5, 2, 3 units over a fifth of the steps, in one piece.

    The piece lies at a random place, has at least one step, and strikes all channels.
    """
    noise = rng.standard_normal((len(data), data.n_steps, data.n_features))
    width = np.ceil(BURST_LENGTH * data.lengths).astype(np.int64)
    start = np.floor(rng.random(len(data)) * (data.lengths - width + 1)).astype(np.int64)
    since = np.arange(data.n_steps) - start[:, np.newaxis]
    struck = (since >= 0) & (since < width[:, np.newaxis])
    added = BURST[severity - 1] * noise * struck[:, :, np.newaxis] * data.spread
    return data.inputs + added, data.lengths


def quantisation(data: SequenceDataset, severity: int, rng: np.random.Generator) -> Corrupted:  # noqa: ARG001 all corruptions are called alike
    """A converter of 5, 4, 3, 2, 1 bits: values are rounded to the nearest of 2^bits levels.

    The levels divide the range between the raw bounds evenly.  In a channel without bounds they
    divide four standard deviations to either side of the mean, and values beyond saturate.

    Examples
    --------
    >>> data = SequenceDataset.from_raw(
    ...     [[[0.2], [0.9]]], [2], [0], ("a",), mean=0.5, std=0.25, lower=0, upper=1
    ... )
    >>> quantisation(data, 5, np.random.default_rng(0))[0].ravel().tolist()
    [-2.0, 2.0]
    """
    low, high = ((edge - data.mean) / data.std for edge in (data.lower, data.upper))
    bounded = np.isfinite(low) & np.isfinite(high)
    low = np.where(bounded, low, data.center - SPAN * data.spread)
    high = np.where(bounded, high, data.center + SPAN * data.spread)
    step = (high - low) / (2.0 ** BITS[severity - 1] - 1)
    level = np.rint((np.clip(data.inputs, low, high) - low) / step)
    return low + level * step, data.lengths
