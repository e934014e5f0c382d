"""The recurrent module, among weights without data, whose Jacobian a name means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from torch import nn

from rnnspec.dynamics.named import JACOBIAN
from rnnspec.models.keys import stacks_of_state_dict
from rnnspec.models.module_of_weights import module_of_weights
from rnnspec.models.names import MARK


def module_of_name(
    weights: Mapping[str, Any], name: str, formula: Mapping[str, str] | None, where: str
) -> tuple[nn.RNNBase, re.Match[str]]:
    """The module whose Jacobian `name` means, with the layers up to it, and the parts of the name.

    `weights`, `name`, `formula` and `where` are those of `weights_jacobian`.

    Raises
    ------
    ValueError
        If `name` is no such name or needs data, `weights` has no such module or layer, the module
        steps by another formula, or the network is not causal.
    """
    match = re.fullmatch(f"(?P<prefix>.*?){JACOBIAN}", name)
    if match is None:
        raise ValueError(
            f"a Jacobian of weights is named layer0.{MARK}fixed0 (with layer0.reverse, or with no"
            f" layer for the whole state), got {name!r}"
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
    raise ValueError(f"{name!r} must name one of the recurrent modules: {ends}")
