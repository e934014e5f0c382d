r"""The linear map at each fixed point, and what its eigenvalues say of the motion near it.

.. math:: F(x, s) - s^* \approx J\,(s - s^*),\qquad J = \partial F/\partial s\,(x, s^*)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from rnnspec._result import Table
from rnnspec.dynamics.distinct import Ends
from rnnspec.dynamics.search import index_sum
from rnnspec.models.layers import Cell
from rnnspec.models.stack import stack_jacobian
from rnnspec.spectra.measures import measure
from rnnspec.spectra.numbers import StabilityMeasures

# Error of a converged point, over its norm: a hundredth of the distance at which two points count
# as two, so that each point is known well enough to be told from every other.
ISOLATED = 1e-6


@dataclass(frozen=True, eq=False, repr=False)
class FixedPoints(Table):
    """The m fixed points and p slow points that searches from n starts found.

    Fixed points are in the order of ``n_unstable``, then of ``counts`` from the largest; slow
    points are in the order of their speed.

    Attributes
    ----------
    states : array, shape (m, s)
        Whole states: all layers from below, (h, c) for an LSTM.
    residuals : array, shape (m,)
        The speed ||F(s) - s|| in one step, at most 1e-10.
    errors : array, shape (m,)
        Estimate of the distance to the exact point, to first order: the residual and the rounding
        of the state, over the smallest singular value of J - I.
    converged : array of bool, shape (m,)
        Whether the error is at most 1e-6 of the state's norm (or of 1, if that is more).  If it is
        not, the point moves as slowly as a fixed point, but it may be degenerate, or one of a line
        of fixed points.
    counts : array of int, shape (m,)
        How many starts led to each; 0 if only a search that started between two points found it.
    jacobians : array, shape (m, s, s)
        The derivative of the state map at each.
    eigenvalues : array of complex, shape (m, s)
        The eigenvalues of each Jacobian, in descending order of their moduli.
    n_unstable : array of int, shape (m,)
        How many eigenvalues have a modulus above 1: along so many axes a small change grows.
    slow_states : array, shape (p, s)
        The states at which a search ended, or made too little progress, while the speed was above
        that of a fixed point.
    slow_speeds : array, shape (p,)
        Their speeds.
    slow_counts : array of int, shape (p,)
        How many starts led to each.
    input : array, shape (d,)
        The constant input.
    """

    states: NDArray[np.float64]
    residuals: NDArray[np.float64]
    errors: NDArray[np.float64]
    converged: NDArray[np.bool_]
    counts: NDArray[np.int64]
    jacobians: NDArray[np.float64]
    eigenvalues: NDArray[np.complex128]
    n_unstable: NDArray[np.int64]
    slow_states: NDArray[np.float64]
    slow_speeds: NDArray[np.float64]
    slow_counts: NDArray[np.int64]
    input: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.states)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Of each point "stable" (a change grows along no axis), "unstable" (all) or "saddle"."""
        size = self.states.shape[1]
        return tuple(
            "stable" if k == 0 else "unstable" if k == size else "saddle" for k in self.n_unstable
        )

    @property
    def index_sum(self) -> int:
        """The sum of sign det(I - J): if it is not 1, points are missing or not isolated.

        `rnnspec.dynamics.search` states the theorem.
        """
        return index_sum(self.jacobians)

    def measure(self, epsilons: Iterable[float] = ()) -> tuple[StabilityMeasures, ...]:
        """What `rnnspec.measure` says of the Jacobian at each point.

        Eigenvalues tell a stable point from a saddle; the distance to instability and the
        Kreiss constant tell how fragile a stable point is.
        """
        sizes = list(epsilons)
        return tuple(measure(J, sizes) for J in self.jacobians)

    def rows(self) -> list[dict[str, Any]]:
        """Return one dictionary for each fixed point, without its state and Jacobian."""
        return [
            {
                "point": k,
                "kind": kind,
                "n_unstable": int(self.n_unstable[k]),
                "spectral_radius": float(abs(self.eigenvalues[k, 0])),
                "count": int(self.counts[k]),
                "residual": float(self.residuals[k]),
                "error": float(self.errors[k]),
                "converged": bool(self.converged[k]),
            }
            for k, kind in enumerate(self.kinds)
        ]


def linearise(cells: tuple[Cell, ...], x: Tensor, ends: Ends) -> FixedPoints:
    """The fixed points among `ends`, in order, with the linear map at each."""
    fixed = ends.at_rest.cpu().numpy()
    s, v, n = (part.cpu().numpy() for part in (ends.states, ends.speeds, ends.counts))
    J = stack_jacobian(cells, x, ends.states[ends.at_rest]).cpu().numpy()
    eigenvalues = np.linalg.eigvals(J).astype(np.complex128)
    eigenvalues = np.take_along_axis(eigenvalues, (-abs(eigenvalues)).argsort(axis=1), axis=1)
    n_unstable = (abs(eigenvalues) > 1).sum(axis=1)
    order = np.lexsort([*s[fixed].T[::-1], -n[fixed], n_unstable])
    sizes = np.maximum(np.linalg.norm(s[fixed], axis=1), 1)
    isolation = np.linalg.svd(J - np.eye(J.shape[1]), compute_uv=False)[:, -1]
    with np.errstate(divide="ignore"):
        errors = (v[fixed] + np.finfo(float).eps * sizes) / isolation
    return FixedPoints(
        states=s[fixed][order],
        residuals=v[fixed][order],
        errors=errors[order],
        converged=(errors <= ISOLATED * sizes)[order],
        counts=n[fixed][order],
        jacobians=J[order],
        eigenvalues=eigenvalues[order],
        n_unstable=n_unstable[order],
        slow_states=s[~fixed],
        slow_speeds=v[~fixed],
        slow_counts=n[~fixed],
        input=x[0].cpu().numpy(),
    )
