"""Arrays in nested mappings, under dotted keys, and the texts that list them in an error."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from rnnspec.models.arrays import is_tensor

KEYS = 12  # the most that an error names


def flatten(source: Mapping[Any, Any], start: str = "") -> dict[str, Any]:
    """The arrays of nested mappings and sequences, their keys joined by dots.

    Examples
    --------
    >>> list(flatten({"net": {"W": np.eye(2)}, "epoch": 3, "parts": [{"b": np.ones(2)}]}))
    ['net.W', 'parts.0.b']
    """
    found: dict[str, Any] = {}
    for key, value in source.items():
        if isinstance(value, Mapping):
            found |= flatten(value, f"{start}{key}.")
        elif isinstance(value, list | tuple) and any(
            isinstance(part, Mapping | np.ndarray) or is_tensor(part) for part in value
        ):
            found |= flatten(dict(enumerate(value)), f"{start}{key}.")
        elif is_tensor(value) or _is_numeric(value):
            found[f"{start}{key}"] = value
    return found


def none_found(where: str, arrays: Mapping[str, Any]) -> str:
    """The error text where `arrays` hold no recurrent weight; it lists their keys."""
    keys = (
        list_keys(arrays) if arrays else "any array is taken by its `key`, a stack with its `cut`"
    )
    return (
        f"{where} must hold recurrent weights (keys that end in weight_hh_l0 or weight_hh),"
        f" found none (a feed-forward network, or weights under other names?); {keys}"
    )


def list_keys(arrays: Mapping[str, Any]) -> str:
    """The keys with their shapes as a sentence: the first twelve, then how many more there are."""
    if not arrays:
        return "it holds no arrays"
    # Matrices come first, since one of them may be the recurrent weight.
    shapes = {key: tuple(np.shape(W)) for key, W in arrays.items()}
    order = sorted(shapes, key=lambda key: len(shapes[key]) != 2)
    shown = ", ".join(f"{key} {shapes[key]}" for key in order[:KEYS])
    more = f" and {len(order) - KEYS} more" if len(order) > KEYS else ""
    return f"its keys: {shown}{more}; {_way(shapes.values())}"


def _way(shapes: Iterable[tuple[int, ...]]) -> str:
    """What can be done with arrays of these shapes."""
    matrices = [shape for shape in shapes if len(shape) == 2 and 0 not in shape]
    if any(rows == columns for rows, columns in matrices):
        return "a square one is taken with --matrix KEY, in Python `key`"
    if any(max(shape) in (3 * min(shape), 4 * min(shape)) for shape in matrices):
        return (
            "none is square; a stack of gates is taken with --matrix KEY --cut CELL:GATES:AXIS, in"
            " Python `key` and `cut`"
        )
    return "none is square: write the square block that acts on the state alone, by numpy.save"


def _is_numeric(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "biufcV" and value.dtype.names is None
    try:
        return isinstance(value, list | tuple) and np.asarray(value).dtype.kind in "biufc"
    except ValueError:  # rows of several lengths
        return False
