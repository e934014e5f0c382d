"""Whether the state of a module goes from step to step by the formula of its recurrent part.

The module runs on the data while each call of the part is recorded.  Its map is the part's own if

- the state that the part is handed is the one that it returned a call earlier (a leak, a mask, a
  reset or a rescaling between two calls changes it);
- what the part returns is what the formula gives (a class derived from PyTorch's, or a hook, may
  change it);
- what the part reads of a sequence does not depend on the other sequences of the batch;
- what the part reads does not depend on what it returned (a network that reads its own output is
  another map, with other fixed points).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rnnspec.models.acting import at_rest
from rnnspec.models.call import call
from rnnspec.models.formula import (
    difference,
    has_known_formula,
    rounding,
    step_difference,
    trial_difference,
)
from rnnspec.models.layers import Cells, cells_of_part
from rnnspec.models.motion import simulate
from rnnspec.models.parts import Part
from rnnspec.models.recording import Call, UnknownCall, record_calls

FIRST = 4  # steps of at most 2 FIRST sequences that a part of a known class is checked on


@dataclass(frozen=True, eq=False)
class Trial:
    """A module with its recurrent part, and the data that it is run on."""

    model: nn.Module
    part: Part
    inputs: Tensor  # shape: (n, t, ...)
    lengths: Tensor | None  # shape: (n,)

    def __getitem__(self, rows: Tensor) -> "Trial":
        lengths = None if self.lengths is None else self.lengths[rows]
        return Trial(self.model, self.part, self.inputs[rows], lengths)

    def refusal(self, what: str) -> ValueError:
        """The error that says that the module's map is another, and what to do."""
        part = f"`{self.part.name}` ({type(self.part.module).__name__})"
        return ValueError(
            f"`model` ({type(self.model).__name__}) must take its state from step to step by the"
            f" formula of its recurrent part {part}: {what}.  If the map of the part alone is"
            f" wanted, pass {self.part.expression} with the inputs that it reads"
        )


