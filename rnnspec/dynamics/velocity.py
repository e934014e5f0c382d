r"""The velocity of a state at constant input, :math:`v(s) = F(x, s) - s`, and its derivative."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from rnnspec.models.layers import Cell
from rnnspec.models.stack import stack_jacobian, stack_step


def velocity(cells: Sequence[Cell], x: Tensor, s: Tensor) -> Tensor:
    """The change (n, s) of the states in one step with input `x` (1, d)."""
    return stack_step(cells, x, s) - s


def velocity_jacobian(cells: Sequence[Cell], x: Tensor, s: Tensor) -> Tensor:
    """J - I (n, s, s)."""
    A = stack_jacobian(cells, x, s)
    A.diagonal(dim1=1, dim2=2).sub_(1)
    return A


def reach(cells: Sequence[Cell]) -> Tensor:
    """Bounds (s,) on the entries of a fixed point: 1 for those of h, none for those of c."""
    bounds = [
        torch.where(
            torch.arange(cell.state_size, device=cell.W.device) < cell.hidden, 1.0, torch.inf
        )
        for cell in cells
    ]
    return torch.cat(bounds).to(cells[0].W)
