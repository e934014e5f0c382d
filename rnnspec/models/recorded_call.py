"""One call of a recurrent part: its inputs, outputs and states in one form for every class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from rnnspec.models.parts import Part


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a recurrent part, its sequences in the rows of each tensor.

    A cell class takes one step, t = 1.  A whole state is that of all layers from below, (h, c) of
    an LSTM's.

    Attributes
    ----------
    inputs : tensor, shape (n, t, d)
    lengths : tensor of int, shape (n,), or None
        The lengths in a packed sequence.
    given : tuple of tensors, shape (n, s), or None
        The whole state of each direction before the call; None if the part starts from zero.
    outputs : tensor, shape (n, t, h)
        The outputs of both directions side by side.
    returned : tuple of tensors, shape (n, s)
        The whole state of each direction after the call.
    eps : float
        The relative spacing of the numbers that the part computes in.
    """

    inputs: Tensor
    lengths: Tensor | None
    given: tuple[Tensor, ...] | None
    outputs: Tensor
    returned: tuple[Tensor, ...]
    eps: float


def call_of(part: Part, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> Call:
    """The call of `part` with these arguments, which returned `output`.

    Raises
    ------
    TypeError, ValueError, AttributeError, LookupError, RuntimeError
        If arguments or output are not those of the class in PyTorch.
    """
    named: dict[str, Any] = {**dict(zip(("input", "hx"), args, strict=False)), **kwargs}
    inputs, state = named["input"], named.get("hx")
    if part.is_cell:
        alone = inputs.dim() == 1
        after = _cell_state(output, alone)
        h = _as_batch(output[0], alone) if isinstance(output, tuple) else after
        return Call(
            _as_batch(inputs, alone)[:, None],
            None,
            None if state is None else (_cell_state(state, alone),),
            h[:, None],
            (after,),
            _eps(inputs, h),
        )
    outputs, final = output
    alone = isinstance(inputs, Tensor) and inputs.dim() == 2
    read, lengths = _sequences(part, inputs, alone)
    before = None if state is None else _layer_states(part, state, alone)
    written, _ = _sequences(part, outputs, alone)
    last = _layer_states(part, final, alone)
    return Call(read, lengths, before, written, last, _eps(read, written))


def _eps(x: Tensor, y: Tensor) -> float:
    """The coarser relative spacing of `x`, `y` and what autocast computes in."""
    dtypes, device = [x.dtype, y.dtype], x.device.type
    if torch.is_autocast_enabled(device):
        dtypes.append(torch.get_autocast_dtype(device))
    return max(torch.finfo(dtype).eps for dtype in dtypes)


def _as_batch(x: Tensor, alone: bool) -> Tensor:
    """A copy of `x` with a batch axis, which a sequence alone does not have."""
    return (x[None] if alone else x).detach().clone()


def _cell_state(state: Any, alone: bool) -> Tensor:
    """The whole state (n, s) of a cell class, which an LSTM has as a pair."""
    if isinstance(state, Tensor):
        return _as_batch(state, alone)
    return torch.cat([_as_batch(one, alone) for one in state], dim=1)


def _sequences(part: Part, x: Any, alone: bool) -> tuple[Tensor, Tensor | None]:
    """A batch of sequences (n, t, d), and its lengths if they were packed."""
    if isinstance(x, PackedSequence):
        padded, lengths = pad_packed_sequence(x, batch_first=True)
        return padded.detach().clone(), lengths
    first = alone or part.module.batch_first
    x = _as_batch(x, alone)
    return x if first else x.transpose(0, 1), None


def _layer_states(part: Part, state: Any, alone: bool) -> tuple[Tensor, ...]:
    """PyTorch's state (layers * directions, n, h), or a pair (h, c), by direction, each (n, s)."""
    pair = state if isinstance(state, tuple | list) else (state,)
    stacked = [one[:, None] if alone else one for one in pair]
    sides = len(part.suffixes)
    layers = range(len(part.suffixes[0]))
    return tuple(
        torch.cat([one[layer * sides + side] for layer in layers for one in stacked], dim=1)
        .detach()
        .clone()
        for side in range(sides)
    )
