"""The calls of a recurrent part are recorded while the module around it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from rnnspec.models.parts import Part
from rnnspec.models.recorded_call import Call, call_of

Change = Callable[[Tensor], Tensor]


class UnknownCall(ValueError):
    """A recurrent part is called, or returns, in another way than its class in PyTorch."""


@contextmanager
def record_calls(part: Part, change: Change | None = None) -> Iterator[list[Call]]:
    """A list that holds each call of `part` that is made inside the ``with`` block.

    A `change` is applied to every tensor that the part returns, and the call holds the result.
    What the part is given and reads later then shows what the module makes of its state.

    Raises
    ------
    UnknownCall
        From inside the block, if the part is called or answers in another way than its class in
        PyTorch.

    Examples
    --------
    >>> import torch
    >>> from rnnspec.models.parts import recurrent_parts
    >>> model = nn.Sequential(nn.Linear(2, 3), nn.GRU(3, 8, batch_first=True))
    >>> with record_calls(recurrent_parts(model)[0]) as calls:
    ...     _ = model(torch.zeros(5, 7, 2))
    >>> [(tuple(call.inputs.shape), tuple(call.returned[0].shape)) for call in calls]
    [((5, 7, 3), (5, 8))]
    """
    calls: list[Call] = []

    def keep_call(_: nn.Module, args: Any, kwargs: dict[str, Any], output: Any) -> Any:
        try:
            output = output if change is None else _apply(change, output)
            calls.append(call_of(part, args, kwargs, output))
        except (TypeError, ValueError, AttributeError, LookupError, RuntimeError) as error:
            raise UnknownCall(
                f"`model` must call {part.name or 'its recurrent part'} as PyTorch's"
                f" {part.kind.upper()} is called, with an input and a state, and take outputs and"
                f" state from it ({error})"
            ) from error
        return output

    handle = part.module.register_forward_hook(keep_call, with_kwargs=True)
    try:
        yield calls
    finally:
        handle.remove()


def _apply(change: Change, output: Any) -> Any:
    """What `change` makes of each tensor in what a part returns."""
    if isinstance(output, Tensor):
        return change(output)
    if isinstance(output, PackedSequence):
        return output._replace(data=change(output.data))
    return type(output)(_apply(change, one) for one in output)
