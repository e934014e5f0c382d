"""What a pickled module of PyTorch's says of itself: its class, its formula, its packed weights."""

from __future__ import annotations

import re
from typing import Any

from rnnspec.models.files.notes import Global, Instance
from rnnspec.models.files.refusal import LeftOut
from rnnspec.models.gates import CLASS_OF_PYTORCH

_CLASSES = "__torch__.torch.classes."
CELL, LINEAR = f"{_CLASSES}rnn.CellParamsBase", f"{_CLASSES}quantized.LinearPackedParamsBase"
_SIDES = ("ih", "hh")


def is_class_of_pytorch(module: Instance) -> bool:
    """Whether its class is one of PyTorch's recurrent classes."""
    named = str(module.called) if isinstance(module.called, Global) else ""
    return re.fullmatch(CLASS_OF_PYTORCH, named) is not None


def other_formula(module: Instance) -> str:
    """Why a recurrent module does not step by PyTorch's formula for its weights, or "".

    A relu network keeps the same weights as one with tanh, and a class of someone's own may
    keep PyTorch's names and step as it likes.
    """
    state = module.state if isinstance(module.state, dict) else {}
    kept: Any = state.get("_parameters", state)  # TorchScript keeps all in one
    if not any("weight_hh" in str(name) for name in kept):
        return ""
    if not is_class_of_pytorch(module):
        return f"its class, {module.called}, is none of PyTorch's and may step in another way"
    if "relu" in (str(state.get("nonlinearity")), str(state.get("mode"))[4:].lower()):
        return "its nonlinearity is relu"
    return ""


def unpack_weights(key: str, value: Instance) -> list[tuple[str, Any]] | None:
    """Weights and biases that a quantised module packs for its kernels; None if it is no pack.

    Parameters
    ----------
    key : str
        Where `value` was found.
    value : Instance

    Returns
    -------
    list of pairs, or None
        Keys and values.  A layer or direction of a module has the keys ``KEY.weight_hh`` and so
        on; a quantised cell, which keeps ``_packed_weight_hh``, those of a plain cell.

    Raises
    ------
    LeftOut
        If the pack is of another kind than dynamic quantisation and half precision.
    """
    state, kind = value.state, str(value.called)
    if isinstance(state, tuple) and len(state) == 2 and state[1] in (CELL, LINEAR):
        state, kind = state  # in a state dict; TorchScript names the class instead
    if kind == LINEAR:
        weight, bias = state
        owner, _, side = key.rpartition("_packed_weight_")
        if side in _SIDES:
            return [(f"{owner}weight_{side}", weight), (f"{owner}bias_{side}", bias)]
        return [(f"{key}.weight", weight), (f"{key}.bias", bias)]
    if kind != CELL:
        return None
    scheme, biases, _, _, packs = state
    if scheme not in ("quantized_dynamic", "quantized_fp16"):
        raise LeftOut(f"weights packed by the scheme {scheme}, which is not read")
    found = []
    for position, side in enumerate(_SIDES):
        inner = dict(unpack_weights("pack", packs[position]) or ())
        bias = biases[position] if biases else inner["pack.bias"]
        found += [(f"{key}.weight_{side}", inner["pack.weight"]), (f"{key}.bias_{side}", bias)]
    return found
