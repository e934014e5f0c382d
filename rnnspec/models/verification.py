"""Whether the state of a module goes from step to step by the formula of its recurrent part.

The module runs on the data while each call of the part is recorded.  Its map is the part's own if

- the state that the part is given is the one that it returned a call earlier (a leak, a mask, a
  reset or a rescaling between two calls changes it);
- what the part returns is what the formula gives (a class derived from PyTorch's, or a hook, may
  change it);
- each sequence is read in its own row, alone as beside others, whatever the random numbers;
- what the part reads does not depend on what it returned (a network that reads its own output is
  another map, with other fixed points).

All of this is checked on the given data and close to them.  A clamp on the state, say, that no
state along the data comes to leaves their Jacobians as they are, but a fixed point beyond the clamp
is one of the part and not of the module.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from rnnspec.models.agreement import call_difference, step_difference, stepwise_difference
from rnnspec.models.formula import has_known_formula, random_sequences, trial_difference
from rnnspec.models.layers import Cells, cells_of_part
from rnnspec.models.recorded_call import Call
from rnnspec.models.running import Trial, record
from rnnspec.models.true_lengths import true_lengths
from rnnspec.models.what_is_read import check_reading

# A part of a known class is compared with the formula on this many sequences, at all of their
# steps; whatever exchanges its weights does so for all sequences.
FEW = 8


def verify(trial: Trial) -> tuple[Cells, Tensor, Tensor, tuple[Tensor | None, ...]]:
    """Check that the map of the module is that of its recurrent part, and find what the part reads.

    Returns
    -------
    for each direction its layers from below
        The cells of the part.
    tensor, shape (n, t, d)
        What they read.
    tensor of int, shape (n,)
        The true lengths.
    tuple of tensors, shape (n, s), or None
        The states of each direction at the start; None stands for zero.

    Raises
    ------
    ValueError
        If the module does not run on the data, or its map is not that of its part.
    """
    calls = record(trial)
    cells = cells_of_part(trial.model, trial.part)  # after the run, which may renew the weights
    _check_states(trial, calls)
    _check_formula(trial, cells, calls)
    read = torch.cat([one.inputs for one in calls], dim=1)
    lengths = true_lengths(trial, calls, read)
    # Where no state changes, as at rest without input, only nudged states show a leak.
    _check_states(*check_reading(trial, calls, read, lengths))
    given = calls[0].given
    starts = (None,) * len(cells) if given is None else tuple(s.double() for s in given)
    return cells, read, lengths, starts


def _check_states(trial: Trial, calls: Sequence[Call]) -> None:
    """Check that each call is given the state that the call before it returned."""
    if len(calls) > 1 and (len(calls[0].returned) > 1 or calls[0].lengths is not None):
        raise trial.refusal(
            "it is called several times, and each time on packed sequences or in two directions,"
            " whose states do not follow one another"
        )
    now = 0
    for before, after in zip(calls[:-1], calls[1:], strict=True):
        now += before.inputs.shape[1]
        expected = before.returned[0]
        found = torch.zeros_like(expected) if after.given is None else after.given[0]
        if found.shape != expected.shape:
            raise trial.refusal(f"at step {now} the number of its sequences changes")
        if trial.lengths is not None:  # the state that a finished sequence is given means nothing
            alive = trial.lengths > now
            found, expected = found[alive], expected[alive]
        if torch.equal(found, expected):
            continue
        # A state that is passed on is not rounded, in half precision either.
        eps = min(torch.finfo(expected.dtype).eps, torch.finfo(torch.float32).eps)
        allowed = 8 * eps * expected.abs().amax()
        if text := stepwise_difference(found[:, None], expected[:, None].double(), allowed):
            again = " (it starts again from zero)" if after.given is None else ""
            text = text.replace("at step 0", f"at step {now}")
            raise trial.refusal(
                f"the state that it is given differs from the one it returned {text}{again}"
            )


def _check_formula(trial: Trial, cells: Cells, calls: Sequence[Call]) -> None:
    """Check that the part returns what the formula gives."""
    part = trial.part
    known = has_known_formula(part.module)
    rows = slice(FEW if known else None)
    text = "" if known else trial_difference(cells, part, random_sequences(cells), arrived=True)
    if not text and part.is_cell:
        text = step_difference(cells[0][0], calls, rows)
    elif not text:
        text = next(filter(None, (call_difference(cells, one, rows) for one in calls)), "")
    if text:
        raise trial.refusal(f"what it returns differs from PyTorch's {part.kind.upper()} {text}")
