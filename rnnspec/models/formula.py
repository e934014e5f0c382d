r"""Whether a recurrent part steps by PyTorch's formula: its class tells, or a trial run does.

A class derived from ``nn.GRUCell`` with a forward of its own, or a part with hooks that may
change what it reads or returns, has to be run and compared with `rnnspec.models.cells`.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.utils import parametrize

from rnnspec.models.acting import WEIGHT_HOOKS
from rnnspec.models.agreement import last_states, rounding_growth, stepwise_difference
from rnnspec.models.call import leave_unchanged
from rnnspec.models.classifier import SequenceClassifier
from rnnspec.models.layers import Cells
from rnnspec.models.parts import KINDS, Part, recurrent_parts
from rnnspec.models.recording import record_calls

# Random sequences of a trial, and their steps: the state is fed back twice.
SAMPLES, STEPS = 4, 3


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


def random_sequences(cells: Cells) -> Tensor:
    """The sequences (n, t, d), of unit size, that a trial without data feeds."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(SAMPLES, STEPS, cells[0][0].n_inputs, generator=generator)


@torch.no_grad()
def trial_difference(cells: Cells, part: Part, x: Tensor, *, arrived: bool = False) -> str:
    """How `part` differs from the formula of its `cells` when it is fed `x`; "" if it does not.

    The formula is applied to what is fed, not to what arrives, so that a hook that changes the
    input or the state on its way in counts as a difference; with `arrived` it is applied to the
    inputs that arrive.  A part in less than float32 runs with its weights in float64, whose
    rounding hides nothing.

    Raises
    ------
    ValueError
        If `part` does not run on an input and a state as its class in PyTorch does.
    """
    reference = next(part.module.parameters())
    half = torch.finfo(reference.dtype).eps > torch.finfo(torch.float32).eps
    x = x.to(reference.device, torch.float64 if half else reference.dtype)
    with leave_unchanged(part.module), record_calls(part) as calls:
        try:
            _run_on(part, x, _in_double(part.module) if half else {})
        except Exception as error:  # another's forward may raise anything
            raise ValueError(
                f"`model` ({type(part.module).__name__}) has a forward of its own that does not run"
                f" on an input and a state as PyTorch's does: {type(error).__name__}: {error}"
            ) from error
    x = torch.cat([call.inputs for call in calls], dim=1) if arrived else x
    lengths = torch.full((len(x),), x.shape[1], device=x.device)
    motion, allowed = rounding_growth(cells, x, lengths, (None,) * len(cells), calls[0].eps)
    if part.is_cell:
        found = torch.stack([call.returned[0] for call in calls], dim=1)
        return stepwise_difference(found, motion.after[0][0], allowed)
    return last_states(calls[0].returned, motion, lengths, allowed) or stepwise_difference(
        calls[0].outputs, motion.outputs, allowed
    )


def _in_double(module: nn.Module) -> dict[str, Tensor]:
    own = [*module.named_parameters(), *module.named_buffers()]
    return {name: one.double() for name, one in own if one.is_floating_point()}


def _run_on(part: Part, x: Tensor, weights: dict[str, Tensor]) -> None:
    """Run `part` on `x` (n, t, d), with other `weights` if there are any."""

    def run(*args: Any) -> Any:
        return functional_call(part.module, weights, args) if weights else part.module(*args)

    if not part.is_cell:
        run(x if part.module.batch_first else x.transpose(0, 1))
        return
    state = None
    for now in range(x.shape[1]):
        state = run(x[:, now], state)
