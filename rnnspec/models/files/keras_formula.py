"""Whether a recurrent layer of Keras's has the formula of PyTorch's cell of the same name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rnnspec.models.files.keras_groups import Group

HARD = (2, 3)  # before this version gates were hard sigmoids unless the user asked for others


def other_formula(cell: str, group: Group, settings: Mapping[str, Any] | None, version: str) -> str:
    """Why the formula is not that of PyTorch's cell of the same name; "" if it is.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru"}
    group : Group
        The weights of the layer.
    settings : mapping, or None
        The settings of the layer, if the file has them.
    version : str
        The version of Keras, or "".
    """
    if group.is_cudnn:  # cuDNN has PyTorch's formula and no other
        return ""
    if group.inside:
        return f"within it lies {', '.join(group.inside[:3])}, which no cell of Keras's own has"
    said = settings or {}
    if (activation := said.get("activation", "tanh")) != "tanh":
        return f"its activation is {_name(activation)}, not tanh"
    gates = said.get("recurrent_activation", said.get("inner_activation", "sigmoid"))
    if cell != "rnn" and gates != "sigmoid":
        return f"its gates are {_name(gates)}, not sigmoid"
    if cell != "rnn" and settings is None and 0 < _release(version)[0] and _release(version) < HARD:
        return (
            f"it was written by Keras {version}, whose gates are hard sigmoids unless told"
            " otherwise, and the file does not tell"
        )
    if cell == "gru":
        after = said.get("reset_after", group.bias.ndim == 2 if group.bias is not None else None)
        if after is None:
            return "the file does not say whether it resets after the product with the weights"
        if not after:
            return "it resets the state before the product with the weights (reset_after=False)"
    return ""


def _name(activation: Any) -> str:
    """The name of a function, which Keras 3 writes as a dict for some."""
    if isinstance(activation, Mapping):
        activation = activation.get("config") or activation.get("class_name")
    return str(activation)


def _release(version: str) -> tuple[int, ...]:
    """The numbers of a version, (0,) if there is none."""
    return tuple(int(n) for n in re.findall(r"\d+", version)[:2]) or (0,)
