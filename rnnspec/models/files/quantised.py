"""The weights of PyTorch's quantised recurrent modules, which it packs for its kernels."""

from __future__ import annotations

from typing import Any

from rnnspec.models.files.inert import Instance
from rnnspec.models.files.refusal import LeftOut

_CLASSES = "__torch__.torch.classes."
CELL, LINEAR = f"{_CLASSES}rnn.CellParamsBase", f"{_CLASSES}quantized.LinearPackedParamsBase"
_NAMES = ("ih", "hh")


def unpack_weights(key: str, value: Instance) -> list[tuple[str, Any]] | None:
    """Weights and biases that `value`, found under `key`, packs, with keys; None if it is no pack.

    A layer or direction of a module has the keys ``KEY.weight_hh`` and so on, a quantised cell,
    which keeps ``_packed_weight_hh``, those of a plain cell.

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
        owner, _, name = key.rpartition("_packed_weight_")
        if name in _NAMES:
            return [(f"{owner}weight_{name}", weight), (f"{owner}bias_{name}", bias)]
        return [(f"{key}.weight", weight), (f"{key}.bias", bias)]
    if kind != CELL:
        return None
    scheme, biases, _, _, packs = state
    if scheme not in ("quantized_dynamic", "quantized_fp16"):
        raise LeftOut(f"weights packed by the scheme {scheme}, which is not read")
    found = []
    for position, name in enumerate(_NAMES):
        parts = dict(unpack_weights("pack", packs[position]) or ())
        bias = biases[position] if biases else parts["pack.bias"]
        found += [(f"{key}.weight_{name}", parts["pack.weight"]), (f"{key}.bias_{name}", bias)]
    return found
