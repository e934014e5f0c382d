"""State Jacobians as named matrices: ``layer0.jacobian@mean``, ``layer0.jacobian@step12``."""

import re

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from rnnspec.dynamics.jacobian import mean_jacobian
from rnnspec.models.layers import recurrent_cells

MARK = "jacobian@"
_NAME = re.compile(
    r"(layer(?P<layer>\d+)(?P<reverse>\.reverse)?\.)?jacobian@(mean|step(?P<step>\d+))"
)


def named_jacobian(
    model: nn.Module,
    inputs: ArrayLike | Tensor,
    lengths: ArrayLike | Tensor | None,
    name: str,
) -> NDArray[np.float64]:
    """The mean Jacobian along data that `name` means.

    Parameters
    ----------
    model, inputs, lengths
        As for `state_jacobians`.
    name : str
        ``layer0.jacobian@mean``: of the layer's own state, given what it reads, over all
        sequences and steps; ``layer0.reverse.`` the same of the other direction;
        ``@step12`` at step 12 alone (the first is 0), over the sequences that reach it;
        ``jacobian@mean`` without a layer: of the whole state of a causal network.

    Returns
    -------
    (s, s) array, float64

    Raises
    ------
    ValueError
        If `name` is no such name, or `model` has no such layer or direction, or the data no
        such step.

    Examples
    --------
    >>> lstm = nn.LSTM(3, 8, num_layers=2)
    >>> named_jacobian(lstm, np.zeros((2, 5, 3)), None, "layer1.jacobian@step4").shape
    (16, 16)
    """
    if not (match := _NAME.fullmatch(name)):
        raise ValueError(
            f"a Jacobian is named layer0.{MARK}mean or layer0.{MARK}step12"
            f" (layer0.reverse, or no layer for the whole state), got {name!r}"
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
            f"{name!r} must be of a layer that there is: layer0 to layer{layers - 1}{ends}"
        )
    direction = ("reverse" if match["reverse"] else "forward") if len(cells) > 1 else None
    steps = None if match["step"] is None else [int(match["step"])]
    own = None if layer is None else int(layer)
    return mean_jacobian(model, inputs, lengths, steps, direction, own)
