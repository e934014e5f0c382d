"""A module runs again, in another order of sequences, and with other states of its part."""

from __future__ import annotations

import torch
from torch import Tensor

from rnnspec.models.recording import Call
from rnnspec.models.running import Trial, record

# By this much states are changed: far above rounding in float32, and so little that a state near
# the edge of a clamp or of another regime stays on its side.
NUDGE = 1e-3


def run_again(trial: Trial, n: int, steps: Tensor) -> tuple[Tensor, Trial, list[Call]]:
    """Another run, with nudged states, on a few of the n sequences in another order.

    Where the module takes no other number of sequences they are all of them, in reverse order.
    Longer ones come before shorter ones, as a module that packs them may demand.

    Returns
    -------
    tensor of int, Trial, list of Call
        The rows of the sequences, these sequences, and the calls.
    """
    some = dict.fromkeys([n - 1, n // 2, int(steps.argmin()), 0])
    few, everyone = (
        rows[steps[rows].argsort(descending=True, stable=True)]
        for rows in (
            torch.tensor(list(some), device=steps.device),
            torch.arange(n, device=steps.device).flip(0),
        )
    )
    try:
        return few, trial[few], record(trial[few], _nudge, seed=1)
    except ValueError:
        return everyone, trial[everyone], record(trial[everyone], _nudge, seed=1)


def _nudge(x: Tensor) -> Tensor:
    """`x`, changed a little."""
    return x.add(_wave(x), alpha=max(NUDGE, torch.finfo(x.dtype).eps ** 0.5))


def replace_state(x: Tensor) -> Tensor:
    """Another state in the place of `x`, with other signs and another largest entry."""
    return _wave(x) - x


def _wave(x: Tensor) -> Tensor:
    """Numbers between -1 and 1, as many as a row of `x` has."""
    return torch.cos(torch.arange(x.shape[-1], dtype=x.dtype, device=x.device))
