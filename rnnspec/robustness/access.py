"""Opening a trained model to attack: it is checked, and refused or taken with a warning."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn

from rnnspec._checks import SanityWarning
from rnnspec.data.arrays import Labelled, as_dataset
from rnnspec.data.sequences import SequenceDataset
from rnnspec.models.call import (
    check_weights_have_values,
    evaluation_mode,
    runner,
    takes,
    unwrap,
    without_weight_gradients,
)
from rnnspec.models.classifier import SequenceClassifier
from rnnspec.robustness.outputs import FEW, check_logits, check_outputs, check_rows, padding_is_read
from rnnspec.robustness.threat import Threat, free_state
from rnnspec.robustness.victim import Classify, Victim

# By so many eps of the largest logit do logits differ from batch to batch: measured on digits in
# float32 with 64 units, 2.4 (gru) to 4.4 (rnn).
ULPS = 4
PRECISIONS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)


@contextmanager
def under_attack(
    model: nn.Module, data: Labelled, threat: Threat | None = None
) -> Iterator[Victim]:
    """Open `model` on `data` as a `Victim`, and restore the model afterwards.

    Inside the ``with`` block, the model is in evaluation mode, without dropout, and no parameter
    asks for a gradient.  cuDNN is off, because it refuses the gradient of a recurrent layer in
    evaluation mode.

    A model of float64 is attacked in float64, any other in float32; the rounding of its inputs to
    float16 or bfloat16 is then part of the model.

    Parameters
    ----------
    model : torch.nn.Module
        Maps inputs (n, t, d) to (n, k) logits.  Its forward gets `lengths` (n,) by keyword if it
        names them.  To move its state, it must name `state`, as `rnnspec.SequenceClassifier`
        does; see `rnnspec.models.call`.
    data : SequenceDataset, or pair (X, y)
        Arrays, tensors or a list of sequences, as `rnnspec.data.as_dataset` takes them.
    threat : Threat, optional
        By default the input may move, measured in linf and standard deviations.

    Yields
    ------
    Victim
        The classifier on the sequences of `data`, for the attacks of `rnnspec.robustness`.

    Raises
    ------
    ValueError
        If there is no sequence, no class for a label or no state to move; if the model's forward
        requires another argument; or if its outputs are no (n, k) logits, are probabilities, or
        depend on the rest of the batch (see `rnnspec.robustness.outputs`).

    Warns
    -----
    SanityWarning
        If the logits are random, or padding may be read as data.

    Notes
    -----
    Cost: about four forward passes of at most 64 sequences, which check the model; less for a
    `rnnspec.SequenceClassifier`.

    Examples
    --------
    >>> from rnnspec.robustness.examples import two_logits
    >>> with under_attack(*two_logits(3.0, 1.0)) as victim:
    ...     victim.logits(torch.tensor([[[-1.5], [0.5]]])).tolist()
    [[1.5, 1.5]]
    """
    data = data if isinstance(data, SequenceDataset) else as_dataset(data)
    threat = threat or Threat()
    if not len(data):
        raise ValueError("`data` must hold at least one sequence, got none")
    device = device_of(model)
    inputs, lengths, labels = (
        torch.from_numpy(a).to(device) for a in (data.inputs, data.lengths, data.labels)
    )
    cudnn_off = torch.backends.cudnn.flags(enabled=False)
    with evaluation_mode(model), cudnn_off, without_weight_gradients(model):
        shape = state_shape_of(model) if threat.target == "state" else None
        known = check_model(model, inputs, lengths, labels, shape)
        inputs = inputs.to(known.dtype)
        if shape is not None:
            scale, budget = None, free_state((len(data), *shape), threat.norm, inputs)
        else:
            budget = threat.budget(data, known.dtype, device)
            scale = torch.from_numpy(threat.scale(data)).to(inputs)
        for text in known.doubts:
            warnings.warn(text, SanityWarning, stacklevel=4)
        yield Victim(
            known.classify,
            inputs,
            lengths,
            labels,
            scale,
            budget,
            rounding=ULPS * known.eps,
            doubts=known.doubts,
        )


def device_of(model: nn.Module) -> torch.device:
    """Where the first parameter lies; refuses what is no module, or has weights without values."""
    if not isinstance(model, nn.Module):
        raise ValueError(
            f"`model` must be a torch.nn.Module, got {type(model).__name__}"
            " (a function can be wrapped: a module whose forward calls it)"
        )
    check_weights_have_values(model)
    weight = next(model.parameters(), None)
    return torch.device("cpu") if weight is None else weight.device


def state_shape_of(model: nn.Module) -> tuple[int, ...]:
    """The shape of one sequence's initial state.

    Raises
    ------
    ValueError
        If the forward of `model` takes no state, or nothing says what shape it has.
    """
    if not takes(model, "state"):
        raise ValueError(
            "`target` must be 'input' for this model: its forward takes no argument `state`"
        )
    shape: Any = getattr(unwrap(model), "state_shape", None)
    if shape is None:
        raise ValueError(
            "`target` must be 'input' for this model: it has no attribute `state_shape`, the shape"
            " of one sequence's `state`"
        )
    return tuple(shape)


def precision_of(model: nn.Module, accepts: Callable[[torch.dtype], Any]) -> torch.dtype:
    """The dtype of inputs: that of the weights, or the first that `accepts` does not refuse.

    `accepts` calls the model; what it raises is raised again if no precision passes.
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


