r"""Fixed and slow points of the state map at constant input.

.. math:: F(x, s^*) = s^*

Between its inputs a network that solves a task moves among these points: memories rest in
stable ones, decisions pass by saddles.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from rnnspec.dynamics.linear_maps import FixedPoints, linearise
from rnnspec.dynamics.search import search_from
from rnnspec.dynamics.trajectory import causal_cells
from rnnspec.dynamics.velocity import velocity
from rnnspec.models.layers import Cell
from rnnspec.models.reading import own_cells
from rnnspec.models.stack import whole_size


def fixed_points(
    model: nn.Module, starts: ArrayLike | Tensor, input: ArrayLike | Tensor | None = None
) -> FixedPoints:
    r"""Fixed and slow points of `model` at constant input, by searches from many states.

    .. math:: \min_s \|F(x, s) - s\|^2

    Here F is the map from a state to the next.  A slow point is a state at which a search ended
    although the state still moves.  Each search goes downhill by the method of Levenberg and
    Marquardt with the Jacobian in closed form, all in float64, and Newton's method ends it.  It
    ends near where it starts, at a saddle as readily as at a stable point: start from states that
    the network visits, as `state_trajectory` gives them.  If `FixedPoints.index_sum` then proves
    that points are missing, further searches start between those that were found.

    Parameters
    ----------
    model : module
        A recurrent layer or cell of PyTorch or a `SequenceClassifier`, not bidirectional.  Of any
        other module pass the recurrent part, with `input` as that part reads it.
    starts : (n, s) array_like or tensor
        Whole states: all layers from below, (h, c) for an LSTM.
    input : (d,) array_like or tensor, optional
        The input that the network reads at each step; by default zeros.

    Returns
    -------
    FixedPoints
        The points, with the Jacobian at each fixed point.  Points nearer to one another than 1e-4
        of the largest norm count as one.

    Raises
    ------
    ValueError
        If `starts` or `input` do not fit `model` or are not finite, the first step from a
        start is not finite, or `model` is bidirectional or does more than its recurrent part.

    Notes
    -----
    Cost O(s^3) for each start and iteration; 5 to 10 are usual.  The memory is that of
    1024 searches at once and of the result.

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
    x, s = _constant_input(input, cells), _starting_states(starts, cells)
    speeds = velocity(cells, x, s).square().sum(1)
    if not bool(speeds.isfinite().all()):
        raise ValueError(
            f"`starts` must lead to finite states, but {int((~speeds.isfinite()).sum())} of"
            f" {len(s)} are not finite after one step (weights of a training that diverged?)"
        )
    return linearise(cells, x, search_from(cells, x, s))


def _constant_input(input: ArrayLike | Tensor | None, cells: tuple[Cell, ...]) -> Tensor:
    W, d = cells[0].W, cells[0].n_inputs
    x = W.new_zeros(d) if input is None else _numbers(input, W)
    if x.shape != (d,) or not bool(x.isfinite().all()):
        raise ValueError(
            f"`input` must be ({d},) finite numbers as `model` reads at one step,"
            f" got shape {tuple(x.shape)}: {x.tolist()}"
        )
    return x[None]


def _starting_states(starts: ArrayLike | Tensor, cells: tuple[Cell, ...]) -> Tensor:
    size = whole_size(cells)
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
