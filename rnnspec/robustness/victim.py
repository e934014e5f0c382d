r"""A trained classifier as a function of the perturbation of a batch.

.. math:: F(u) = f(x + s u) \quad\text{or, for the initial state,}\quad F(u) = f(x;\, h_0 = u)

Attacks know nothing of networks or data: they see F, its gradient and a budget.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from rnnspec._checks import SanityWarning
from rnnspec.data.arrays import Labelled, as_dataset
from rnnspec.models.call import takes, unwrap
from rnnspec.models.evaluation import evaluation_mode
from rnnspec.robustness.budget import ROUNDING, Budget
from rnnspec.robustness.decision import decisive, excess, magnitude, wrong
from rnnspec.robustness.foreign import Classify, classifier, device_of
from rnnspec.robustness.threat import Threat, free_state

ULPS = 4  # by which logits may differ from batch to batch


@dataclass(frozen=True, eq=False)
class Victim:
    """The classifier on a batch, open to perturbation; made by `under_attack`.

    ``victim.logits(u)`` are the (n, k) logits under the perturbation u, whose shape
    and admissible values ``victim.budget`` holds; ``victim[rows]`` is the victim on
    some of the sequences.
    """

    classify: Classify
    inputs: Tensor  # shape: (n, t, d)
    lengths: Tensor  # shape: (n,)
    labels: Tensor  # shape: (n,)
    scale: Tensor | None  # shape: (d,); None when the state moves
    budget: Budget
    # Logits under nothing, once they are known; shape: (n, k).
    clean: Tensor | None = field(default=None, kw_only=True)
    # The relative error of the larger of two logits: they differ from batch to batch.
    rounding: float = field(default=ROUNDING, kw_only=True)
    doubts: tuple[str, ...] = field(default=(), kw_only=True)  # about the model, in words

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, rows: Tensor) -> Victim:
        return replace(
            self,
            inputs=self.inputs[rows],
            lengths=self.lengths[rows],
            labels=self.labels[rows],
            budget=self.budget[rows],
            clean=None if self.clean is None else self.clean[rows],
        )

    def nothing(self) -> Tensor:
        """The perturbation u = 0."""
        return torch.zeros_like(self.budget.lower)

    def perturbed(self, u: Tensor) -> Tensor:
        """(n, t, d) inputs x + s u."""
        return self.inputs if self.scale is None else self.inputs + self.scale * u

    def logits(self, u: Tensor) -> Tensor:
        """(n, k) logits under the perturbation `u`."""
        return self.classify(self.perturbed(u), self.lengths, u if self.scale is None else None)

    @torch.no_grad()
    def unmoved(self) -> Tensor:
        """(n, k) logits under no perturbation.

        Raises
        ------
        ValueError
            If they decide nothing for a sequence, see `rnnspec.robustness.decision`.
        """
        return decisive(self.logits(self.nothing())) if self.clean is None else self.clean

    def wrong(self) -> Tensor:
        """(n,) mask: the class is not the true one, unperturbed."""
        return wrong(self.unmoved(), self.labels)

    @torch.no_grad()
    def fooled(self, u: Tensor) -> Tensor:
        """(n,) mask: the class is no longer the true one; logits that decide nothing fool."""
        return wrong(self.logits(u), self.labels)

    @torch.no_grad()
    def at_boundary(self, u: Tensor, logits: Tensor | None = None) -> Tensor:
        """(n,) mask: the class is wrong, or another logit equals that of the label.

        Where u is not 0, they are equal up to the rounding of the two, which may differ from
        batch to batch.  Their unperturbed sizes count too, because logits near 0 are not rounded
        less.  The logits at `u` are computed unless they are given.
        """
        logits = self.logits(u) if logits is None else logits
        here, clean = (magnitude(z, self.labels) for z in (logits, self.unmoved()))
        moved = (u != 0).flatten(1).any(1)
        return excess(logits, self.labels) >= -self.rounding * torch.maximum(here, clean) * moved

    def gradient(
        self, u: Tensor, loss: Callable[[Tensor, Tensor], Tensor]
    ) -> tuple[Tensor, Tensor, Tensor]:
        r"""Losses (n,), gradients :math:`\partial\ell_i/\partial u_i`, and logits at `u`.

        `loss` maps logits (n, k) and labels (n,) to losses (n,).

        Raises
        ------
        ValueError
            If the logits do not depend on `u` through autograd.
        """
        leaf = u.detach().requires_grad_()
        with torch.enable_grad():
            logits = self.logits(leaf)
            losses = loss(logits, self.labels)
            if not losses.requires_grad:
                raise ValueError(_NO_GRADIENT)
            (gradient,) = torch.autograd.grad(losses.sum(), leaf, allow_unused=True)
        if gradient is None:
            raise ValueError(_NO_GRADIENT)
        # A slope that is NaN, as that of a root at 0, counts as 0; it would make u NaN.
        return losses.detach(), gradient.nan_to_num(0.0), logits.detach()


_NO_GRADIENT = (
    "`model` must be differentiable in what is attacked, its logits carry no gradient"
    " (a detach, an argmax or a NumPy step inside? black-box attacks need none: square)"
)


@contextmanager
def under_attack(
    model: nn.Module, data: Labelled, threat: Threat | None = None
) -> Iterator[Victim]:
    """`model` on `data` as a `Victim`, and the model as it was found afterwards.

    Inside, the model is in evaluation mode (no dropout, in fused layers neither),
    no parameter asks for a gradient, and cuDNN is off, which refuses the gradient of a
    recurrent layer in evaluation mode.

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
        Default: the input, linf, in standard deviations.

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
    """
    data = as_dataset(data)
    threat = threat or Threat()
    if not len(data):
        raise ValueError("`data` must hold at least one sequence, got none")
    device = device_of(model)
    inputs, lengths, labels = (
        torch.from_numpy(a).to(device) for a in (data.inputs, data.lengths, data.labels)
    )
    asked = [(weight, weight.requires_grad) for weight in model.parameters()]
    with evaluation_mode(model), torch.backends.cudnn.flags(enabled=False):
        try:
            for weight, _ in asked:
                weight.requires_grad_(False)
            shape = _state_shape(model) if threat.target == "state" else None
            known = classifier(model, inputs, lengths, labels, shape)
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
        finally:
            for weight, requires_grad in asked:
                weight.requires_grad_(requires_grad)


def _state_shape(model: nn.Module) -> tuple[int, ...]:
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
