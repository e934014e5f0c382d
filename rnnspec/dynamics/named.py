"""State Jacobians as named matrices: ``layer0.jacobian@mean``, ``@step12``, ``@fixed3``."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from rnnspec.dynamics.mean_jacobian import mean_jacobian
from rnnspec.dynamics.visited import jacobian_at, visited_fixed_points
from rnnspec.models.layers import recurrent_cells
from rnnspec.models.names import LAYER_NAME, MARK, layer_names
from rnnspec.models.sequences import Inputs

JACOBIAN = rf"({LAYER_NAME}\.)?{MARK}(mean|step(?P<step>\d+)|fixed(?P<fixed>\d+))"
_NAME = re.compile(JACOBIAN)


def named_jacobian(
    model: nn.Module,
    inputs: Inputs,
    lengths: ArrayLike | Tensor | None,
    name: str,
) -> NDArray[np.float64]:
    """The Jacobian that `name` means: a mean along data, or that at a fixed point.

    Parameters
    ----------
    model : module
        A module as for `state_jacobians`.
    inputs : SequenceDataset, (n, t, d) array_like or tensor, or list of (t_i, d) arrays
        What `model` reads.
    lengths : (n,) array_like of int, optional
        True lengths of the sequences of an array or tensor; by default all have t steps.
    name : str
        ``layer0.jacobian@mean`` is that of the layer's own state, given what it reads, averaged
        over all sequences and steps; ``layer0.reverse.jacobian@mean`` is that of the other
        direction; ``jacobian@mean`` without a layer is that of the whole state of a causal
        network.  ``@step12`` stands for the mean at step 12 alone (the first step is 0), over the
        sequences that reach it, and ``@fixed3`` for fixed point 3 of a causal network, in the
        order of `FixedPoints`, among those that `visited_fixed_points` finds.

    Returns
    -------
    (s, s) array, float64

    Raises
    ------
    ValueError
        If `name` is no such name, `model` has no such layer, direction or fixed point, or the
        data have no such step.

    Examples
    --------
    >>> lstm = nn.LSTM(3, 8, num_layers=2)
    >>> named_jacobian(lstm, np.zeros((2, 5, 3)), None, "layer1.jacobian@step4").shape
    (16, 16)
    """
    if not (match := _NAME.fullmatch(name)):
        raise ValueError(
            f"a Jacobian is named layer0.{MARK}mean, @step12 or @fixed3"
            f" (with layer0.reverse, or with no layer for the whole state), got {name!r}"
        )
    cells = recurrent_cells(model)
    layers, layer = len(cells[0]), match["layer"]
    if layer is None and len(cells) > 1:
        raise ValueError(
            f"{name!r} must name a layer of a bidirectional network, which has no one causal"
            f" state map: layer0.{name} or layer0.reverse.{name}"
        )
    if int(layer or 0) >= layers or (match["reverse"] and len(cells) == 1):
        ends = ", each with .reverse" if len(cells) > 1 else ""
        raise ValueError(
            f"{name!r} must name a layer of the network, layer0 to layer{layers - 1}{ends}"
        )
    if match["fixed"]:
        found = visited_fixed_points(model, inputs, lengths)
        return jacobian_at(found, int(match["fixed"]), [c.state_size for c in cells[0]], layer)
    direction = ("reverse" if match["reverse"] else "forward") if len(cells) > 1 else None
    steps = None if match["step"] is None else [int(match["step"])]
    own = None if layer is None else int(layer)
    return mean_jacobian(model, inputs, lengths, steps, direction, own)


def mean_jacobian_names(model: nn.Module) -> list[str]:
    """The names of the mean Jacobians of each layer and direction of `model`.

    Raises
    ------
    ValueError
        If `recurrent_cells` raises one.

    Examples
    --------
    >>> mean_jacobian_names(nn.LSTM(3, 8, bidirectional=True))
    ['layer0.jacobian@mean', 'layer0.reverse.jacobian@mean']
    """
    cells = recurrent_cells(model)
    return [f"{name}.{MARK}mean" for name in layer_names(len(cells[0]), len(cells))]
