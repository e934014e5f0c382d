r"""The velocity of a state at constant input, and Newton's method for its zeros.

.. math:: v(s) = F(x, s) - s,\qquad v'(s) = J(s) - I

A state of velocity 0 is a fixed point of the state map.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from rnnspec.models.layers import Cell
from rnnspec.models.stack import stack_jacobian, stack_step

# Newton's method squares the error of a state: 10 iterations are more than any start that
# Levenberg-Marquardt leaves needs, and end what converges only linearly, at a degenerate point.
ITERATIONS = 10
AT_ONCE = 256  # states whose Jacobians are held at once: 8 MB of them with s = 64


def velocity(cells: Sequence[Cell], x: Tensor, s: Tensor) -> Tensor:
    """The change (n, s) of the states in one step with input `x` (1, d)."""
    return stack_step(cells, x, s) - s


def velocity_jacobian(cells: Sequence[Cell], x: Tensor, s: Tensor) -> Tensor:
    """The derivative J - I (n, s, s) of the velocity in the state."""
    A = stack_jacobian(cells, x, s)
    A.diagonal(dim1=1, dim2=2).sub_(1)
    return A


def entry_bounds(cells: Sequence[Cell]) -> Tensor:
    """Bounds (s,) on the moduli of a fixed point's entries: 1 for those of h, none for c."""
    bounds = [
        torch.where(
            torch.arange(cell.state_size, device=cell.W.device) < cell.hidden, 1.0, torch.inf
        )
        for cell in cells
    ]
    return torch.cat(bounds).to(cells[0].W)


@torch.no_grad()
def refine_by_newton(
    cells: Sequence[Cell], x: Tensor, states: Tensor, longest: Tensor | float
) -> Tensor:
    r"""`states` (n, s) after updates :math:`-(J - I)^{-1} v(s)`, as long as they help.

    An update is made if it lowers the speed and is no longer than `longest`: a longer one might
    lead to another fixed point.

    Examples
    --------
    >>> from rnnspec.models.layers import recurrent_cells
    >>> unit = torch.nn.RNN(1, 1, bias=False)
    >>> _ = torch.nn.init.constant_(unit.weight_hh_l0, 2.0)
    >>> (cells,), x = recurrent_cells(unit), torch.zeros(1, 1).double()
    >>> s = refine_by_newton(cells, x, torch.tensor([[0.95]]).double(), 0.1)
    >>> round(s.item(), 9)  # tanh(2 s) = s
    0.957504024
    """
    parts = torch.split(states, AT_ONCE)
    return torch.cat([_refine(cells, x, some, longest) for some in parts])


def _refine(cells: Sequence[Cell], x: Tensor, s: Tensor, longest: Tensor | float) -> Tensor:
    for _ in range(ITERATIONS):
        v = velocity(cells, x, s)
        update = -torch.linalg.solve_ex(velocity_jacobian(cells, x, s), v).result
        slower = velocity(cells, x, s + update).norm(dim=1) < v.norm(dim=1)
        helps = slower & (update.norm(dim=1) <= longest)
        if not helps.any():
            break
        s = torch.where(helps[:, None], s + update, s)
    return s
