"""Which of a file's arrays are recurrent matrices, and under which names.

PyTorch's keys name the layer, the direction and the gates.  Other names (`foreign_names`) say
which array is recurrent, but not how its gates are stacked.  Arrays under neutral names are taken
from a file of matrices, and not from a file of a network's weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec.models.arrays import INTEGERS, as_array, first_not_finite, is_integer
from rnnspec.models.by_key import way_to_cut
from rnnspec.models.files.contents import Contents
from rnnspec.models.keys import Found, weights_in
from rnnspec.models.names import is_input, is_recurrent
from rnnspec.models.nested import list_keys, none_found
from rnnspec.models.recurrent import matrices_of_stacks

SINGLE = ("npy", "mtx", "text")  # files of one array, which is named by the file's stem
TAKE = "--matrix KEY, in Python `key`, takes any square array"
MATRICES = (*SINGLE, "npz", "mat", "hdf5")  # files of matrices


def matrices_among(
    contents: Contents, where: str
) -> tuple[dict[str, NDArray[Any]], tuple[str, ...], tuple[str, ...]]:
    """The matrices in `contents` by name; sentences on what is left out, and on what is assumed.

    Raises
    ------
    ValueError
        If there is no matrix: it names the reasons, or the keys that there are.

    Examples
    --------
    >>> among = Contents("npz", {"rnn.weight_hh_l0": np.eye(2), "B": np.ones((2, 3))})
    >>> found, left_out, assumed = matrices_among(among, "a.npz")
    >>> list(found), left_out, assumed
    (['layer0'], (), ())
    """
    if contents.kind in SINGLE:
        found = Found((), (), (), contents.arrays)
        taken, reasons = _plain(contents.arrays)
    else:
        found = weights_in(contents.arrays)
        taken, reasons = _by_name(contents, found)
        taken = matrices_of_stacks(found.stacks) | taken
    left_out = (*contents.left_out, *found.left_out, *reasons)
    if not taken:
        raise ValueError(_nothing(contents, where, left_out))
    return taken, left_out, (*contents.assumed, *found.assumed)


def _nothing(contents: Contents, where: str, left_out: tuple[str, ...]) -> str:
    """Why there is no matrix in `contents`."""
    if left_out:
        # The one array of a file of one has no key to be taken by.
        # Nor is there a way to take what is not finite or has lost its scale.
        hopeless = {
            key
            for key in contents.arrays
            if any(
                text.startswith((f"`{key}` must be finite", f"`{key}` holds int"))
                for text in left_out
            )
        }
        others = {key: W for key, W in contents.arrays.items() if key not in hopeless}
        keys = f"; {list_keys(others)}" if others and contents.kind not in SINGLE else ""
        return f"{where}: no matrix can be taken; {'; '.join(left_out)}{keys}"
    if contents.kind in MATRICES:
        named = any(np.ndim(W) == 2 for W in contents.arrays.values())
        return (
            f"{where} must hold a two-dimensional numeric array"
            f"{' that is recurrent by its name' if named else ''}, found none;"
            f" {list_keys(contents.arrays)}"
        )
    return none_found(where, contents.arrays)


def _by_name(contents: Contents, found: Found) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """The matrices under other names than PyTorch's, and why others are left out."""
    known = {stack.key for stack in found.stacks}
    others = {
        key: W for key, W in found.arrays.items() if key not in known and "weight_hh" not in key
    }
    named = any(is_recurrent(key) for key in others)
    if contents.kind in ("onnx", "keras") or (
        not named and (known or found.left_out or contents.kind not in MATRICES)
    ):
        return {}, []  # its reader, or PyTorch's keys, say which arrays are recurrent
    neutral = not named
    taken, left_out = {}, []
    for key, W in others.items():
        reason = _why_not(key, W, neutral)
        if reason is None:
            taken[key] = W
        elif reason:
            left_out.append(f"`{key}` {reason}")
    plain, not_plain = _plain(taken)
    return plain, [*left_out, *not_plain]


def _why_not(key: str, W: Any, neutral: bool) -> str | None:
    """Why an array is left out: None if it is taken, "" if that needs no sentence."""
    shape = tuple(np.shape(W))
    square = len(shape) == 2 and shape[0] == shape[1] and shape != (1, 1)
    if is_recurrent(key) and len(shape) not in (0, 2):
        return f"{shape} is recurrent by its name, but has {len(shape)} dimensions, not two"
    if is_recurrent(key) and len(shape) == 2:
        if shape[0] != shape[1]:
            return f"{shape} is recurrent by its name{way_to_cut(key, shape) or ', but not square'}"
        return INTEGERS if is_integer(W) else None
    if is_input(key):
        return f"is square, but by its name it reads the input; {TAKE}" if square else ""
    if neutral:
        return None
    return f"is square, but not recurrent by its name; {TAKE}" if square else ""


def _plain(arrays: Mapping[str, Any]) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """The finite matrices among `arrays`, and a sentence on each array that is none."""
    taken: dict[str, NDArray[Any]] = {}
    left_out = []
    larger = any(np.ndim(W) == 2 and max(np.shape(W)) > 1 for W in arrays.values())
    for key, W in arrays.items():
        if np.ndim(W) > 2:
            left_out.append(f"`{key}` {tuple(np.shape(W))} has more than two dimensions")
        if np.ndim(W) != 2:
            continue
        A = as_array(W)
        if A.size == 0:
            left_out.append(f"`{key}` {A.shape} is empty")
        elif larger and A.shape == (1, 1):
            left_out.append(f"`{key}` is a single number")
        elif (at := first_not_finite(A)) is not None:
            left_out.append(f"`{key}` must be finite, got {A[at]:g} at {list(at)}")
        else:
            taken[key] = A
    return taken, left_out
