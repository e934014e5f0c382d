r"""Whether recorded calls of a recurrent part agree with its formula, up to rounding.

A cell is compared step by step, each from the state that it was given.  Of a fused layer only the
outputs and the last state are seen, so the formula is followed along the whole call.  A network may
amplify rounding on the way: how much is seen on the same call with rounded inputs.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from rnnspec.models.cells import step
from rnnspec.models.layers import Cell, Cells
from rnnspec.models.motion import Motion, simulate
from rnnspec.models.recorded_call import Call

# Rounding may move a state by this many times the precision times the size of its sums.  Measured
# for PyTorch's cells in float32 with 8 to 512 units on a CPU, it moves it by 0.3 at most.  The
# factor of 200 between the two is for other kernels and devices; in float32 a difference of 1e-3
# is seen all the same.
ROUNDING = 64


def step_difference(cell: Cell, calls: Sequence[Call], rows: slice) -> str:
    r"""How the first wrong step of a cell differs from :math:`F(x_t, s_{t-1})`; "" if none is.

    Each call of the cell is one step, from the input and the state that it was given.
    """
    zero = torch.zeros_like(calls[0].returned[0])
    x = torch.stack([call.inputs[rows, 0] for call in calls], dim=1)
    given = [zero if call.given is None else call.given[0] for call in calls]
    before = torch.stack([state[rows] for state in given], dim=1)
    after = torch.stack([call.returned[0][rows] for call in calls], dim=1)
    flat = step(cell, x.flatten(0, 1).double(), before.flatten(0, 1).double())
    allowed = rounding_of_step(cell, max(call.eps for call in calls), x, before)
    return stepwise_difference(after, flat.view_as(after), allowed)


def call_difference(cells: Cells, one: Call, rows: slice) -> str:
    """How outputs or last states of some rows of a fused call differ from the formula, else ""."""
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
    """The motion along `x` in float64, and how far rounding to `eps` may lead from it.

    Parameters
    ----------
    cells : for each direction its layers from below
    x : tensor, shape (n, t, d)
    lengths : tensor of int, shape (n,)
    starts : sequence of tensor, shape (n, s), or None
    eps : float
        The relative spacing of the numbers that the recorded part computes in.

    Returns
    -------
    Motion, and tensor of shape (t,)
        The second is the largest distance that is allowed at each step.
    """
    n, exact = len(x), x.double()
    wave = torch.cos(torch.arange(x.numel(), device=x.device).view_as(x))
    rounded = exact + eps * wave * exact.abs().clamp_min(1.0)
    both = [None if s is None else s.double().repeat(2, 1) for s in starts]
    twice = simulate(cells, torch.cat([exact, rounded]), lengths.repeat(2), both)
    apart = [(s[n:] - s[:n]).abs().amax((0, 2)) for side in twice.after for s in side]
    motion = twice[:n]
    once = max(
        rounding_of_step(c, eps, x, s)
        for row, side in zip(cells, motion.after, strict=True)
        for c, s in zip(row, side, strict=True)
    )
    return motion, once + ROUNDING * torch.stack(apart).amax(0)


def last_states(
    returned: Sequence[Tensor], motion: Motion, lengths: Tensor, allowed: Tensor
) -> str:
    """How the last states (n, s) of each direction differ from those of `motion`, else ""."""
    rows = torch.arange(len(lengths), device=lengths.device)
    for side, found in enumerate(returned):
        ends = 0 * lengths if side else lengths - 1
        last = torch.cat([s[rows, ends] for s in motion.after[side]], dim=1)
        if text := stepwise_difference(found[:, None], last[:, None], allowed.max()):
            return text.replace("at step 0", f"after {int(lengths.max())} steps")
    return ""


def stepwise_difference(found: Tensor, expected: Tensor, allowed: Tensor | float) -> str:
    """By how much, and at which step first, states (n, t, s) differ by more than `allowed` (t,).

    The text is "" if they do not.
    """
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


def rounding_of_step(cell: Cell, eps: float, x: Tensor, s: Tensor) -> float:
    """How far rounding to `eps` may move a state of `cell` in one step, from the size of its sums.

    This is an estimate: `ROUNDING` stands for all constants.
    """
    largest = [float(v.abs().max()) if v.numel() else 0.0 for v in (x, s)]
    sums = float(cell.U.abs().sum(2).max()) * largest[0] + float(cell.W.abs().sum(2).max())
    return ROUNDING * eps * (1 + sums * max(1.0, largest[1]))
