"""Which of many states count as one, within a distance in the states' own scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnnspec.dynamics.velocity import velocity
from rnnspec.models.layers import Cell

# Distance of states that count as two, over the scale of the states.  Searches that end at one
# isolated point differ by rounding; near a degenerate point, where the speed grows like the square
# of the distance, they may differ by the root of `TOL`, 1e-5.
DISTINCT = 1e-4
ROWS = 1024  # the distances of this many states to all others are held at once
TOL = 1e-10  # largest speed of a fixed point: 1e5 times rounding, far below any drift of interest


@dataclass(frozen=True, eq=False)
class Ends:
    """Distinct states where searches ended, the slowest first."""

    states: Tensor  # shape: (k, s)
    speeds: Tensor  # shape: (k,), of F(s) - s
    counts: Tensor  # shape: (k,), starts that led to each

    @property
    def at_rest(self) -> Tensor:
        """Which of the states (k,) are fixed points: those of a speed of at most 1e-10."""
        return self.speeds <= TOL


def distinct_ends(
    cells: Sequence[Cell], x: Tensor, states: Tensor, counts: Tensor, scale: float
) -> Ends:
    """The distinct states among `states` (n, s), the slowest of those that count as one.

    The counts of states that are one are added.
    """
    speeds, order = velocity(cells, x, states).norm(dim=1).sort()
    states, counts = states[order], counts[order]
    stand_in = torch.from_numpy(stand_ins(states, scale)).to(order.device)
    total = torch.zeros_like(counts).index_add_(0, stand_in, counts)
    kept = stand_in == torch.arange(len(stand_in), device=order.device)
    return Ends(states[kept], speeds[kept], total[kept])


def least_distance(states: Tensor, scale: float) -> Tensor:
    """`DISTINCT` times the largest norm among `states` (n, s), or `scale` if that is more."""
    distance: Tensor = DISTINCT * states.norm(dim=1).max().clamp_min(scale)
    return distance


def stand_ins(states: Tensor, scale: float) -> NDArray[np.int64]:
    """For each of `states` (n, s) the index of the first state that stands for it.

    A state stands for itself if none before it is near.  No two states that stand for themselves
    are nearer to one another than `least_distance`.  Cost O(n^2 s).

    Examples
    --------
    >>> stand_ins(torch.tensor([[1.0], [3.0], [1.00001], [3.0]]), 0.0).tolist()
    [0, 1, 0, 1]
    """
    distance = least_distance(states, scale)
    rows = [torch.cdist(some, states) <= distance for some in torch.split(states, ROWS)]
    near = torch.cat(rows).cpu().numpy()
    stand_in = np.arange(len(near))
    free = np.ones(len(near), dtype=bool)
    for i in np.flatnonzero(near.sum(axis=1) > 1):
        if free[i]:
            own = near[i] & free
            own[i] = True
            stand_in[own] = i
            free &= ~own
    return stand_in
