"""What bad clocks and sensors do to sequences, by name and severity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from rnnspec._checks import one_of, seed_number
from rnnspec.data.arrays import Labelled, as_dataset
from rnnspec.data.sequences import SequenceDataset, real_steps
from rnnspec.robustness import sensor_corruptions, time_corruptions
from rnnspec.robustness.time_corruptions import Corrupted

SEVERITIES = (1, 2, 3, 4, 5)

CORRUPTIONS: dict[str, Callable[[SequenceDataset, int, np.random.Generator], Corrupted]] = {
    "dropped_steps": time_corruptions.dropped_steps,
    "held_steps": time_corruptions.held_steps,
    "jitter": time_corruptions.jitter,
    "warp": time_corruptions.warp,
    "shift": time_corruptions.shift,
    "channel_dropout": sensor_corruptions.channel_dropout,
    "drift": sensor_corruptions.drift,
    "burst": sensor_corruptions.burst,
    "quantisation": sensor_corruptions.quantisation,
}


def corrupt(data: Labelled, name: str, severity: int, seed: int = 0) -> SequenceDataset:
    """The sequences of `data` as a bad clock or sensor would have delivered them.

    This is no attack: nothing is chosen to fool a network.  Labels and standardisation stay,
    raw values stay inside the raw bounds, padded steps stay 0, and lengths change only
    where steps are lost.  Strengths are standard deviations or shares of the length, so that
    severities can be compared between data sets.

    Parameters
    ----------
    data : SequenceDataset, or pair (X, y)
        Arrays, tensors or a list of sequences, as `rnnspec.data.as_dataset` takes them.
    name : str
        ``dropped_steps``, ``held_steps``, ``jitter``, ``warp``, ``shift`` (time; see
        `rnnspec.robustness.time_corruptions`), ``channel_dropout``, ``drift``, ``burst`` or
        ``quantisation`` (see `rnnspec.robustness.sensor_corruptions`).
    severity : int
        From 1 (mild) to 5.
    seed : int, default 0
        With the same seed, a higher severity is a stronger form of the same corruption.

    Returns
    -------
    SequenceDataset
        It has the same number of sequences.

    Raises
    ------
    ValueError
        If the name or the severity is unknown.

    Notes
    -----
    Cost: O(n t d) for n sequences of t steps and d channels.

    Examples
    --------
    >>> data = SequenceDataset.from_raw(np.ones((1, 100, 1)), [100], [0], ("a",))
    >>> corrupt(data, "dropped_steps", severity=5).lengths
    array([56])
    """
    data = as_dataset(data)
    one_of(name, "name", CORRUPTIONS)
    if severity not in SEVERITIES:
        raise ValueError(f"`severity` must be an integer from 1 to 5, got {severity!r}")
    rng = np.random.default_rng(seed_number(seed))
    values, lengths = CORRUPTIONS[name](data, int(severity), rng)
    low, high = ((edge - data.mean) / data.std for edge in (data.lower, data.upper))
    inputs = np.clip(values, low, high).astype(data.inputs.dtype)
    inputs[~real_steps(lengths, data.n_steps)] = 0
    return replace(data, inputs=inputs, lengths=lengths)
