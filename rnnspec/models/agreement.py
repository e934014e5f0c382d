r"""Whether recorded calls of a recurrent part agree with its formula, up to rounding.

A cell is compared step by step, each from the state that it was given.  Of a fused layer only the
outputs and the last state are seen, so the formula runs along the whole call.  What rounding may
grow to on the way, where a network amplifies it, shows a second run whose inputs are rounded.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from rnnspec.models.cells import step
from rnnspec.models.layers import Cell, Cells
from rnnspec.models.motion import Motion, simulate
from rnnspec.models.recording import Call

ROUNDING = 64  # times the precision and the size of what is summed up, what rounding may do


def step_difference(cell: Cell, calls: Sequence[Call], rows: slice) -> str:
    r"""The first call of a cell whose state is not :math:`F(x_t, s_{t-1})` of what it was given."""
    zero = torch.zeros_like(calls[0].returned[0])
    x = torch.stack([call.inputs[rows, 0] for call in calls], dim=1)
    given = [zero if call.given is None else call.given[0] for call in calls]
    before = torch.stack([state[rows] for state in given], dim=1)
    after = torch.stack([call.returned[0][rows] for call in calls], dim=1)
    flat = step(cell, x.flatten(0, 1).double(), before.flatten(0, 1).double())
    allowed = rounding(cell, max(call.eps for call in calls), x, before)
    return stepwise_difference(after, flat.view_as(after), allowed)


def call_difference(cells: Cells, one: Call, rows: slice) -> str:
    """How outputs or last states of some rows of a fused call differ from the formula, or ""."""
    x, outputs = one.inputs[rows], one.outputs[rows]
    lengths = torch.full((len(x),), x.shape[1], device=x.device)
    if one.lengths is not None:
        lengths = one.lengths[rows].to(x.device)
    starts = (None,) * len(cells) if one.given is None else [s[rows] for s in one.given]
    motion, allowed = rounding_growth(cells, x, lengths, starts, one.eps)
    real = motion.real[:, :, None]
    return stepwise_difference(
        torch.where(real, outputs, 0), torch.where(real, motion.outputs, 0.0), allowed
    ) or last_states([s[rows] for s in one.returned], motion, lengths, allowed)


def rounding_growth(
    cells: Cells,
    x: Tensor,
    lengths: Tensor,
    starts: Sequence[Tensor | None],
    eps: float,
) -> tuple[Motion, Tensor]:
    """The motion along `x` in float64, and how far rounding to `eps` may lead from it, (t,)."""
    n, exact = len(x), x.double()
    wave = torch.cos(torch.arange(x.numel(), device=x.device).view_as(x))
    rounded = exact + eps * wave * exact.abs().clamp_min(1.0)
    both = [None if s is None else s.double().repeat(2, 1) for s in starts]
    twice = simulate(cells, torch.cat([exact, rounded]), lengths.repeat(2), both)
    apart = [(s[n:] - s[:n]).abs().amax((0, 2)) for side in twice.after for s in side]
    motion = twice[:n]
    once = max(
        rounding(c, eps, x, s)
        for row, side in zip(cells, motion.after, strict=True)
        for c, s in zip(row, side, strict=True)
    )
    return motion, once + ROUNDING * torch.stack(apart).amax(0)


def last_states(
    returned: Sequence[Tensor], motion: Motion, lengths: Tensor, allowed: Tensor
) -> str:
    """How the states (n, s) that each direction ends in differ from those of `motion`, or ""."""
    rows = torch.arange(len(lengths), device=lengths.device)
    for side, found in enumerate(returned):
        ends = 0 * lengths if side else lengths - 1
        last = torch.cat([s[rows, ends] for s in motion.after[side]], dim=1)
        if text := stepwise_difference(found[:, None], last[:, None], allowed.max()):
            return text.replace("at step 0", f"after {int(lengths.max())} steps")
    return ""


def stepwise_difference(found: Tensor, expected: Tensor, allowed: Tensor | float) -> str:
    """The first step (n, t, s) at which states differ by more than `allowed`, (t,), or ""."""
    found = found.double()
    apart = (found - expected).abs()
    limit = torch.as_tensor(allowed, dtype=apart.dtype, device=apart.device)
    wrong = ~(apart.amax((0, 2)) <= limit)  # NaN differs
    if not wrong.any():
        return ""
    now = int(wrong.nonzero()[0])
    size = float(expected[:, now].norm()) or 1.0
    relative = float((found - expected)[:, now].norm()) / size
    return f"by up to {float(apart[:, now].max()):.2g} ({100 * relative:.3g} %) at step {now}"


def rounding(cell: Cell, eps: float, x: Tensor, s: Tensor) -> float:
    """What rounding to `eps` may do to a state of `cell` in one step: a bound on its sums."""
    largest = [float(v.abs().max()) if v.numel() else 0.0 for v in (x, s)]
    sums = float(cell.U.abs().sum(2).max()) * largest[0] + float(cell.W.abs().sum(2).max())
    return ROUNDING * eps * (1 + sums * max(1.0, largest[1]))
