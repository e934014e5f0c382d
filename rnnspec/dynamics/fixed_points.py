r"""Fixed and slow points of the state map at constant input, and the linear map at each.

.. math:: F(x, s^*) = s^*,\qquad F(x, s) - s^* \approx J\,(s - s^*),\quad
          J = \partial F/\partial s\,(x, s^*)

Between its inputs a network that solves a task moves among these points: memories rest in
stable ones, decisions pass by saddles.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from rnnspec.dynamics.index import index_sum
from rnnspec.dynamics.search import Ends, searched
from rnnspec.dynamics.velocity import velocity
from rnnspec.models.layers import Cell
from rnnspec.models.reading import own_cells
from rnnspec.models.stack import stack_jacobian
from rnnspec.spectra.measures import measure
from rnnspec.spectra.numbers import StabilityMeasures

ISOLATED = 1e-6  # error of a converged point, over its norm


@dataclass(frozen=True, eq=False)
class FixedPoints:
    """The m fixed points and p slow points that searches from n starts led to.

    In order: by ``n_unstable``, then by ``counts`` from the largest; slow points by speed.

    Attributes
    ----------
    states : (m, s) array
        Whole states: all layers from below, (h, c) for an LSTM.
    residuals : (m,) array
        The speed ||F(s) - s|| of a step, at most 1e-10.
    errors : (m,) array
        Distance to the exact point to first order: the residual and the rounding of the
        state, over the smallest singular value of J - I.
    converged : (m,) array of bool
        Whether the error is at most 1e-6 of the state's norm (or of 1).  False: the speed
        is that of a fixed point, but the point may be one of a line of them, or degenerate.
    counts : (m,) array of int
        Starts that led to each; 0 if only a search from the middle between two points did.
    jacobians : (m, s, s) array
    eigenvalues : (m, s) array, complex
        Of each Jacobian, from the largest modulus.
    n_unstable : (m,) array of int
        Eigenvalues of modulus above 1: directions in which a small change grows.
    slow_states, slow_speeds, slow_counts : (p, s), (p,), (p,) arrays
        Where a search ended, or went on too slowly, above the speed of a fixed point.
    input : (d,) array
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
        """Of each point "stable" (no direction grows), "unstable" (all do) or "saddle"."""
        size = self.states.shape[1]
        return tuple(
            "stable" if k == 0 else "unstable" if k == size else "saddle" for k in self.n_unstable
        )

    @property
    def index_sum(self) -> int:
        """The sum of sign det(I - J): if not 1, points are missing or not isolated.

        See `rnnspec.dynamics.index`.
        """
        return index_sum(self.jacobians)

    def measure(self, epsilons: Iterable[float] = ()) -> tuple[StabilityMeasures, ...]:
        """What `rnnspec.measure` says of the Jacobian at each point.

        Eigenvalues tell a stable point from a saddle; its distance to instability and its
        Kreiss constant, how fragile that is.
        """
        sizes = list(epsilons)
        return tuple(measure(J, sizes) for J in self.jacobians)


