"""The arrays in an unpickled object, under keys that lead to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from rnnspec.models.files.notes import Instance
from rnnspec.models.files.pickled_modules import (
    is_class_of_pytorch,
    other_formula,
    unpack_weights,
)
from rnnspec.models.files.pickled_numpy import array_of, check_no_other_matrix, is_array
from rnnspec.models.files.refusal import LeftOut
from rnnspec.models.files.storages import Lazy
from rnnspec.models.foreign_names import is_recurrent

# A pickle of a kilobyte can describe lists of lists that hold one another 2^100 times.  A network
# has far fewer objects that several others share, and less depth, than these two numbers.
AGAIN = 100_000
DEEPEST = 500
_MODULE = ("_parameters", "_buffers", "_modules")

Child = tuple[str, Any]


class Walked(NamedTuple):
    """The attributes of `Contents` with these names."""

    arrays: dict[str, Any]
    left_out: tuple[str, ...]
    formula: dict[str, str]
    assumed: tuple[str, ...]


def arrays_in(root: Any, name: str = "it") -> Walked:
    """Each tensor and array below `root` by its dotted key, and sentences about them.

    A module contributes the keys of its state dict, without the names of the dicts in which it
    keeps parameters, buffers and modules.  A root that is an array itself is called `name`.

    Raises
    ------
    ValueError
        If an array is damaged, or if objects lie within one another without end.

    Examples
    --------
    >>> import torch
    >>> arrays_in({"epoch": 3, "net": [Lazy(lambda: torch.ones(1))]}).arrays
    {'net.0': tensor([1.])}
    """
    arrays: dict[str, Any] = {}
    left_out: list[str] = []
    formula: dict[str, str] = {}
    assumed: list[str] = []
    above: set[int] = set()  # the objects on the way from the root, so that a circle ends
    path: list[tuple[int, Iterator[Child]]] = []
    waiting: Iterator[Child] = iter([(name if _is_array(root) else "", root)])
    seen: set[int] = set()
    again = 0
    while True:
        for key, value in waiting:
            if _is_array(value):
                _take(key, value, arrays, left_out)
            elif id(value) not in above and (children := _children(key, value, left_out)):
                again += len(children) if id(value) in seen else 0
                if len(path) == DEEPEST or again > AGAIN:
                    raise ValueError("objects within one another without end")
                seen.add(id(value))
                if isinstance(value, Instance) and (reason := other_formula(value)):
                    prefix = f"{key}." if key else ""
                    formula[prefix] = reason
                    if not is_class_of_pytorch(value):
                        assumed.append(f"`{prefix}weight_hh` is cut as PyTorch's: {reason}")
                path.append((id(value), waiting))
                above.add(id(value))
                waiting = iter(children)
                break
        else:
            if not path:
                return Walked(arrays, tuple(left_out), formula, tuple(assumed))
            done, waiting = path.pop()
            above.remove(done)


def _is_array(value: Any) -> bool:
    return isinstance(value, Lazy) or is_array(value)


def _take(key: str, value: Any, arrays: dict[str, Any], left_out: list[str]) -> None:
    """Put an array under its key, or say why it is left out."""
    try:
        found = value.read() if isinstance(value, Lazy) else array_of(value)
    except LeftOut as why:
        left_out.append(f"{key}: {why}")
        return
    if key in arrays:
        left_out.append(f"{key}: a second array under the same key")
    else:
        arrays[key] = found


def _children(key: str, value: Any, left_out: list[str]) -> list[Child]:
    """The objects in `value`, each under its key."""
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
        for child in (_children(key, one, left_out) if _is_plain(one) else [(key, one)])
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
        if _is_array(value):
            left_out.append(f"{name}: an attribute of a module that is no part of its state dict")
        elif value is not passing:
            yield name, value
