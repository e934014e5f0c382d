"""Which of many states are one, to a distance in the states' own scale."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

DISTINCT = 1e-4  # distance of states that count as two, over the scale of the states
ROWS = 1024  # distances to so many states are held at once


def distinct(states: Tensor, scale: float) -> Tensor:
    """`DISTINCT` times the largest norm among `states` (n, s), or `scale` if that is more."""
    distance: Tensor = DISTINCT * states.norm(dim=1).max().clamp_min(scale)
    return distance


def stand_ins(states: Tensor, scale: float) -> NDArray[np.int64]:
    """For each of `states` (n, s) the first one that stands for it: itself if none before does.

    No two that stand for themselves are nearer than `distinct`; O(n^2 s).

    Examples
    --------
    >>> stand_ins(torch.tensor([[1.0], [3.0], [1.00001], [3.0]]), 0.0).tolist()
    [0, 1, 0, 1]
    """
    distance = distinct(states, scale)
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
