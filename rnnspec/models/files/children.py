"""What lies in an unpickled object: the entries of containers, the attributes of modules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rnnspec.models.files.notes import Instance
from rnnspec.models.files.pickled_modules import unpack_weights
from rnnspec.models.files.pickled_numpy import check_no_other_matrix, is_array
from rnnspec.models.files.refusal import LeftOut
from rnnspec.models.files.storages import Lazy
from rnnspec.models.foreign_names import is_recurrent

_MODULE = ("_parameters", "_buffers", "_modules")

Child = tuple[str, Any]


def is_array_or_tensor(value: Any) -> bool:
    """Whether `value` is the note of a tensor or of a NumPy array."""
    return isinstance(value, Lazy) or is_array(value)


def children_of(key: str, value: Any, left_out: list[str]) -> list[Child]:
    """The objects in `value`, each under its key; what is left out of them goes to `left_out`."""
    if isinstance(value, dict):
        return list(_under(key, value.items()))
    if isinstance(value, list | tuple):
        if _is_rows(value) and (is_recurrent(key) or "weight_hh" in key):
            left_out.append(f"{key}: a list of lists, which numpy.array makes an array to be read")
            return []
        return list(_under(key, enumerate(value)))
    if not isinstance(value, Instance):
        return []
    try:
        check_no_other_matrix(value)
        if (weights := unpack_weights(key, value)) is not None:
            return weights
    except LeftOut as why:
        left_out.append(f"{key or 'it'}: {why}")
        return []
    state = value.state
    if isinstance(state, dict) and all(isinstance(state.get(name), dict) for name in _MODULE):
        return list(_in_module(key, state, left_out))
    slotted = isinstance(state, tuple) and len(state) == 2 and isinstance(state[1], dict)
    attributes = state if slotted else (state,)  # those in the dict, and those in slots
    return [
        child
        for one in (value.args, value.elements, value.items, *attributes)
        for child in (children_of(key, one, left_out) if _is_plain(one) else [(key, one)])
    ]


def _is_rows(value: Any) -> bool:
    """Whether this is a list of lists of numbers."""
    first = value[0] if value else None
    return isinstance(first, list | tuple) and bool(first) and isinstance(first[0], float | int)


def _is_plain(value: Any) -> bool:
    return isinstance(value, dict | list | tuple)


def _under(key: str, pairs: Iterable[tuple[Any, Any]]) -> Iterator[Child]:
    for name, value in pairs:
        if name != "_flat_weights":  # the weights of a PyTorch RNN once more, perhaps stale
            yield f"{key}.{name}" if key else str(name), value


def _in_module(key: str, state: dict[Any, Any], left_out: list[str]) -> Iterator[Child]:
    """The entries of the state dict of a module, then its other attributes that are no tensors."""
    passing = state.get("_non_persistent_buffers_set") or []
    for name in _MODULE:
        kept = {k: v for k, v in state[name].items() if name != "_buffers" or k not in passing}
        yield from _under(key, kept.items())
    left_out += [
        f"{name}: a buffer that is no part of the state dict"
        for name, _ in _under(key, ((k, None) for k in passing))
    ]
    others = [(k, v) for k, v in state.items() if k not in _MODULE]
    for name, value in _under(key, others):
        if is_array_or_tensor(value):
            left_out.append(f"{name}: an attribute of a module that is no part of its state dict")
        elif value is not passing:
            yield name, value