@dataclass(frozen=True, eq=False)
class Checked:
    """A checked module: a function of inputs, lengths and state, and what is known of it."""

    classify: Classify
    dtype: torch.dtype  # of what goes in and comes out: float64, or float32
    eps: float  # the relative spacing of the module's own logits
    doubts: tuple[str, ...]


@torch.no_grad()
def check_model(
    model: nn.Module,
    inputs: Tensor,  # shape: (n, t, d)
    lengths: Tensor,  # shape: (n,)
    labels: Tensor,  # shape: (n,)
    state_shape: tuple[int, ...] | None,
) -> Checked:
    """`model`, which is in evaluation mode, checked by its logits of some sequences.

    With a `state_shape` the model is given a state too, which starts at 0.

    Raises
    ------
    ValueError
        As `rnnspec.models.call.runner` and the checks of `rnnspec.robustness.outputs`, and if a
        label has no logit.
    """
    call = runner(model)

    def raw(x: Tensor, lengths: Tensor, dtype: torch.dtype) -> Any:
        rest = None if state_shape is None else x.new_zeros(len(x), *state_shape, dtype=dtype)
        return call(x.to(dtype), lengths, rest)

    few, some = inputs[:FEW], lengths[:FEW]
    own = precision_of(model, lambda dtype: raw(few, some, dtype))
    wide = torch.float64 if own == torch.float64 else torch.float32

    def classify(x: Tensor, lengths: Tensor, state: Tensor | None) -> Tensor:
        logits: Tensor = call(x.to(own), lengths, None if state is None else state.to(own))
        return logits.to(wide)

    def answer(x: Tensor, lengths: Tensor) -> Tensor:
        logits: Tensor = raw(x, lengths, own).to(wide)
        return logits

    outputs = raw(few, some, own)
    ours = type(unwrap(model)) is SequenceClassifier  # known to give logits, sequence by sequence
    if not ours or outputs.shape[1] < 2:
        check_outputs(outputs, len(few))
    eps = max(torch.finfo(own).eps, torch.finfo(outputs.dtype).eps)
    if int(labels.max()) >= outputs.shape[1]:
        raise ValueError(
            f"`data` has the label {int(labels.max())}, the model only {outputs.shape[1]} classes"
        )
    if ours:
        return Checked(classify, wide, eps, ())
    copies = some.repeat(-(-FEW // len(few)))
    check_logits(lambda x: answer(x, copies), few.to(wide), outputs.to(wide), eps)
    last = lengths[-1:].repeat(2)
    random = check_rows(lambda x: answer(x, last), inputs.to(wide), eps)
    doubts = (random, padding_is_read(model, lengths, inputs.shape[1]))
    return Checked(classify, wide, eps, tuple(text for text in doubts if text))