def fixed_points(
    model: nn.Module, starts: ArrayLike | Tensor, input: ArrayLike | Tensor | None = None
) -> FixedPoints:
    r"""Fixed and slow points of `model` at constant input, by searches from many states.

    .. math:: \min_s \|F(x, s) - s\|^2

    Each search goes downhill by Levenberg-Marquardt steps with the Jacobian in closed form,
    all in float64, and Newton's method ends it.  It ends near where it starts, at a saddle as
    readily as at a stable point: start from states that the network sees, as
    `state_trajectory` gives them.  If `FixedPoints.index_sum` then proves that points are
    missing, further searches start between those found.

    Parameters
    ----------
    model : module
        A recurrent layer or cell of PyTorch or a `SequenceClassifier`, not bidirectional.  Of any
        other module pass the recurrent part, with `input` as that reads it.
    starts : (n, s) array_like or tensor
        Whole states: all layers from below, (h, c) for an LSTM.
    input : (d,) array_like or tensor, optional
        What is read at each step; default: zeros.

    Returns
    -------
    FixedPoints
        Points nearer to one another than 1e-4 of the largest norm are one.

    Raises
    ------
    ValueError
        If `starts` or `input` do not fit `model` or are not finite, the first step from a
        start is not finite, or `model` is bidirectional or does more than its recurrent part.

    Notes
    -----
    O(s^3) for each start and step, 5 to 10 steps.  Memory of 1024 searches at once beside
    the result.

    References
    ----------
    .. [1] D. Sussillo and O. Barak, Neural Comput. 25 (2013), 626-649.

    Examples
    --------
    A unit h' = tanh(2h) rests at 0 and where h = tanh(2h):

    >>> unit = nn.RNN(1, 1, bias=False)
    >>> _ = nn.init.constant_(unit.weight_hh_l0, 2.0)
    >>> found = fixed_points(unit, [[-1.0], [0.1], [0.8]])
    >>> found.states[:, 0].round(6).tolist(), found.kinds
    ([-0.957504, 0.957504, 0.0], ('stable', 'stable', 'unstable'))
    """
    return fixed_points_of(causal_cells(own_cells(model)), starts, input)


def fixed_points_of(
    cells: tuple[Cell, ...], starts: ArrayLike | Tensor, input: ArrayLike | Tensor | None = None
) -> FixedPoints:
    """The fixed points of the map of stacked `cells`, as `fixed_points` finds them."""
    x, s = _constant(input, cells), _checked(starts, cells)
    speeds = velocity(cells, x, s).square().sum(1)
    if not bool(speeds.isfinite().all()):
        raise ValueError(
            f"`starts` must not diverge: from {int((~speeds.isfinite()).sum())} of {len(s)} the"
            " search is not finite after one step (weights of a training that diverged?)"
        )
    return _result(cells, x, searched(cells, x, s))


def _result(cells: tuple[Cell, ...], x: Tensor, ends: Ends) -> FixedPoints:
    fixed = ends.fixed.cpu().numpy()
    s, v, n = (part.cpu().numpy() for part in (ends.states, ends.speeds, ends.counts))
    J = stack_jacobian(cells, x, ends.states[ends.fixed]).cpu().numpy()
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


def causal_cells(cells: tuple[tuple[Cell, ...], ...]) -> tuple[Cell, ...]:
    """The cells of the only direction.

    Raises
    ------
    ValueError
        If there are two directions.
    """
    if len(cells) > 1:
        raise ValueError(
            "`model` must be causal, got a bidirectional network, which has no one state map:"
            " load the weights of one direction into a network of its own"
        )
    return cells[0]


def _constant(input: ArrayLike | Tensor | None, cells: tuple[Cell, ...]) -> Tensor:
    W, d = cells[0].W, cells[0].n_inputs
    x = W.new_zeros(d) if input is None else _numbers(input, W)
    if x.shape != (d,) or not bool(x.isfinite().all()):
        raise ValueError(
            f"`input` must be ({d},) finite numbers as `model` reads at one step,"
            f" got shape {tuple(x.shape)}: {x.tolist()}"
        )
    return x[None]


def _checked(starts: ArrayLike | Tensor, cells: tuple[Cell, ...]) -> Tensor:
    size = sum(cell.state_size for cell in cells)
    s = _numbers(starts, cells[0].W)
    if s.ndim != 2 or s.shape[1] != size:
        raise ValueError(
            f"`starts` must have shape (n, {size}), whole states: all layers from below,"
            f" (h, c) for an LSTM; got {tuple(s.shape)}"
        )
    if not len(s):
        raise ValueError("`starts` must hold at least one state, got none")
    if not bool(s.isfinite().all()):
        raise ValueError(
            "`starts` must be finite (`state_trajectory` gives NaN at padded steps: leave them out)"
        )
    return s


def _numbers(values: ArrayLike | Tensor, like: Tensor) -> Tensor:
    # A copy: torch warns of arrays that it could not write to, and takes no negative strides.
    given = values if isinstance(values, Tensor) else torch.from_numpy(np.array(values, np.float64))
    return given.detach().to(like)
