"""One array of a source by its full key, or its gates, cut in the order that the user names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec.models.arrays import INTEGERS, as_array, first_not_finite, is_integer
from rnnspec.models.cut import FORM, Cut, cut_stack, fits, parse_cut
from rnnspec.models.foreign_names import is_input, is_recurrent
from rnnspec.models.gates import cell_of_shape
from rnnspec.models.keys import weights_in
from rnnspec.models.nested import flatten, list_keys

# The cuts that PyTorch itself would have; the user puts the letters in the order of the stack.
USUAL = {"rnn": "rnn:h", "lstm": "lstm:ifgo", "gru": "gru:rzn"}


def matrices_by_key(
    arrays: Mapping[str, Any],
    key: str | None,
    cut: str | None,
    where: str = "`source`",
    integers: bool = False,
) -> dict[str, NDArray[Any]]:
    """The array `key` of `arrays` by that name, or the gates into which `cut` divides it.

    Parameters
    ----------
    arrays : mapping
        May be nested.  Of a weight that is kept in pieces `key` may name the weight or a piece.
    key : str or None
        The full key; with `cut` also ``KEY.GATE`` for one gate.  None means each array with a
        recurrent name that `cut` fits, or the only one of two dimensions.
    cut : str or None
        ``CELL:GATES:AXIS``, see `parse_cut`.  Without it the array must be square.
    where : str
        The name of the source in errors.
    integers : bool
        Whether an array of integers is taken.  Among the weights of a network it is refused: it
        is a quantised weight without its scale.

    Raises
    ------
    ValueError
        If there is no such key; if the array is no matrix of finite numbers; or if it is neither
        square nor a stack as `cut` says.

    Examples
    --------
    >>> list(matrices_by_key({"enc_w_hh": np.ones((6, 2))}, "enc_w_hh", "gru:rzn:rows"))
    ['enc_w_hh.reset', 'enc_w_hh.update', 'enc_w_hh.new']
    >>> matrices_by_key({"h2h": {"weight": np.eye(1)}}, "h2h.weight", None)
    {'h2h.weight': array([[1.]])}
    """
    how = None if cut is None else parse_cut(cut)
    found = weights_in(arrays).arrays | flatten(arrays)
    if key is None:
        assert how is not None
        return {
            name: W
            for one in _to_cut(found, how, where)
            for name, W in cut_stack(_matrix(found, one, where, integers), how, one).items()
        }
    same = {name.replace("/", "."): name for name in found}
    name = same.get(key.replace("/", "."))
    gate = None
    if name is None and how is not None:
        stem, _, gate = key.replace("/", ".").rpartition(".")
        name = same.get(stem) if gate in how.gates else None
    if name is None:
        raise ValueError(f"{where} has no matrix {key!r}{near(key, found)}; {list_keys(found)}")
    W = _matrix(found, name, where, integers)
    if how is not None:
        gates = cut_stack(W, how, name)
        return {f"{name}.{gate}": gates[f"{name}.{gate}"]} if gate else gates
    if W.shape[0] != W.shape[1]:
        why = ", and it reads the input" if is_input(name) else way_to_cut(name, W.shape)
        raise ValueError(f"{where}: `{name}` {W.shape} is not square{why}")
    return {name: W}


def keys_of(arrays: Mapping[str, Any]) -> set[str]:
    """The keys that `matrices_by_key` knows, dots for slashes: of weights and of their pieces."""
    return {key.replace("/", ".") for key in weights_in(arrays).arrays | flatten(arrays)}


def near(key: str, known: Iterable[str]) -> str:
    """A hint at the name in `known` that is most like `key`, or ""."""
    close = difflib.get_close_matches(key, list(known), 1)
    return f" (did you mean {close[0]}?)" if close else ""


def way_to_cut(key: str, shape: tuple[int, ...]) -> str:
    """The flags that cut an array of this shape into gates, as a text; "" if it is no stack."""
    for rows, axis in ((shape, "rows"), (shape[::-1], "columns")):
        if len(shape) == 2 and (cell := cell_of_shape(*rows)) not in (None, "rnn"):
            assert cell is not None
            return (
                f", a stack of gates whose order only you know: --matrix {key}"
                f" --cut {USUAL[cell]}:{axis} with the letters in its order (Python: `key`, `cut`)"
            )
    return ""


def _to_cut(found: Mapping[str, Any], how: Cut, where: str) -> list[str]:
    """The keys of the arrays that are cut where no key is given."""
    named = [key for key in found if is_recurrent(key) or key.rpartition(".")[2][:9] == "weight_hh"]
    matrices = [key for key in found if np.ndim(found[key]) == 2]
    keys = [key for key in named if fits(tuple(np.shape(found[key])), how)]
    if not keys and len(matrices) == 1:
        return matrices
    if not keys:
        raise ValueError(
            f"{where} has no array with a recurrent name that `cut` ({FORM}) fits: say which with"
            f" --matrix KEY, in Python `key`; {list_keys(found)}"
        )
    return keys


def _matrix(found: Mapping[str, Any], key: str, where: str, integers: bool) -> NDArray[Any]:
    """The array `key` as a finite matrix of double precision."""
    W = found[key]
    if np.ndim(W) != 2:
        raise ValueError(
            f"{where}: `{key}` must have two dimensions, got shape {tuple(np.shape(W))}"
        )
    if is_integer(W) and (not integers or is_recurrent(key)):
        raise ValueError(f"{where}: `{key}` {INTEGERS}")
    A = as_array(W)
    if (at := first_not_finite(A)) is not None:
        raise ValueError(f"{where}: `{key}` must be finite, got {A[at]:g} at {list(at)}")
    return A
