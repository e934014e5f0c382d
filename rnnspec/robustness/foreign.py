"""A module of others is checked before it is attacked: refused, or attacked with a warning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn

from rnnspec.models.call import parameters_of, runner, takes, unwrap
from rnnspec.models.classifier import SequenceClassifier
from rnnspec.models.evaluation import check_weights_have_values
from rnnspec.robustness.outputs import FEW, check_logits, check_outputs, check_rows

Classify = Callable[[Tensor, Tensor, Tensor | None], Tensor]
PRECISIONS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)


def device_of(model: nn.Module) -> torch.device:
    """Where the first parameter of `model` lies; the CPU, if it has none.

    Raises
    ------
    ValueError
        If `model` is no module, or has weights without values.
    """
    if not isinstance(model, nn.Module):
        raise ValueError(
            f"`model` must be a torch.nn.Module, got {type(model).__name__}"
            " (a function can be wrapped: a module whose forward calls it)"
        )
    check_weights_have_values(model)
    weight = next(model.parameters(), None)
    return torch.device("cpu") if weight is None else weight.device


def precision_of(model: nn.Module, accepts: Callable[[torch.dtype], Any]) -> torch.dtype:
    """The dtype of inputs: that of the weights, or the first that `accepts` does not refuse.

    `accepts` runs the model; what it raises is raised again if no precision passes.
    """
    of_weights, of_buffers = (
        sorted(
            {one.dtype for one in some if one.is_floating_point()},
            key=lambda dtype: torch.finfo(dtype).eps,
        )
        for some in (model.parameters(), model.buffers())
    )
    known = dict.fromkeys(chain(of_weights, of_buffers))
    if len(known) == 1:
        return next(iter(known))
    first: Exception | None = None
    for dtype in dict.fromkeys(chain(known, PRECISIONS)):
        try:
            accepts(dtype)
        except Exception as error:  # noqa: BLE001 - whatever others' code raises
            first = first or error
        else:
            return dtype
    assert first is not None
    raise first


def padding_is_read(model: nn.Module, lengths: Tensor, n_steps: int) -> str | None:
    """A sentence if sequences are padded and the forward of `model` takes no lengths."""
    shorter = int((lengths < n_steps).sum())
    if not shorter or takes(model, "lengths"):
        return None
    others = ", ".join(f"`{name}`" for name in list(parameters_of(model))[1:])
    return (
        f"{shorter} of {len(lengths)} sequences are padded, and the forward of"
        f" {type(unwrap(model)).__name__} has no parameter `lengths`"
        + (f" (it has {others}, which is given nothing)" if others else "")
        + ": it reads the padding as data, unless it finds the ends by itself, and accuracy"
        " depends on how long the padding is"
    )


@dataclass(frozen=True, eq=False)
class Foreign:
    """A checked module: a function of inputs, lengths and state, and what is known of it."""

    classify: Classify
    dtype: torch.dtype  # of what goes in and comes out: float64, or float32
    eps: float  # the relative spacing of the module's own logits
    doubts: tuple[str, ...]


@torch.no_grad()
def classifier(
    model: nn.Module,
    inputs: Tensor,  # shape: (n, t, d)
    lengths: Tensor,  # shape: (n,)
    labels: Tensor,  # shape: (n,)
    state_shape: tuple[int, ...] | None,
) -> Foreign:
    """`model`, which is in evaluation mode, checked by its logits of some sequences.

    With a `state_shape` the model is given a state too, which starts at 0.

    Raises
    ------
    ValueError
        As `rnnspec.models.call.runner` and the checks of `rnnspec.robustness.outputs`, and if a
        label has no logit.
    """
    run = runner(model)

    def raw(x: Tensor, lengths: Tensor, dtype: torch.dtype) -> Any:
        rest = None if state_shape is None else x.new_zeros(len(x), *state_shape, dtype=dtype)
        return run(x.to(dtype), lengths, rest)

    few, some = inputs[:FEW], lengths[:FEW]
    own = precision_of(model, lambda dtype: raw(few, some, dtype))
    wide = torch.float64 if own == torch.float64 else torch.float32

    def classify(x: Tensor, lengths: Tensor, state: Tensor | None) -> Tensor:
        logits: Tensor = run(x.to(own), lengths, None if state is None else state.to(own))
        return logits.to(wide)

    def at_rest(x: Tensor, lengths: Tensor) -> Tensor:
        logits: Tensor = raw(x, lengths, own).to(wide)
        return logits

    outputs = raw(few, some, own)
    check_outputs(outputs, len(few))
    eps = max(torch.finfo(own).eps, torch.finfo(outputs.dtype).eps)
    if int(labels.max()) >= outputs.shape[1]:
        raise ValueError(
            f"`data` has the label {int(labels.max())}, the model only {outputs.shape[1]} classes"
        )
    copies = some.repeat(-(-FEW // len(few)))
    check_logits(lambda x: at_rest(x, copies), few.to(wide), outputs.to(wide), eps)
    if type(unwrap(model)) is SequenceClassifier:  # known to read each sequence by itself
        return Foreign(classify, wide, eps, ())
    last = lengths[-1:].repeat(2)
    random = check_rows(lambda x: at_rest(x, last), inputs.to(wide), eps)
    doubts = (random, padding_is_read(model, lengths, inputs.shape[1]))
    return Foreign(classify, wide, eps, tuple(text for text in doubts if text))
