r"""Weights that a file keeps in parts are put together, as they act when the network runs.

================  ====================================  =======================================
reparametrised    parts                                 what acts
================  ====================================  =======================================
weight norm       ``W_g, W_v`` (new: ``original0, 1``)  :math:`g\,v/\|v\|`, norms along the axes
                                                        on which g has size 1
spectral norm     ``W_orig, W_u, W_v`` (new:            :math:`W/(u^\top W v)`, in evaluation
                  ``original, 0._u, 0._v``)
pruning           ``W_orig, W_mask``                    :math:`W \circ M`
weight dropout    ``W_raw``                             W, in evaluation
================  ====================================  =======================================

Other parametrisations keep a part of their rule in the code of the network; they are refused,
and the refusal names them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec.models.arrays import as_array

_PART = re.compile(r"(?P<base>(.*\.)?\w*(weight|bias)\w*)_(?P<part>g|orig|raw)")
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
        Parts that were put together are gone.
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
            _put_together(whole, refused, match)
    again = True
    while again:  # a pruned direction of a weight norm is put together from the inside
        again = any([_old(whole, refused, key) for key in list(whole) if key in whole])
    return whole, refused


def _old(whole: Arrays, refused: dict[str, str], key: str) -> bool:
    """Replace the part `key` and those that belong to it by the weight, if all are there."""
    if not (match := _PART.fullmatch(key)):
        return False
    base, part = match["base"], match["part"]
    for others, rule in _RULES[part]:
        keys = [key, *(f"{base}_{other}" for other in others)]
        if all(k in whole for k in keys):
            parts = [whole.pop(k) for k in keys]
            _act(whole, refused, _inner(whole, base) if part == "raw" else base, rule, parts)
            return True
    return False


def _act(
    whole: Arrays, refused: dict[str, str], plain: str, rule: Rule, parts: Sequence[Any]
) -> None:
    """Write what `rule` makes of `parts` under the key `plain`, or why it cannot."""
    whole.pop(plain, None)  # a copy of some earlier step
    arrays = [as_array(part) for part in parts]
    try:
        whole[plain] = rule(*arrays)
    except ValueError:
        shapes = ", ".join(str(part.shape) for part in arrays)
        refused[plain] = f"the shapes of the parts that it is computed from do not fit: {shapes}"


def _inner(whole: Arrays, base: str) -> str:
    """The key of the weight inside ``module`` of a wrapper that drops weights; else `base`."""
    prefix, _, name = base.rpartition(".")
    inside = f"{prefix}.module." if prefix else "module."
    return inside + name if any(key.startswith(inside) for key in whole) else base


def _put_together(whole: Arrays, refused: dict[str, str], match: re.Match[str]) -> None:
    """Replace the parts of one weight under ``torch.nn.utils.parametrize`` by the weight."""
    start, plain = match["base"] + ".", match["prefix"] + match["name"]
    parts = {key[len(start) :]: whole.pop(key) for key in list(whole) if key.startswith(start)}
    for names, rule in _NEW_RULES.items():
        if parts.keys() == set(names):
            _act(whole, refused, plain, rule, [parts[name] for name in names])
            return
    if any(name.endswith("_extra_state") for name in parts):
        refused[plain] = (
            f"{start}original is the weight before its normalisation: it was normalised during"
            " training; use the run directory when that is finished, or `rnnspec.bake(model)`"
            " before torch.save(model.state_dict(), PATH)"
        )
    else:
        what = "orthogonal, perhaps" if "0.base" in parts else "its rule is not in the file"
        refused[plain] = f"it is computed from {start}{', '.join(parts)} ({what}); {BAKE}"


def _weight_norm(g: NDArray[Any], v: NDArray[Any]) -> NDArray[Any]:
    axes = tuple(k for k, size in enumerate(g.shape) if size == 1) if g.ndim else None
    with np.errstate(divide="ignore", invalid="ignore"):  # torch too makes NaN of a zero v
        return np.asarray(g * v / np.sqrt((abs(v) ** 2).sum(axes, keepdims=True)))


def _spectral_norm(W: NDArray[Any], u: NDArray[Any], v: NDArray[Any]) -> NDArray[Any]:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(W / (u @ W @ v))


_RULES: dict[str, tuple[tuple[tuple[str, ...], Rule], ...]] = {
    "g": ((("v",), _weight_norm),),
    "orig": ((("mask",), lambda W, M: W * M), (("u", "v"), _spectral_norm)),
    "raw": (((), lambda W: W),),
}
_NEW_RULES: dict[tuple[str, ...], Rule] = {
    ("original0", "original1"): _weight_norm,
    ("original", "0._u", "0._v"): _spectral_norm,
}
