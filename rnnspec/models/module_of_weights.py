"""A PyTorch module with the weights of a mapping, for functions that take a module.

It steps by PyTorch's formula with tanh: weights alone do not tell tanh from relu.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from rnnspec.models.arrays import as_array, first_not_finite
from rnnspec.models.keys import Found, Stack, weights_beside, weights_in
from rnnspec.models.names import weight_suffix

MODULES = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


def module_of_weights(
    source: Mapping[str, Any], prefix: str = "", reverse: bool = False, layers: int | None = None
) -> nn.RNNBase:
    """An ``nn.RNN``, ``nn.LSTM`` or ``nn.GRU`` in float64 with the weights under `prefix`.

    Parameters
    ----------
    source : mapping of str to array
        A state dict, as `weights_in` takes it.
    prefix : str
        The beginning of the keys, before ``weight_hh``.
    reverse : bool, default False
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
    chosen = _choose_stacks(found, prefix, reverse, layers)
    weights = [_weights_of_layer(stack, found.arrays) for stack in chosen]
    d, h, cell = weights[0]["weight_ih"].shape[1], chosen[0].weight.shape[1], chosen[0].cell
    for stack, own in zip(chosen[1:], weights[1:], strict=True):
        if stack.cell != cell or {own[name].shape[1] for name in ("weight_hh", "weight_ih")} != {h}:
            raise ValueError(f"{stack.key} does not fit the layer below it: the shapes differ")
    # On no device, so that no random numbers are drawn for weights that are replaced.
    module: nn.RNNBase = MODULES[cell](
        d, h, num_layers=len(chosen), dtype=torch.float64, device="meta"
    )
    module = module.to_empty(device="cpu")
    with torch.no_grad():
        for k, own in enumerate(weights):
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                parameter = getattr(module, name + weight_suffix(k))
                parameter.copy_(own[name]) if name in own else parameter.zero_()
    return module.eval()


def _choose_stacks(found: Found, prefix: str, reverse: bool, layers: int | None) -> list[Stack]:
    """The recurrent weights of the first `layers` layers in one direction."""
    here = [stack for stack in found.stacks if stack.place.prefix == prefix]
    mine = {stack.place.layer: stack for stack in here if stack.place.reverse == reverse}
    n = len(mine) if layers is None else layers
    missing = next((k for k in range(max(n, 1)) if k not in mine), None)
    if missing is not None:
        raise ValueError(
            f"{prefix}weight_hh{weight_suffix(missing, reverse)} must be among the weights, got"
            f" {', '.join(stack.key for stack in found.stacks) or 'none'}"
        )
    if n > 1 and len(here) > len(mine):
        raise ValueError(
            f"layer {n - 1} of {prefix or 'the network'} reads both directions of the one below:"
            " a bidirectional network has no one causal state map above its first layer"
        )
    return [mine[k] for k in range(n)]


def _weights_of_layer(stack: Stack, arrays: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """The weights of one layer and direction in float64; biases may be missing."""
    given = {"weight_hh": stack.weight} | weights_beside(stack, arrays)
    start, end = stack.place.prefix, stack.place.suffix
    tensors = {}
    for name, value in given.items():
        A = as_array(value)
        if A.dtype.kind == "c" or first_not_finite(A) is not None:
            raise ValueError(f"{start}{name}{end} must be real and finite")
        tensors[name] = torch.from_numpy(A)
    if "weight_ih" not in tensors:
        raise ValueError(
            f"{start}weight_ih{end} must be among the weights: without it the network is not whole"
            " (only its recurrent matrices can be measured)"
        )
    wanted = {"weight_hh": 2, "weight_ih": 2, "bias_ih": 1, "bias_hh": 1}
    if any(value.ndim != wanted[name] for name, value in tensors.items()):
        raise ValueError(f"weights beside {stack.key} must be a matrix and two vectors")
    return tensors
