"""What the class of a pickled module says about the formula by which it steps."""

from __future__ import annotations

import re
from typing import Any

from rnnspec.models.files.inert import Global, Instance

# TorchScript compiles a class anew for each set of its constants, and mangles its name.
_KNOWN = re.compile(
    r"(__torch__\.)?torch\.nn\.modules\.rnn\.(___torch_mangle_\d+\.)?(RNN|LSTM|GRU)(Cell)?"
)


def is_class_of_pytorch(module: Instance) -> bool:
    """Whether its class is one of PyTorch's recurrent classes."""
    return isinstance(module.called, Global) and bool(_KNOWN.fullmatch(str(module.called)))


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
