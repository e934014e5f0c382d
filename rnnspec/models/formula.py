r"""Whether a recurrent part steps by PyTorch's formula: its class tells, or a trial run does.

A class derived from ``nn.GRUCell`` with a forward of its own, or a part with hooks that may
change what it reads or returns, has to be run and compared with `rnnspec.models.cells`.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from rnnspec.models.acting import WEIGHT_HOOKS, at_rest
from rnnspec.models.cells import step
from rnnspec.models.classifier import SequenceClassifier
from rnnspec.models.layers import Cell, Cells
from rnnspec.models.motion import simulate
from rnnspec.models.parts import KINDS, Part, recurrent_parts
from rnnspec.models.recording import Call, record_calls

SAMPLES = 4  # random sequences of a trial
STEPS = 3  # of a trial, so that the state is fed back twice
ROUNDING = 64  # times the precision and the size of the sums: the rounding error that is allowed


def has_known_formula(module: nn.Module) -> bool:
    """Whether the class of `module` alone tells its formula.

    PyTorch's recurrent classes and `SequenceClassifier` do, parametrised or not, unless a hook
    is registered or the instance has a forward of its own.

    Examples
    --------
    >>> has_known_formula(nn.GRU(2, 3)), has_known_formula(nn.Sequential(nn.GRU(2, 3)))
    (True, False)
    """
    if isinstance(module, torch.jit.ScriptModule):
        return any(part.module is module for part in recurrent_parts(module))
    kind = parametrize.type_before_parametrizations(module)
    if isinstance(module, SequenceClassifier) and kind is SequenceClassifier:
        return not _is_changed(module) and has_known_formula(module.recurrent)
    return kind in KINDS and not _is_changed(module)


def _is_changed(module: nn.Module) -> bool:
    hooks = [
        *(h for h in module._forward_pre_hooks.values() if not isinstance(h, tuple(WEIGHT_HOOKS))),
        *module._forward_hooks.values(),
    ]
    return bool(hooks) or "forward" in vars(module)


@torch.no_grad()
def trial_difference(cells: Cells, part: Part) -> str:
    """How the states of `part` on random sequences differ from those of its `cells`, or "".

    Raises
    ------
    ValueError
        If `part` does not run on an input and a state as its class in PyTorch does.
    """
    reference = next(part.module.parameters())
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(SAMPLES, STEPS, cells[0][0].n_inputs, generator=generator).to(reference)
    with at_rest(part.module), record_calls(part) as calls:
        try:
            _feed(part, x)
        except Exception as error:  # another's forward may raise anything
            raise ValueError(
                f"`model` ({type(part.module).__name__}) has a forward of its own that does not run"
                f" on an input and a state as PyTorch's does: {type(error).__name__}: {error}"
            ) from error
    return (
        step_difference(cells[0][0], calls) if part.is_cell else state_difference(cells, calls[0])
    )


def _feed(part: Part, x: Tensor) -> None:
    if not part.is_cell:
        part.module(x if part.module.batch_first else x.transpose(0, 1))
        return
    state = None
    for now in range(x.shape[1]):
        state = part.module(x[:, now], state)


def step_difference(cell: Cell, calls: Sequence[Call]) -> str:
    r"""The first call of a cell whose state is not :math:`F(x_t, s_{t-1})` of what it was given."""
    zero = torch.zeros_like(calls[0].returned[0])
    x = torch.stack([call.inputs[:, 0] for call in calls], dim=1)
    before = torch.stack([zero if c.given is None else c.given[0] for c in calls], dim=1)
    after = torch.stack([call.returned[0] for call in calls], dim=1).double()
    flat = step(cell, x.flatten(0, 1).double(), before.flatten(0, 1).double())
    return difference(after, flat.view_as(after), rounding(cell, x, before))


def state_difference(cells: Cells, call: Call) -> str:
    """How the last states of a fused part differ from those of the formula, or ""."""
    n, t, _ = call.inputs.shape
    lengths = torch.full((n,), t, device=call.inputs.device)
    motion = simulate(cells, call.inputs.double(), lengths, call.given or (None,) * len(cells))
    for side, after in enumerate(call.returned):
        last = torch.cat(motion.after[side], dim=2)[:, 0 if side else t - 1]
        tolerance = max(rounding(c, call.inputs, call.outputs) for row in cells for c in row)
        if text := difference(after.double()[:, None], last[:, None], tolerance):
            return text.replace("at step 0", f"after {t} steps")
    return ""


def rounding(cell: Cell, x: Tensor, s: Tensor) -> float:
    """A bound on the rounding error of a state of `cell` in the dtype of `x`."""
    largest = [float(v.abs().max()) if v.numel() else 0.0 for v in (x, s)]
    sums = float(cell.U.abs().sum(2).max()) * largest[0] + float(cell.W.abs().sum(2).max())
    return ROUNDING * torch.finfo(x.dtype).eps * (1 + sums * max(1.0, largest[1]))


def difference(found: Tensor, expected: Tensor, tolerance: float) -> str:
    """The first step (n, t, s) at which states differ by more than `tolerance`, or ""."""
    apart = (found - expected).abs()
    wrong = ~(apart <= tolerance)  # NaN differs
    if not wrong.any():
        return ""
    now = int(wrong.any(2).any(0).nonzero()[0])
    size = float(expected[:, now].norm()) or 1.0
    relative = float((found - expected)[:, now].norm()) / size
    return f"by up to {float(apart[:, now].max()):.2g} ({100 * relative:.3g} %) at step {now}"
