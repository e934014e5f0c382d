"""Whether what a recurrent part reads of a sequence depends on that sequence alone.

The module runs again on a few of its sequences, in another order, beside other sequences and with
other random numbers, while what the part returns is changed a little; and once more while it is
changed altogether.  Where sequences end early, no true step may read padding.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from rnnspec.models.agreement import stepwise_difference
from rnnspec.models.another_run import replace_state, run_again
from rnnspec.models.padding import check_padding
from rnnspec.models.recorded_call import Call
from rnnspec.models.running import Trial, record


def check_reading(
    trial: Trial, calls: Sequence[Call], read: Tensor, steps: Tensor
) -> tuple[Trial, list[Call]]:
    """Check that what is read of a sequence depends on that sequence alone.

    It must not depend on the order of the sequences or on those beside it, on random numbers, on
    padding, or on what the part returned before.

    Parameters
    ----------
    trial : Trial
    calls : sequence of Call
        The calls in the run on all sequences.
    read : tensor, shape (n, t, d)
        What was read in them.
    steps : tensor of int, shape (n,)
        The true lengths.

    Returns
    -------
    Trial, list of Call
        The few sequences on which the module ran again, and the calls, with nudged states.

    Raises
    ------
    ValueError
        If it depends on any of these.
    """
    rows, few, again = run_again(trial, len(read), steps)
    expected, some = read[rows], steps[rows]
    loose = torch.finfo(read.dtype).eps ** 0.5 * max(1.0, _largest(expected))
    if _reading_difference(again, expected, some, loose) and (
        text := _reading_difference(record(few, seed=1), expected, some, loose)
    ):
        raise trial.refusal(
            "what it reads of a sequence depends on the order of the sequences or on those beside"
            f" it: it differs {text} (batch_first=False, sorted sequences, or random numbers?)"
        )
    _check_starts(trial, calls[0], again[0], rows, loose)
    if trial.lengths is not None:
        check_padding(trial, few, some)
    if len(calls) > 1:
        # Rows and random numbers are the same: only what the part returned differs.
        expected = torch.cat([one.inputs for one in again], dim=1)
        tight = 8 * torch.finfo(read.dtype).eps * _largest(expected)
        replaced = record(few, replace_state, seed=1)
        if text := _reading_difference(replaced, expected, some, tight):
            raise trial.refusal(
                f"what it reads depends on what it returned before, and changes with it {text}, so"
                " that the network reads its own output; the formula of the part at a constant"
                " input leaves that out"
            )
    return few, again


def _check_starts(trial: Trial, call: Call, again: Call, rows: Tensor, allowed: float) -> None:
    """Check that the few sequences start from the states that they have among all sequences."""
    for found, start in zip(again.given or (), call.given or (), strict=True):
        if text := stepwise_difference(found[:, None], start[rows][:, None].double(), allowed):
            raise trial.refusal(
                "the state from which a sequence starts depends on the order of the sequences or on"
                f" those beside it: it differs {text} (random numbers, or a state kept from an"
                " earlier batch? start it anew before)"
            )


def _reading_difference(
    calls: Sequence[Call], expected: Tensor, steps: Tensor, allowed: float
) -> str:
    """How what is read at real steps differs from `expected` (n, t, d); "" if it does not."""
    found = torch.cat([one.inputs for one in calls], dim=1)
    if len(found) != len(expected):
        return f"in number, {len(found)} instead of {len(expected)}"
    t = min(found.shape[1], expected.shape[1])
    if t < int(steps.max()):
        return f"in length, {t} steps instead of {int(steps.max())}"
    real = (torch.arange(t, device=found.device) < steps[:, None])[:, :, None]
    pair = [torch.where(real, x[:, :t].double(), 0.0) for x in (found, expected)]
    return stepwise_difference(pair[0], pair[1], allowed)


def _largest(x: Tensor) -> float:
    return float(x.detach().abs().max()) if x.numel() else 0.0
