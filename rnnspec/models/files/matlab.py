"""MATLAB's files up to version 7, by scipy; structs and cells under dotted keys."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io.matlab import MatlabFunction, MatlabOpaque

from rnnspec.models.files.contents import Contents
from rnnspec.models.files.numeric import dense, numbers_of
from rnnspec.models.files.refusal import LeftOut

DEEPEST = 50  # structs within structs


def read_mat(path: Path) -> Contents:
    """Every array of numbers; a member of a struct as "struct.member", of a cell as "cell.0"."""
    from scipy.io import loadmat

    with warnings.catch_warnings(record=True) as said:  # of variables that scipy passes over
        warnings.simplefilter("always")
        variables = loadmat(path, struct_as_record=True, appendmat=False)
    arrays: dict[str, Any] = {}
    left_out = [" ".join(str(warning.message).split()) for warning in said]
    for name, value in variables.items():
        if name.startswith("__"):
            continue
        for key, array in _arrays(name, value, DEEPEST):
            try:
                if isinstance(array, MatlabFunction | MatlabOpaque):
                    raise LeftOut("an object of MATLAB, no array of numbers")
                arrays[key] = numbers_of(dense(array))
            except LeftOut as why:
                left_out.append(f"{key}: {why}")
    return Contents("mat", arrays, tuple(left_out))


def _arrays(key: str, value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    """The arrays that are neither struct, cell nor text, with their keys."""
    if hasattr(value, "toarray") or isinstance(value, MatlabFunction | MatlabOpaque):
        yield key, value
    elif not isinstance(value, np.ndarray) or value.dtype.kind in "SU" or depth == 0:
        return
    elif value.dtype.names or value.dtype == object:
        entries = value.ravel(order="F")
        for position, entry in enumerate(entries):
            inner = key if value.dtype.names and len(entries) == 1 else f"{key}.{position}"
            if value.dtype.names:
                for member in value.dtype.names:
                    yield from _arrays(f"{inner}.{member}", entry[member], depth - 1)
            else:
                yield from _arrays(inner, entry, depth - 1)
    else:
        yield key, value
