"""The flip-flop task: remember the last pulse of each of several bits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rnnspec._checks import count, positive, seed_number


def flip_flop(
    n: int, t: int, bits: int = 3, rate: float = 0.2, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    r"""Inputs of rare pulses and, as targets, the last pulse of each bit.

    .. math:: x_{tj} \in \{-1, 0, 1\},\qquad y_{tj} = x_{\tau j},\quad
              \tau = \max\{\sigma \le t : x_{\sigma j} \ne 0\}

    At the first step every bit has a pulse, so that there is always a last one.  A network that
    solves the task holds each of the 2^bits memories in an attractor; without input, each of them
    is a stable fixed point.

    Parameters
    ----------
    n, t : int
        Number of sequences, and of steps of each.
    bits : int
        Number of bits.
    rate : float
        Probability of a pulse of a bit at a step after the first, at most 1; either sign is
        equally likely.
    seed : int
        Seed of the pulses.

    Returns
    -------
    inputs, targets : ndarray, shape (n, t, bits), float32

    Raises
    ------
    ValueError
        If a count is below 1, `rate` is not in (0, 1], or `seed` is no seed.

    References
    ----------
    .. [1] D. Sussillo and O. Barak, Neural Comput. 25 (2013), 626-649, section 3.2.

    Examples
    --------
    >>> inputs, targets = flip_flop(1, 6, bits=1, rate=0.3, seed=3)
    >>> inputs[0, :, 0].tolist()
    [1.0, 0.0, -1.0, 0.0, 0.0, 1.0]
    >>> targets[0, :, 0].tolist()
    [1.0, 1.0, -1.0, -1.0, -1.0, 1.0]
    """
    for name, value in {"n": n, "t": t, "bits": bits}.items():
        count(value, name)
    if positive(rate, "rate") > 1:
        raise ValueError(f"`rate` must be a probability, at most 1, got {rate}")
    rng = np.random.default_rng(seed_number(seed))
    inputs = rng.choice([-1, 1], (n, t, bits)).astype(np.float32)
    inputs[:, 1:][rng.random((n, t - 1, bits)) >= rate] = 0
    step = np.arange(t)[:, np.newaxis]
    last = np.maximum.accumulate(np.where(inputs != 0, step, 0), axis=1)
    return inputs, np.take_along_axis(inputs, last, axis=1)
