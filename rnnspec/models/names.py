"""The names of layers and directions: ``layer1.reverse``, of ``weight_hh_l1_reverse``.

The first is rnnspec's name, the second ends PyTorch's names of the weights.  Both are made and
taken apart here and nowhere else.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from rnnspec.models.gates import GATES

# The name of a layer and direction as a pattern, for those who look for it within longer names.
LAYER_NAME = r"layer(?P<layer>\d+)(?P<reverse>\.reverse)?"
# What the name of a state Jacobian has in it: layer0.jacobian@mean, @step12, @fixed3.
MARK = "jacobian@"
_GATE_NAME = re.compile(rf".*{LAYER_NAME}\.({'|'.join(sum(GATES.values(), ()))})")
_SUFFIX = r"_l(?P<layer>\d+)(?P<reverse>_reverse)?"
_WEIGHT = re.compile(rf"(?P<prefix>.*?)weight_hh(?P<suffix>({_SUFFIX})?)")
_PYTORCH = re.compile(rf"(weight|bias)_(ih|hh|hr)({_SUFFIX})?")


class WeightKey(NamedTuple):
    """The key of a recurrent weight, taken apart."""

    prefix: str  # what leads to the module: encoder. or nothing
    layer: int
    reverse: bool
    suffix: str  # what ends the names of its layer and direction: _l0_reverse; none for a cell

    @property
    def name(self) -> str:
        """The name of the layer and direction, for example ``layer0.reverse``."""
        return layer_name(self.layer, self.reverse)


def split_weight_key(key: str) -> WeightKey | None:
    """The key of a recurrent weight of PyTorch's, taken apart; None if `key` is none.

    Examples
    --------
    >>> split_weight_key("encoder.weight_hh_l1_reverse")
    WeightKey(prefix='encoder.', layer=1, reverse=True, suffix='_l1_reverse')
    >>> split_weight_key("weight_ih_l0") is None
    True
    """
    if not (match := _WEIGHT.fullmatch(key)):
        return None
    layer, reverse = int(match["layer"] or 0), bool(match["reverse"])
    return WeightKey(match["prefix"], layer, reverse, match["suffix"])


def weight_suffix(layer: int, reverse: bool = False) -> str:
    """What ends PyTorch's names of the weights of one layer and direction.

    Examples
    --------
    >>> "weight_hh" + weight_suffix(1, reverse=True)
    'weight_hh_l1_reverse'
    """
    return f"_l{layer}{'_reverse' if reverse else ''}"


def layer_name(layer: int, reverse: bool = False) -> str:
    """The name under which rnnspec keeps what belongs to one layer and direction."""
    return f"layer{layer}{'.reverse' if reverse else ''}"


def layer_names(layers: int, directions: int) -> list[str]:
    """The names of all layers from below, each with its one or two directions.

    Examples
    --------
    >>> layer_names(2, 2)
    ['layer0', 'layer0.reverse', 'layer1', 'layer1.reverse']
    """
    return [layer_name(k, bool(side)) for k in range(layers) for side in range(directions)]


def names_gate(name: str) -> bool:
    """Whether `name` is that of one gate's matrix, for example ``layer0.forget``."""
    return _GATE_NAME.fullmatch(name) is not None


def is_of_pytorch(name: str) -> bool:
    """Whether a recurrent module of PyTorch's has a weight or bias with this name."""
    return _PYTORCH.fullmatch(name) is not None


def has_layer_number(name: str) -> bool:
    """Whether the name of an array says the number of a layer, as ``gain_l0`` does."""
    return re.search(_SUFFIX, name) is not None


def has_suffix(name: str, suffix: str) -> bool:
    """Whether an array is of the layer and direction whose names PyTorch ends in `suffix`.

    Examples
    --------
    >>> [has_suffix(name, "_l0") for name in ("gain_l0", "gain_l0_mask", "gain_l0_reverse")]
    [True, True, False]
    """
    return re.search(rf"{suffix}(?!_reverse)(_|$)", name) is not None