def verify(trial: Trial) -> tuple[Cells, Tensor, Tensor, tuple[Tensor | None, ...]]:
    """The cells of the part, what they read (n, t, d), true lengths, and states at the start.

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
    lengths = _true_lengths(trial, calls, read)
    _check_reading(trial, calls, read, lengths)
    given = calls[0].given
    starts = (None,) * len(cells) if given is None else tuple(s.double() for s in given)
    return cells, read, lengths, starts


def record(trial: Trial, *, shaken: bool = False) -> list[Call]:
    """The calls of the part while the module runs; with `shaken`, what it returns is replaced."""
    model, part = trial.model, trial.part
    if isinstance(model, torch.jit.ScriptModule):
        raise ValueError(
            "`model` must be a module before torch.jit.script or trace, which hide what its"
            f" recurrent part reads; or pass that part, {part.expression}, with inputs as that"
            " reads them"
        )
    with _leave_unchanged(model), record_calls(part, _shake if shaken else None) as calls:
        try:
            call(model, trial.inputs, trial.lengths)
        except UnknownCall:
            raise
        except Exception as error:  # another's forward may raise anything
            raise ValueError(
                f"`model` ({type(model).__name__}) must run on `inputs`, but its forward raised"
                f" {type(error).__name__}: {error} (or pass its recurrent part, {part.expression},"
                " with the inputs that it reads)"
            ) from error
    if not calls:
        raise trial.refusal("its forward never calls it, so that nothing shows how its weights act")
    return calls


@contextmanager
def _leave_unchanged(model: nn.Module) -> Iterator[None]:
    """Evaluation mode without gradients; attributes, buffers and random numbers are put back."""
    kept = [(part, dict(vars(part)), dict(part._buffers)) for part in model.modules()]
    values = [(buffer, buffer.clone()) for buffer in model.buffers()]
    with at_rest(model), torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        try:
            yield
        finally:
            for part, attributes, buffers in kept:
                vars(part).clear()
                vars(part).update(attributes)
                part._buffers.clear()
                part._buffers.update(buffers)
            for buffer, value in values:
                buffer.copy_(value)


def _shake(x: Tensor) -> Tensor:
    """Other values of the same size, which also change what an argmax or a sign makes of them."""
    other = torch.cos(torch.arange(x.numel(), device=x.device) + float(x.sum()))
    return other.view_as(x).to(x) * max(1.0, float(_largest(x)))


def _check_states(trial: Trial, calls: Sequence[Call]) -> None:
    """Each call is handed the state that the call before it returned."""
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
        if trial.lengths is not None:  # what a finished sequence is handed means nothing
            alive = trial.lengths > now
            found, expected = found[alive], expected[alive]
        tolerance = 8 * torch.finfo(found.dtype).eps * max(1.0, float(_largest(expected)))
        if text := difference(found[:, None], expected[:, None], tolerance):
            again = " (it starts again from zero)" if after.given is None else ""
            text = text.replace("at step 0", f"at step {now}")
            raise trial.refusal(
                f"the state that it is handed differs from the one it returned {text}{again}"
            )


def _check_formula(trial: Trial, cells: Cells, calls: Sequence[Call]) -> None:
    """What the part returns is what the formula gives."""
    part = trial.part
    if part.is_cell:
        some = calls[:FIRST] if has_known_formula(part.module) else calls
        text = step_difference(cells[0][0], some)
    elif has_known_formula(part.module):
        text = _first_outputs_difference(cells, calls[0])
    else:
        text = trial_difference(cells, part)
    if text:
        raise trial.refusal(f"what it returns differs from PyTorch's {part.kind.upper()} {text}")


def _first_outputs_difference(cells: Cells, one: Call) -> str:
    """The difference in the first steps, or ""; a bidirectional part is not checked here."""
    if len(cells) > 1:
        return ""
    rows, t = slice(0, 2 * FIRST), min(FIRST, one.inputs.shape[1])
    x = one.inputs[rows, :t].double()
    starts = [None if one.given is None else one.given[0][rows].double()]
    lengths = torch.full((len(x),), t, device=x.device)
    top = simulate(cells, x, lengths, starts).after[0][-1][:, :, : cells[0][-1].hidden]
    outputs = one.outputs[rows, :t]
    tolerance = max(rounding(cell, one.inputs[rows], one.outputs[rows]) for cell in cells[0])
    return difference(outputs.double(), top, tolerance)


def _true_lengths(trial: Trial, calls: Sequence[Call], read: Tensor) -> Tensor:
    """The true lengths of what the part reads; other steps than those of the data are refused."""
    (n, t), given, packed = trial.inputs.shape[:2], trial.lengths, calls[0].lengths
    if len(read) != n:
        raise trial.refusal(
            f"it reads {len(read)} sequences of {read.shape[1]} steps where `inputs` has {n} of {t}"
            " (batch_first=False?)"
        )
    if packed is not None:
        packed = packed.to(trial.inputs.device)
        if given is not None and not torch.equal(packed, given):
            raise trial.refusal(
                "it reads packed sequences of other lengths than `lengths`, or in another order"
            )
        return packed
    if given is None:
        return torch.full((n,), read.shape[1], device=read.device)
    if read.shape[1] in (t, int(given.max())):
        return given
    raise trial.refusal(
        f"it reads {read.shape[1]} steps where `inputs` has {t}, so that `lengths` says nothing of"
        " them (leave `lengths` out for sequences without padding)"
    )


def _check_reading(trial: Trial, calls: Sequence[Call], read: Tensor, steps: Tensor) -> None:
    """Refuse if the part reads something else of a few sequences alone, or after other returns."""
    n, several = len(read), len(calls) > 1
    if n == 1 and not several:
        return
    few = torch.tensor(list(dict.fromkeys([n - 1, n // 2, 0])), device=trial.inputs.device)
    expected, some = (read[few], steps[few]), trial[few]
    if not _reading_difference(record(some, shaken=several), *expected):
        return
    if text := _reading_difference(record(some), *expected):
        raise trial.refusal(
            f"what it reads of a sequence depends on the order and the company of the sequences:"
            f" it differs {text} (batch_first=False, sorted sequences, or random numbers?)"
        )
    text = _reading_difference(record(some, shaken=True), *expected)
    raise trial.refusal(
        f"what it reads depends on what it returned before, which changes it {text}, so that the"
        " network reads its own output; the part's formula at a held input leaves that out"
    )


def _reading_difference(calls: Sequence[Call], expected: Tensor, steps: Tensor) -> str:
    """How what is read at real steps differs from `expected` (n, t, d), or ""."""
    found = torch.cat([one.inputs for one in calls], dim=1)
    if len(found) != len(expected):
        return f"in number, {len(found)} instead of {len(expected)}"
    t = min(found.shape[1], expected.shape[1])
    if t < int(steps.max()):
        return f"in length, {t} steps instead of {int(steps.max())}"
    real = (torch.arange(t, device=found.device) < steps[:, None])[:, :, None]
    tolerance = torch.finfo(found.dtype).eps ** 0.5 * max(1.0, float(_largest(expected)))
    pair = [torch.where(real, x[:, :t].double(), 0.0) for x in (found, expected)]
    return difference(pair[0], pair[1], tolerance)


def _largest(x: Tensor) -> Tensor:
    return x.detach().abs().max() if x.numel() else x.new_zeros(())
