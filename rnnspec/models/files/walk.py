"""The arrays in an unpickled object, under keys that lead to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from rnnspec.models.files.children import Child, children_of, is_array_or_tensor
from rnnspec.models.files.notes import Instance
from rnnspec.models.files.pickled_modules import is_class_of_pytorch, other_formula
from rnnspec.models.files.pickled_numpy import array_of
from rnnspec.models.files.refusal import LeftOut
from rnnspec.models.files.storages import Lazy

# A pickle of a kilobyte can describe lists of lists that hold one another 2^100 times.  A network
# has far fewer objects that several others share, and less depth, than these two numbers.
AGAIN = 100_000
DEEPEST = 500


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
    for key, value in _walk(root, name, left_out):
        if is_array_or_tensor(value):
            _take(key, value, arrays, left_out)
        elif isinstance(value, Instance) and (reason := other_formula(value)):
            prefix = f"{key}." if key else ""
            formula[prefix] = reason
            if not is_class_of_pytorch(value):
                assumed.append(f"`{prefix}weight_hh` is cut as PyTorch's: {reason}")
    return Walked(arrays, tuple(left_out), formula, tuple(assumed))


def _walk(root: Any, name: str, left_out: list[str]) -> Iterator[Child]:
    """Each array below `root` and each object that holds others, depth first, with its key."""
    above: set[int] = set()  # the objects on the way from the root, so that a circle ends
    path: list[tuple[int, Iterator[Child]]] = []
    waiting: Iterator[Child] = iter([(name if is_array_or_tensor(root) else "", root)])
    seen: set[int] = set()
    again = 0
    while True:
        for key, value in waiting:
            if is_array_or_tensor(value):
                yield key, value
            elif id(value) not in above and (children := children_of(key, value, left_out)):
                again += len(children) if id(value) in seen else 0
                if len(path) == DEEPEST or again > AGAIN:
                    raise ValueError("objects within one another without end")
                seen.add(id(value))
                yield key, value
                path.append((id(value), waiting))
                above.add(id(value))
                waiting = iter(children)
                break
        else:
            if not path:
                return
            done, waiting = path.pop()
            above.remove(done)


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
