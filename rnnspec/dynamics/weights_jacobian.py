"""The Jacobian at a fixed point of a network of which only the weights are known.

The state map under zero input needs no data.  The weights do not say by which formula the network
steps: PyTorch's is assumed, with a warning.  If a file names another formula, it is refused.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rnnspec.dynamics.fixed_points import fixed_points
from rnnspec.dynamics.named import JACOBIAN, at_point
from rnnspec.models.files.reading import read_contents
from rnnspec.models.keys import stacks_of_state_dict
from rnnspec.models.layers import recurrent_cells
from rnnspec.models.module_of_weights import module_of_weights
from rnnspec.models.names import MARK
from rnnspec.models.remarks import AssumptionWarning

RANDOM, STEPS = 15, 100  # random states, and steps that each of them is followed
SCALES = 0.05, 2.0  # of the random states, from the smallest to the largest
FORMULA = {
    "rnn": "nn.RNN with tanh",
    "lstm": "nn.LSTM with sigmoid gates and tanh",
    "gru": "nn.GRU with the reset after the product",
}


def weights_jacobian(
    weights: Mapping[str, Any],
    name: str,
    formula: Mapping[str, str] | None = None,
    where: str = "`weights`",
) -> NDArray[Any]:
    """The Jacobian that `name` means, at a fixed point under zero input.

    The searches start from zero, from random states, and from the states that these lead to.

    Parameters
    ----------
    weights : mapping
        A state dict, or the arrays of a file: see `rnnspec.models.files`.
    name : str
        ``layer0.jacobian@fixed0`` is the block of one layer, at a fixed point of the layers up
        to it; ``jacobian@fixed0`` is that of the whole state.  A bidirectional network has the
        first layer of either direction.  If there are several recurrent modules, the beginning
        of their keys comes first: ``encoder.layer0.jacobian@fixed0``.
    formula : mapping of str to str, optional
        For a beginning of keys, why PyTorch's formula does not hold for that module.
    where : str
        The name of the source in errors.

    Returns
    -------
    (s, s) array, float64

    Raises
    ------
    ValueError
        If `name` is no such name or needs data, `weights` has no such module, layer or fixed
        point, its formula is another, or the network is not causal.

    Examples
    --------
    >>> with warnings.catch_warnings(action="ignore", category=AssumptionWarning):
    ...     J = weights_jacobian(nn.LSTM(3, 8).state_dict(), "layer0.jacobian@fixed0")
    >>> J.shape
    (16, 16)
    """
    module, match = _network(weights, name, formula, where)
    cells = recurrent_cells(module)[0]
    warnings.warn(
        f"{where}: {name} assumes {FORMULA[cells[0].kind]}, under zero input; weights alone do"
        " not tell",
        AssumptionWarning,
        stacklevel=2,
    )
    found = fixed_points(module, _starts(module))
    return at_point(found, int(match["fixed"]), [c.state_size for c in cells], match["layer"])


def why_no_jacobian(source: str | Path, name: str) -> str:
    """Why the file `source` has no Jacobian `name`, or nothing; no fixed point is searched.

    Examples
    --------
    >>> why_no_jacobian("none.pt", "layer0.jacobian@fixed0")
    'none.pt does not exist'
    """
    try:
        contents = read_contents(source)
        with warnings.catch_warnings(action="ignore"):
            _network(contents.arrays, name, contents.formula, str(source))
    except ValueError as why:
        return str(why)
    return ""


def _network(
    weights: Mapping[str, Any], name: str, formula: Mapping[str, str] | None, where: str
) -> tuple[nn.RNNBase, re.Match[str]]:
    """The module whose Jacobian `name` means, and the parts of the name."""
    match = re.fullmatch(f"(?P<prefix>.*?){JACOBIAN}", name)
    if match is None:
        raise ValueError(
            f"a Jacobian of weights is named layer0.{MARK}fixed0 (layer0.reverse, or no layer for"
            f" the whole state), got {name!r}"
        )
    if not match["fixed"]:
        raise ValueError(
            f"{name!r} needs a network and its data: SOURCE must be a run directory, got {where};"
            f" of weights alone there is layer0.{MARK}fixed0, under zero input"
        )
    stacks = stacks_of_state_dict(weights, where)
    prefix = _prefix(match["prefix"], list(dict.fromkeys(s.place.prefix for s in stacks)), name)
    if reason := (formula or {}).get(prefix):
        raise ValueError(
            f"{where}: {prefix.rstrip('.') or 'the network'} has no Jacobian by PyTorch's formula:"
            f" {reason}; its matrices can be measured"
        )
    both = len({s.place.reverse for s in stacks if s.place.prefix == prefix}) > 1
    if both and match["layer"] is None:
        raise ValueError(
            f"{name!r} must name a layer of a bidirectional network, which has no one causal state"
            f" map: layer0.{MARK}fixed0 or layer0.reverse.{MARK}fixed0"
        )
    layers = None if match["layer"] is None else int(match["layer"]) + 1
    reverse = match["reverse"] is not None
    if not both and match["layer"] is None:
        reverse = stacks[0].place.reverse
    return module_of_weights(weights, prefix, reverse, layers), match


def _prefix(given: str, known: list[str], name: str) -> str:
    """The beginning of the keys of the module that `name` means."""
    if given in known:
        return given
    if not given and len(known) == 1:
        return known[0]
    ends = ", ".join(f"{prefix}layer0.{MARK}fixed0" for prefix in known)
    raise ValueError(f"{name!r} must be of a module that there is: {ends}")


def _starts(module: nn.RNNBase) -> Tensor:
    """Zero, random states of many scales, and the states that these lead to under zero input."""
    generator = torch.Generator().manual_seed(0)
    shape = (module.num_layers, RANDOM, module.hidden_size)
    scales = torch.from_numpy(np.geomspace(*SCALES, RANDOM))[:, None]
    before = [
        torch.randn(shape, generator=generator, dtype=torch.float64) * scales
        for _ in range(2 if isinstance(module, nn.LSTM) else 1)
    ]
    inputs = torch.zeros(STEPS, RANDOM, module.input_size, dtype=torch.float64)
    with torch.no_grad():
        _, last = module(inputs, tuple(before) if len(before) > 1 else before[0])
    after = last if isinstance(last, tuple) else (last,)
    # A whole state: the layers from below, of each (h, c).
    states = [
        torch.stack(list(parts), 2).permute(1, 0, 2, 3).reshape(RANDOM, -1)
        for parts in (before, after)
    ]
    return torch.cat([torch.zeros_like(states[0][:1]), *states])
