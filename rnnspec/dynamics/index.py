r"""The index of fixed points, which tells when some are missing.

.. math:: \sum_{s^* = F(s^*)} \operatorname{sign}\det(I - J(s^*)) = 1

for a map of a closed ball into itself whose fixed points are isolated (J without eigenvalue
1): the theorem of Lefschetz and Hopf.  The state map of an ``rnn``, ``gru`` or ``lstm`` is
one: each h stays in [-1, 1], each c is bounded since the forget gate is below 1.  A sum other
than 1 proves that points are missing; they often lie between those that are there.

References
----------
.. [1] A. Granas and J. Dugundji, Fixed Point Theory (2003).
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

PAIRS = 1024  # of points, at most, evenly spaced among all


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
    """The middle of each pair of `states` (m, s), or of `PAIRS` of the pairs.

    Examples
    --------
    >>> midpoints(torch.tensor([[0.0], [2.0], [6.0]])).flatten().tolist()
    [1.0, 3.0, 4.0]
    """
    one, other = torch.triu_indices(len(states), len(states), 1, device=states.device)
    every = max(1, -(-len(one) // PAIRS))
    return (states[one[::every]] + states[other[::every]]) / 2
