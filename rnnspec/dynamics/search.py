r"""From many starts to the fixed points, and an index theorem that tells when some are missing.

.. math:: \sum_{s^* = F(s^*)} \operatorname{sign}\det(I - J(s^*)) = 1

for a map of a closed ball into itself whose fixed points are isolated (J without eigenvalue
1): the theorem of Lefschetz and Hopf.  The state map of an ``rnn``, ``gru`` or ``lstm`` is such
a map: each h stays in [-1, 1], and each c is bounded since the forget gate is below 1.  A sum
other than 1 proves that points are missing.  They often lie between those that were found, so
that further searches start there.

References
----------
.. [1] A. Granas and J. Dugundji, Fixed Point Theory (2003).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnnspec.dynamics.distinct import TOL, Ends, distinct_ends, least_distance
from rnnspec.dynamics.levenberg_marquardt import descend
from rnnspec.dynamics.velocity import refine_by_newton, velocity
from rnnspec.models.layers import Cell
from rnnspec.models.stack import stack_jacobian

BATCH = 1024  # searches that go on at once: their distances to one another take 8 MB
PAIRS = 1024  # largest number of pairs of points between which a search starts: one batch


def search_from(cells: Sequence[Cell], x: Tensor, starts: Tensor) -> Ends:
    """The distinct ends of searches from `starts` (n, s).

    If the index theorem says that fixed points are missing, they are joined by those that
    searches from the middle between two fixed points find, with a count of 0.
    """
    scale = float(starts.norm(dim=1).max())
    found = distinct_ends(cells, x, *_search(cells, x, starts, scale), scale)
    fixed = found.states[found.at_rest]
    if len(fixed) < 2 or index_sum(stack_jacobian(cells, x, fixed).cpu().numpy()) == 1:
        return found
    between, _ = _search(cells, x, midpoints(fixed), scale)
    more = between[velocity(cells, x, between).norm(dim=1) <= TOL]
    none = found.counts.new_zeros(len(more))
    states, counts = torch.cat([found.states, more]), torch.cat([found.counts, none])
    return distinct_ends(cells, x, states, counts, scale)


def _search(
    cells: Sequence[Cell], x: Tensor, starts: Tensor, scale: float
) -> tuple[Tensor, Tensor]:
    """Where the searches from `starts` end, (k, s), and how many led to each, (k,)."""
    parts = [descend(cells, x, some, scale) for some in torch.split(starts, BATCH)]
    states, counts = (torch.cat(column) for column in zip(*parts, strict=True))
    return refine_by_newton(cells, x, states, least_distance(states, scale)), counts


def index_sum(jacobians: NDArray[np.float64]) -> int:
    """The sum of sign det(I - J) over `jacobians` (m, s, s).

    Examples
    --------
    >>> index_sum(np.array([[[0.3]], [[0.3]], [[2.0]]]))  # two stable points and one between
    1
    """
    signs, _ = np.linalg.slogdet(np.eye(jacobians.shape[1]) - jacobians)
    return int(signs.sum())


def midpoints(states: Tensor) -> Tensor:
    """The middle of each pair of `states` (m, s), or of `PAIRS` pairs, evenly spaced among all.

    Examples
    --------
    >>> midpoints(torch.tensor([[0.0], [2.0], [6.0]])).flatten().tolist()
    [1.0, 3.0, 4.0]
    """
    one, other = torch.triu_indices(len(states), len(states), 1, device=states.device)
    every = max(1, -(-len(one) // PAIRS))
    return (states[one[::every]] + states[other[::every]]) / 2
