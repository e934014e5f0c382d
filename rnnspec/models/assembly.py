r"""A weight that is kept in pieces is put together as it acts when the network runs.

================  ====================================  =======================================
reparametrised    pieces                                what acts
================  ====================================  =======================================
weight norm       ``W_g, W_v`` (new: ``original0, 1``)  :math:`g\,v/\|v\|`, norms along the axes
                                                        on which g has size 1
spectral norm     ``W_orig, W_u, W_v`` (new:            :math:`W/(u^\top W v)`, in evaluation
                  ``original, 0._u, 0._v``)
pruning           ``W_orig, W_mask``                    :math:`W \circ M`
weight dropout    ``W_raw``                             W, in evaluation
================  ====================================  =======================================

Other parametrisations keep a part of their rule in the code of the network.  They are refused by
name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec.models.arrays import as_array

_PIECE = re.compile(r"(?P<base>(.*\.)?\w*(weight|bias)\w*)_(?P<piece>g|orig|raw)")
_NEW = re.compile(r"(?P<base>(?P<prefix>.*?)parametrizations\.(?P<name>[^.]+))\.[^.]+(\.[^.]+)?")
BAKE = (
    "torch.nn.utils.parametrize.remove_parametrizations or `rnnspec.bake(model)` before"
    " torch.save(model.state_dict(), PATH) makes it plain"
)

Arrays = dict[str, Any]
Rule = Callable[..., NDArray[Any]]


def assemble(arrays: Mapping[str, Any]) -> tuple[Arrays, dict[str, str]]:
    """`arrays` with each reparametrised weight put together, and why some cannot be.

    Returns
    -------
    dict of str to array
        The pieces that were put together are gone.
    dict of str to str
        For the plain key of each weight that cannot be put together, the reason.

    Examples
    --------
    >>> whole, refused = assemble({"weight_g": [[2.0]], "weight_v": [[0.5]]})
    >>> whole["weight"].tolist(), refused
    ([[2.0]], {})
    """
    whole, refused = dict(arrays), dict[str, str]()
    for key in arrays:
        if key in whole and (match := _NEW.fullmatch(key)):
            _assemble_new(whole, refused, match)
    again = True
    while again:  # a weight norm whose v is pruned is put together from the inside
        again = any([_assemble_old(whole, refused, key) for key in list(whole) if key in whole])
    return whole, refused


def _assemble_new(whole: Arrays, refused: dict[str, str], match: re.Match[str]) -> None:
    """Replace the pieces of one weight under ``torch.nn.utils.parametrize`` by the weight."""
    start, plain = match["base"] + ".", match["prefix"] + match["name"]
    pieces = {key[len(start) :]: whole.pop(key) for key in list(whole) if key.startswith(start)}
    for names, rule in _NEW_RULES.items():
        if pieces.keys() == set(names):
            _apply(rule, [pieces[name] for name in names], whole, refused, plain)
            return
    if any(name.endswith("_extra_state") for name in pieces):
        refused[plain] = (
            f"{start}original is the weight before its normalisation: it was normalised during"
            " training; use the run directory when that is finished, or `rnnspec.bake(model)`"
            " before torch.save(model.state_dict(), PATH)"
        )
    else:
        what = "perhaps an orthogonal one" if "0.base" in pieces else "its rule is not in the file"
        refused[plain] = f"it is computed from {start}{', '.join(pieces)} ({what}); {BAKE}"


def _assemble_old(whole: Arrays, refused: dict[str, str], key: str) -> bool:
    """Replace the piece `key` and those that belong to it by the weight, if all are there."""
    if not (match := _PIECE.fullmatch(key)):
        return False
    base, piece = match["base"], match["piece"]
    for others, rule in _RULES[piece]:
        keys = [key, *(f"{base}_{other}" for other in others)]
        if all(k in whole for k in keys):
            pieces = [whole.pop(k) for k in keys]
            plain = _key_inside(whole, base) if piece == "raw" else base
            _apply(rule, pieces, whole, refused, plain)
            return True
    return False


def _apply(
    rule: Rule, pieces: Sequence[Any], whole: Arrays, refused: dict[str, str], plain: str
) -> None:
    """Write what `rule` makes of `pieces` under the key `plain`, or why it cannot be made."""
    whole.pop(plain, None)  # a copy of the weight as it was some updates earlier
    arrays = [as_array(piece) for piece in pieces]
    try:
        whole[plain] = rule(*arrays)
    except ValueError:
        shapes = ", ".join(str(piece.shape) for piece in arrays)
        refused[plain] = f"the shapes of the pieces that it is computed from do not fit: {shapes}"


def _key_inside(whole: Arrays, base: str) -> str:
    """The key of the weight inside the ``module`` that a wrapper drops weights of; else `base`."""
    prefix, _, name = base.rpartition(".")
    inside = f"{prefix}.module." if prefix else "module."
    return inside + name if any(key.startswith(inside) for key in whole) else base


def _weight_norm(g: NDArray[Any], v: NDArray[Any]) -> NDArray[Any]:
    axes = tuple(k for k, size in enumerate(g.shape) if size == 1) if g.ndim else None
    with np.errstate(divide="ignore", invalid="ignore"):  # a zero v gives NaN, as in torch
        return np.asarray(g * v / np.sqrt((abs(v) ** 2).sum(axes, keepdims=True)))


def _spectral_norm(W: NDArray[Any], u: NDArray[Any], v: NDArray[Any]) -> NDArray[Any]:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(W / (u @ W @ v))


# For each first piece, by the end of its name: the ends of the others, and what they make.
_RULES: dict[str, tuple[tuple[tuple[str, ...], Rule], ...]] = {
    "g": ((("v",), _weight_norm),),
    "orig": ((("mask",), lambda W, M: W * M), (("u", "v"), _spectral_norm)),
    "raw": (((), lambda W: W),),
}
_NEW_RULES: dict[tuple[str, ...], Rule] = {
    ("original0", "original1"): _weight_norm,
    ("original", "0._u", "0._v"): _spectral_norm,
}
