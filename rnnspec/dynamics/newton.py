"""Newton's method on F(s) - s, from states that are nearly at rest."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from rnnspec.dynamics.distinct import distinct
from rnnspec.dynamics.velocity import velocity, velocity_jacobian
from rnnspec.models.layers import Cell

STEPS = 10
AT_ONCE = 256  # states whose Jacobians are held at once


@torch.no_grad()
def polished(cells: Sequence[Cell], x: Tensor, states: Tensor, scale: float) -> Tensor:
    r"""`states` (n, s) after steps :math:`s - (J - I)^{-1}(F(s) - s)`, while they help.

    A step is taken if it lowers the speed and is too short to lead to another point.
    """
    longest = distinct(states, scale)
    return torch.cat([_polished(cells, x, some, longest) for some in torch.split(states, AT_ONCE)])


def _polished(cells: Sequence[Cell], x: Tensor, s: Tensor, longest: Tensor) -> Tensor:
    for _ in range(STEPS):
        r = velocity(cells, x, s)
        step = -torch.linalg.solve_ex(velocity_jacobian(cells, x, s), r).result
        better = (velocity(cells, x, s + step).norm(dim=1) < r.norm(dim=1)) & (
            step.norm(dim=1) <= longest
        )
        if not better.any():
            break
        s = torch.where(better[:, None], s + step, s)
    return s
