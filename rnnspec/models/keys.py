"""The recurrent weights of a mapping, found by PyTorch's keys."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from rnnspec.models.arrays import as_array
from rnnspec.models.assembly import assemble
from rnnspec.models.gates import GATES, named_gates
from rnnspec.models.names import WeightKey, split_weight_key
from rnnspec.models.nested import flatten, none_found
from rnnspec.models.plausibility import SAY, assumption, cell_of_weight, why_not_pytorch
from rnnspec.models.remarks import warn_of

# A piece from which a weight is computed, for example weight_hh_l0_mask.
_PIECE = re.compile(r"(.*\.)?[^.]*weight_hh[^.]*")


@dataclass(frozen=True, eq=False)
class Stack:
    """One recurrent weight (g*h, h): the gates of a layer and direction, one below another.

    Attributes
    ----------
    name : str
        The name of the layer and direction: layer0, layer1.reverse, encoder.layer0.
    key : str
        The key of the weight in its source.
    place : WeightKey
        The same key, taken apart.
    cell : {"rnn", "lstm", "gru"}
    weight : array or tensor, shape (g*h, h)
    """

    name: str
    key: str
    place: WeightKey
    cell: str
    weight: Any


@dataclass(frozen=True, eq=False)
class Found:
    """The recurrent weights of a mapping, and sentences on what was left out or assumed.

    Attributes
    ----------
    stacks : tuple of Stack
    left_out, assumed : tuple of str
    arrays : dict of str to array
        All arrays of the mapping; a weight that was put together stands under its plain key.
    """

    stacks: tuple[Stack, ...]
    left_out: tuple[str, ...]
    assumed: tuple[str, ...]
    arrays: dict[str, Any]


def stacks_of_state_dict(source: Mapping[str, Any], where: str = "`source`") -> tuple[Stack, ...]:
    """The recurrent weights of a state dict, with a warning for what is left out or assumed.

    Raises
    ------
    ValueError
        If no weight can be taken: it names the reason for each, or the keys that there are.
    """
    found = weights_in(source)
    if not found.stacks:
        if found.left_out:
            raise ValueError(
                f"{where}: no recurrent weight can be taken; " + "; ".join(found.left_out)
            )
        raise ValueError(none_found(where, found.arrays))
    warn_of(found.left_out, found.assumed)
    return found.stacks


def weights_in(source: Mapping[str, Any]) -> Found:
    """The recurrent weights among the items of `source`, nested ones under dotted keys.

    A weight that is kept in pieces is put together, see `assemble`.  A weight is left out, with
    a sentence that names it, if it cannot be put together; if its shape is not (h, h), (3h, h)
    or (4h, h); if it holds integers, a NaN or an infinity; or if it does not fit the other
    weights of its layer, as the weight of a cell that is none of PyTorch's.  The state dict of a
    cell class does not name the cell; what is assumed then stands in `Found.assumed`.

    Examples
    --------
    >>> import numpy as np
    >>> found = weights_in({"encoder": {"weight_hh_l0": np.zeros((8, 2))}})
    >>> [(stack.name, stack.key, stack.cell) for stack in found.stacks]
    [('layer0', 'encoder.weight_hh_l0', 'lstm')]
    """
    arrays, refused = assemble(flatten(source))
    left_out = [f"`{key}`: {why}" for key, why in refused.items() if split_weight_key(key)]
    places = {key: place for key in arrays if (place := split_weight_key(key))}
    several = len({place.prefix for place in places.values()}) > 1
    stacks, assumed = [], []
    for key, place in places.items():
        W, beside = arrays[key], _arrays_beside(place, arrays)
        cell, reason = cell_of_weight(W)
        if cell is None or (reason := why_not_pytorch(W, cell, place, beside)):
            left_out.append(f"`{key}` {reason}")
            continue
        name = place.prefix + place.name if several else place.name
        stacks.append(Stack(name, key, place, cell, W))
        inside = _arrays_inside(place, arrays)
        assumed += assumption(key, W, cell, place.suffix, [*beside, *inside])
    plain = places.keys() | refused.keys()
    left_out += [
        f"`{key}` is no weight of PyTorch's, nor all the pieces of one ({SAY})"
        for key in arrays
        if _PIECE.fullmatch(key) and key not in plain and not _is_explained(key, plain)
    ]
    return Found(tuple(stacks), tuple(left_out), tuple(assumed), arrays)


def weights_beside(stack: Stack, arrays: Mapping[str, Any]) -> dict[str, Any]:
    """The other weights of the same layer and direction, by PyTorch's names without suffix."""
    place = stack.place
    return {
        name: arrays[key]
        for name in ("weight_ih", "bias_ih", "bias_hh")
        if (key := f"{place.prefix}{name}{place.suffix}") in arrays
    }


def matrices_of_stacks(stacks: Iterable[Stack]) -> dict[str, NDArray[Any]]:
    """The matrices of recurrent weights by gate, then the stacks of those that have gates."""
    arrays = [(stack.name, stack.cell, as_array(stack.weight)) for stack in stacks]
    matrices: dict[str, NDArray[Any]] = {}
    for name, cell, W in arrays:
        matrices |= named_gates(name, cell, W)
    return matrices | {f"{name}.stacked": W for name, cell, W in arrays if GATES[cell]}


def _arrays_beside(place: WeightKey, arrays: Mapping[str, Any]) -> dict[str, Any]:
    """The arrays of the same module by their names in it."""
    start = place.prefix
    return {
        rest: W
        for key, W in arrays.items()
        if key.startswith(start) and "." not in (rest := key[len(start) :])
    }


def _arrays_inside(place: WeightKey, arrays: Mapping[str, Any]) -> list[str]:
    """Arrays of modules inside the one that keeps the weight; a cell of PyTorch's has none."""
    start = place.prefix
    if place.suffix and not start:
        return []  # the root of a model, perhaps
    below = (key[len(start) :] for key in arrays if key.startswith(start))
    return [rest for rest in below if "." in rest][:3]


def _is_explained(piece: str, plain: set[str]) -> bool:
    """Whether the sentence on a weight already names this piece of it."""
    return any(piece.startswith(f"{key}_") for key in plain)
