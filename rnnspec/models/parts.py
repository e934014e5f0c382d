"""The recurrent parts of a module: which of its submodules step a state, and of what kind."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from rnnspec.models.gates import CLASS_OF_PYTORCH
from rnnspec.models.names import WeightKey, split_weight_key

KINDS = {
    **{nn.RNN: "rnn", nn.LSTM: "lstm", nn.GRU: "gru"},
    **{nn.RNNCell: "rnn", nn.LSTMCell: "lstm", nn.GRUCell: "gru"},
}
_NAMES = {kind.__name__: name for kind, name in KINDS.items()}


@dataclass(frozen=True, eq=False)
class Part:
    """A submodule of one of PyTorch's recurrent classes, or of a class derived from one.

    Attributes
    ----------
    name : str
        Where it is in the module, "" for the module itself.
    module : module
        The submodule.
    kind : str
        "rnn", "lstm" or "gru".
    """

    name: str
    module: nn.Module
    kind: str

    @property
    def expression(self) -> str:
        """The Python expression for the submodule of a module named ``model``."""
        if not self.name:
            return "model"
        written = all(word.isidentifier() for word in self.name.split("."))
        return f"model.{self.name}" if written else f"model.get_submodule({self.name!r})"

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """The plain names of its weights and biases, also of those that something computes."""
        part: Any = self.module
        if isinstance(part, nn.RNNBase):
            return tuple(name for layer in part._all_weights for name in layer)
        if isinstance(part, nn.RNNCellBase):
            return ("weight_ih", "weight_hh", *(("bias_ih", "bias_hh") if part.bias else ()))
        if is_quantised(part):
            return tuple(packed_weights(part))
        return tuple(name for name, _ in part.named_parameters())

    @property
    def layers(self) -> tuple[WeightKey, ...]:
        """Each layer and direction, by the name of its recurrent weight."""
        return tuple(key for name in self.parameter_names if (key := split_weight_key(name)))

    @cached_property
    def suffixes(self) -> tuple[tuple[str, ...], ...]:
        """What ends the names of the weights, by direction and layer: (("_l0", "_l1"),).

        The names of a cell class have no such end: (("",),).
        """
        forward = tuple(key.suffix for key in self.layers if not key.reverse)
        reverse = tuple(key.suffix for key in self.layers if key.reverse)
        return (forward, reverse) if reverse else (forward,)

    @cached_property
    def is_cell(self) -> bool:
        """Whether it takes one step each time it is called."""
        return self.suffixes == (("",),)

    @property
    def nonlinearity(self) -> str | None:
        """The nonlinearity of the state; None if a traced rnn does not tell."""
        given: str | None = getattr(self.module, "nonlinearity", None)
        return given if self.kind == "rnn" else "tanh"


def recurrent_parts(module: nn.Module) -> list[Part]:
    """The recurrent parts inside `module`, eager, scripted or quantised ones.

    Examples
    --------
    >>> model = nn.ModuleDict({"encoder": nn.Linear(2, 3), "memory": nn.GRU(3, 8)})
    >>> [(part.name, part.kind) for part in recurrent_parts(model)]
    [('memory', 'gru')]
    """
    return [
        Part(name, part, kind)
        for name, part in module.named_modules()
        if (kind := _kind(part)) is not None
    ]


def is_quantised(part: nn.Module) -> bool:
    """Whether this is one of PyTorch's dynamically quantised recurrent modules."""
    return type(part).__module__.startswith("torch.ao.nn.quantized.dynamic")


def packed_weights(part: Any) -> dict[str, Tensor]:
    """Weights, with their scales, and biases of a dynamically quantised module."""
    return {**part.get_weight(), **part.get_bias()}


def full_key(prefix: str, name: str) -> str:
    """`name` after `prefix` and a dot, if there is a prefix."""
    return f"{prefix}.{name}" if prefix else name


def _kind(part: nn.Module) -> str | None:
    if isinstance(part, torch.jit.ScriptModule):
        match = re.fullmatch(CLASS_OF_PYTORCH, part._c._type().qualified_name())
        return _NAMES[match["name"]] if match else None
    if is_quantised(part):
        return _NAMES.get(type(part).__name__)
    return next((kind for base, kind in KINDS.items() if isinstance(part, base)), None)
