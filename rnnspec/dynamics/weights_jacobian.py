"""The Jacobian at a fixed point of a network of which only the weights are known.

The state map under zero input needs no data.  The weights do not say by which formula the network
steps.  PyTorch's formula is assumed, with a warning; a file that names another one is refused.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rnnspec.dynamics.fixed_points import fixed_points
from rnnspec.dynamics.module_of_name import module_of_name
from rnnspec.dynamics.visited import jacobian_at
from rnnspec.models.files.reading import read_contents
from rnnspec.models.keys import AssumptionWarning
from rnnspec.models.layers import recurrent_cells

# The searches start from zero, from so many random states, and from where these are after so many
# steps: the random ones also find saddles, the later ones what the network itself comes to rest at.
RANDOM, STEPS = 15, 100
# The scales of the random states, from nearly linear to saturated units.
SCALES = 0.05, 2.0
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

    The searches start from zero, from random states, and from the states that the network reaches
    from these.

    Parameters
    ----------
    weights : mapping
        A state dict, or the arrays of a file: see `rnnspec.models.files`.
    name : str
        ``layer0.jacobian@fixed0`` is the block of one layer, at a fixed point of the layers up
        to it; ``jacobian@fixed0`` is that of the whole state.  Of a bidirectional network only the
        first layer of each direction has one.  If there are several recurrent modules, the
        beginning of their keys comes first: ``encoder.layer0.jacobian@fixed0``.
    formula : mapping of str to str, optional
        The reason why PyTorch's formula does not hold for a module, under the beginning of its
        keys.
    where : str
        The name of the source in errors.

    Returns
    -------
    (s, s) array, float64

    Raises
    ------
    ValueError
        If `name` is no such name or needs data, `weights` has no such module, layer or fixed
        point, the module steps by another formula, or the network is not causal.

    Examples
    --------
    >>> with warnings.catch_warnings(action="ignore", category=AssumptionWarning):
    ...     J = weights_jacobian(nn.LSTM(3, 8).state_dict(), "layer0.jacobian@fixed0")
    >>> J.shape
    (16, 16)
    """
    module, match = module_of_name(weights, name, formula, where)
    cells = recurrent_cells(module)[0]
    warnings.warn(
        f"{where}: {name} assumes {FORMULA[cells[0].kind]}, under zero input; weights alone do"
        " not say by which formula a network steps",
        AssumptionWarning,
        stacklevel=2,
    )
    found = fixed_points(module, _starts(module))
    return jacobian_at(found, int(match["fixed"]), [c.state_size for c in cells], match["layer"])


def why_no_jacobian(source: str | Path, name: str) -> str:
    """The reason why the file `source` has no Jacobian `name`, or "" if nothing speaks against it.

    No fixed point is searched for, so the name of a point beyond the last one passes.

    Examples
    --------
    >>> why_no_jacobian("none.pt", "layer0.jacobian@fixed0")
    'none.pt does not exist'
    """
    try:
        contents = read_contents(source)
        with warnings.catch_warnings(action="ignore"):
            module_of_name(contents.arrays, name, contents.formula, str(source))
    except ValueError as why:
        return str(why)
    return ""


def _starts(module: nn.RNNBase) -> Tensor:
    """Zero, random states of many scales, and where the network is after 100 steps from these."""
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
    # A whole state holds the layers from below, and of each (h, c).
    states = [
        torch.stack(list(parts), 2).permute(1, 0, 2, 3).reshape(RANDOM, -1)
        for parts in (before, after)
    ]
    return torch.cat([torch.zeros_like(states[0][:1]), *states])
