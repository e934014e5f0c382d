"""From many starts to the distinct states where searches for points at rest end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from rnnspec.dynamics.distinct import stand_ins
from rnnspec.dynamics.index import index_sum, midpoints
from rnnspec.dynamics.levenberg_marquardt import settled
from rnnspec.dynamics.newton import polished
from rnnspec.dynamics.velocity import velocity
from rnnspec.models.layers import Cell
from rnnspec.models.stack import stack_jacobian

TOL = 1e-10  # speed of a fixed point, at most
BATCH = 1024  # searches that go on at once


@dataclass(frozen=True, eq=False)
class Ends:
    """States where searches ended, by speed."""

    states: Tensor  # shape: (k, s)
    speeds: Tensor  # shape: (k,), of F(s) - s
    counts: Tensor  # shape: (k,), starts that led to each

    @property
    def fixed(self) -> Tensor:
        """Which are fixed points."""
        return self.speeds <= TOL


def searched(cells: Sequence[Cell], x: Tensor, starts: Tensor) -> Ends:
    """The distinct ends of searches from `starts` and, if points are missing, from between."""
    scale = float(starts.norm(dim=1).max())
    found = _distinct(cells, x, *_ends(cells, x, starts, scale), scale)
    fixed = found.states[found.fixed]
    if len(fixed) < 2 or index_sum(stack_jacobian(cells, x, fixed).cpu().numpy()) == 1:
        return found
    between, _ = _ends(cells, x, midpoints(fixed), scale)
    more = between[velocity(cells, x, between).norm(dim=1) <= TOL]
    none = found.counts.new_zeros(len(more))
    states, counts = torch.cat([found.states, more]), torch.cat([found.counts, none])
    return _distinct(cells, x, states, counts, scale)


def _ends(cells: Sequence[Cell], x: Tensor, starts: Tensor, scale: float) -> tuple[Tensor, Tensor]:
    parts = [settled(cells, x, some, scale) for some in torch.split(starts, BATCH)]
    states, counts = (torch.cat(column) for column in zip(*parts, strict=True))
    return polished(cells, x, states, scale), counts


def _distinct(
    cells: Sequence[Cell], x: Tensor, states: Tensor, counts: Tensor, scale: float
) -> Ends:
    """Of states that are one, the slowest, with the counts of all."""
    speeds, order = velocity(cells, x, states).norm(dim=1).sort()
    states, counts = states[order], counts[order]
    stand_in = torch.from_numpy(stand_ins(states, scale)).to(order.device)
    total = torch.zeros_like(counts).index_add_(0, stand_in, counts)
    kept = stand_in == torch.arange(len(stand_in), device=order.device)
    return Ends(states[kept], speeds[kept], total[kept])
