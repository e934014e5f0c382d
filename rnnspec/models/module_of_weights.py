"""A PyTorch module with the weights of a mapping, for functions that take a module.

It steps by PyTorch's formula with tanh: weights alone do not tell tanh from relu.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from rnnspec.models.arrays import as_array, first_not_finite
from rnnspec.models.keys import Stack, weights_beside, weights_in

MODULES = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


def module_of_weights(
    source: Mapping[str, Any], prefix: str = "", end: str = "", layers: int | None = None
) -> nn.RNNBase:
    """An ``nn.RNN``, ``nn.LSTM`` or ``nn.GRU`` in float64 with the weights under `prefix`.

    Parameters
    ----------
    source : mapping
        A state dict, as `weights_in` takes it.
    prefix : str
        The beginning of the keys, before ``weight_hh``.
    end : {"", "_reverse"}
        Which direction; the module has this one alone.
    layers : int, optional
        How many layers, from below; default: all.

    Raises
    ------
    ValueError
        If there are no such weights; if some are missing, complex or not finite; or if a layer
        above the first reads both directions.

    Examples
    --------
    >>> gru = nn.GRU(3, 8, num_layers=2)
    >>> copied = module_of_weights(gru.state_dict(), layers=1)
    >>> copied, bool((copied.weight_hh_l0 == gru.weight_hh_l0).all())
    (GRU(3, 8), True)
    """
    found = weights_in(source)
    here = [stack for stack in found.stacks if stack.prefix == prefix]
    mine = {s.layer: s for s in here if s.suffix.endswith("_reverse") == bool(end)}
    n = len(mine) if layers is None else layers
    missing = next((k for k in range(max(n, 1)) if k not in mine), None)
    if missing is not None:
        raise ValueError(
            f"{prefix}weight_hh_l{missing}{end} must be among the weights, got"
            f" {', '.join(stack.key for stack in found.stacks) or 'none'}"
        )
    chosen = [mine[k] for k in range(n)]
    if n > 1 and len(here) > len(mine):
        raise ValueError(
            f"layer {n - 1} of {prefix or 'the network'} reads both directions of the one below:"
            " a bidirectional network has no one causal state map above its first layer"
        )
    weights = [_layer(stack, found.arrays, prefix) for stack in chosen]
    d, h, cell = weights[0]["weight_ih"].shape[1], chosen[0].weight.shape[1], chosen[0].cell
    for stack, parts in zip(chosen[1:], weights[1:], strict=True):
        if (
            stack.cell != cell
            or parts["weight_hh"].shape[1] != h
            or parts["weight_ih"].shape[1] != h
        ):
            raise ValueError(f"{stack.key} does not fit the layer below it: the shapes differ")
    # On no device, so that no random numbers are drawn for weights that are replaced.
    module: nn.RNNBase = MODULES[cell](d, h, num_layers=n, dtype=torch.float64, device="meta")
    module = module.to_empty(device="cpu")
    with torch.no_grad():
        for k, parts in enumerate(weights):
            for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                parameter = getattr(module, f"{part}_l{k}")
                parameter.copy_(parts[part]) if part in parts else parameter.zero_()
    return module.eval()


def _layer(stack: Stack, arrays: Mapping[str, Any], prefix: str) -> dict[str, torch.Tensor]:
    """The weights of one layer and direction in float64; biases may be missing."""
    given = {"weight_hh": stack.weight} | weights_beside(stack, arrays)
    parts = {}
    for part, value in given.items():
        A = as_array(value)
        if A.dtype.kind == "c" or first_not_finite(A) is not None:
            raise ValueError(f"{prefix}{part}{stack.suffix} must be real and finite")
        parts[part] = torch.from_numpy(A)
    if "weight_ih" not in parts:
        raise ValueError(
            f"{prefix}weight_ih{stack.suffix} must be among the weights: without it the network is"
            " not whole (only its recurrent matrices can be measured)"
        )
    if parts["weight_ih"].ndim != 2 or any(
        parts[part].ndim != 1 for part in ("bias_ih", "bias_hh") if part in parts
    ):
        raise ValueError(f"weights beside {stack.key} must be a matrix and two vectors")
    return parts
