"""Which of a file's arrays are recurrent matrices, and under which names.

PyTorch's keys name the layer, the direction and the gates.  Names of other programs, see
`rnnspec.models.foreign_names`, say which array is recurrent, but not how its gates are stacked.
Arrays under neutral names are taken from a file of matrices, and not from a file of a network's
weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec.models.arrays import INTEGERS, finite_matrices, is_integer
from rnnspec.models.by_key import way_to_cut
from rnnspec.models.files.contents import MATRICES, SINGLE, Contents
from rnnspec.models.foreign_names import is_input, is_recurrent
from rnnspec.models.keys import Found, matrices_of_stacks, weights_in
from rnnspec.models.nested import list_keys, none_found

TAKE = "--matrix KEY, in Python `key`, takes any square array"


def matrices_among(
    contents: Contents,
) -> tuple[dict[str, NDArray[Any]], tuple[str, ...], tuple[str, ...]]:
    """The recurrent matrices in `contents`, by name.

    Returns
    -------
    dict of str to array, shape (h, h)
        The gates and the stacks of PyTorch's weights, then the matrices under other names.
    tuple of str
        A sentence on each array that is left out.
    tuple of str
        A sentence on each thing that is assumed.

    Examples
    --------
    >>> among = Contents("npz", {"rnn.weight_hh_l0": np.eye(2), "B": np.ones((2, 3))})
    >>> found, left_out, assumed = matrices_among(among)
    >>> list(found), left_out, assumed
    (['layer0'], (), ())
    """
    found = weights_in(contents.arrays)
    others, reasons = _under_other_names(contents, found)
    left_out = (*contents.left_out, *found.left_out, *reasons)
    return (
        matrices_of_stacks(found.stacks) | others,
        left_out,
        (*contents.assumed, *found.assumed),
    )


def _under_other_names(
    contents: Contents, found: Found
) -> tuple[dict[str, NDArray[Any]], list[str]]:
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
    matrices, no_matrices = finite_matrices(taken)
    return matrices, [*left_out, *no_matrices]


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


def why_no_matrix(contents: Contents, where: str, left_out: tuple[str, ...]) -> str:
    """The error text where no matrix of `contents` is taken: the reasons, or the keys it has."""
    if left_out:
        # A key would help with neither the one array of its file, which has none, nor with an
        # array that is not finite or has lost its scale.
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
