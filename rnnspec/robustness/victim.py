r"""A trained classifier as a function of the perturbation of a batch.

.. math:: F(u) = f(x + s u) \quad\text{or, for the initial state,}\quad F(u) = f(x;\, h_0 = u)

Attacks know nothing of networks or data: they see F, its gradient and a budget.
"""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rnnspec.data.arrays import Labelled, as_dataset
from rnnspec.models.recurrent import at_rest
from rnnspec.robustness.budget import Budget
from rnnspec.robustness.threat import Threat, free_state

Classify = Callable[[Tensor, Tensor, Tensor | None], Tensor]


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

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, rows: Tensor) -> "Victim":
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
        """(n, k) logits under no perturbation."""
        return self.logits(self.nothing()) if self.clean is None else self.clean

    def wrong(self) -> Tensor:
        """(n,) mask: the class is not the true one, unperturbed."""
        return self.unmoved().argmax(1) != self.labels

    @torch.no_grad()
    def fooled(self, u: Tensor) -> Tensor:
        """(n,) mask: the class is no longer the true one."""
        return self.logits(u).argmax(1) != self.labels

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
        return losses.detach(), gradient, logits.detach()


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

    Parameters
    ----------
    model : torch.nn.Module
        Maps (inputs, lengths), or inputs alone, to (n, k) logits.  To move its state
        it takes a third argument `state`, as `rnnspec.SequenceClassifier` does.
    data : SequenceDataset, or pair (X, y)
        Arrays, tensors or a list of sequences, as `rnnspec.data.as_dataset` takes them.
    threat : Threat, optional
        Default: the input, linf, in standard deviations.

    Raises
    ------
    ValueError
        If there is no sequence, fewer than two classes, outputs that are probabilities
        or of another shape, or no state to move.
    """
    data = as_dataset(data)
    threat = threat or Threat()
    if not len(data):
        raise ValueError("`data` must hold at least one sequence, got none")
    reference = next(model.parameters(), torch.zeros(()))
    dtype, device = reference.dtype, reference.device
    inputs, lengths, labels = (
        torch.from_numpy(a).to(device) for a in (data.inputs, data.lengths, data.labels)
    )
    inputs = inputs.to(dtype)
    classify = _classifier(model)
    asked = [(weight, weight.requires_grad) for weight in model.parameters()]
    with at_rest(model), torch.backends.cudnn.flags(enabled=False):
        try:
            for weight, _ in asked:
                weight.requires_grad_(False)
            _check_logits(classify, inputs, lengths, labels)
            if threat.target == "state":
                shape = _state_shape(model, len(data))
                scale, budget = None, free_state(shape, threat.norm, reference)
            else:
                budget = threat.budget(data, dtype, device)
                scale = torch.from_numpy(threat.scale(data)).to(device, dtype)
            yield Victim(classify, inputs, lengths, labels, scale, budget)
        finally:
            for weight, requires_grad in asked:
                weight.requires_grad_(requires_grad)


def _classifier(model: nn.Module) -> Classify:
    n_arguments = len(inspect.signature(model.forward).parameters)

    def classify(inputs: Tensor, lengths: Tensor, state: Tensor | None) -> Tensor:
        if state is not None:
            logits: Tensor = model(inputs, lengths, state)
        elif n_arguments > 1:
            logits = model(inputs, lengths)
        else:
            logits = model(inputs)
        return logits

    return classify


def _state_shape(model: nn.Module, n: int) -> tuple[int, ...]:
    if "state" not in inspect.signature(model.forward).parameters:
        raise ValueError(
            "`target` must be 'input' for this model: its forward takes no argument `state`"
        )
    shape: Any = model.state_shape
    return n, *shape


@torch.no_grad()
def _check_logits(classify: Classify, inputs: Tensor, lengths: Tensor, labels: Tensor) -> None:
    few = slice(0, 64)
    logits = classify(inputs[few], lengths[few], None)
    n = len(inputs[few])
    if not isinstance(logits, Tensor) or logits.dim() != 2 or len(logits) != n:
        found = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        raise ValueError(f"`model` must map {n} sequences to ({n}, k) logits, got {found}")
    k = logits.shape[1]
    if k < 2:
        raise ValueError(f"`model` must tell at least two classes apart, its logits have {k}")
    if int(labels.max()) >= k:
        raise ValueError(f"`data` has the label {int(labels.max())}, the model only {k} classes")
    ones = np.sqrt(torch.finfo(logits.dtype).eps)
    if (logits >= 0).all() and ((logits.sum(1) - 1).abs() < ones).all():
        raise ValueError(
            "`model` must return logits, its outputs are probabilities (a softmax at the end?"
            " its gradient vanishes where the network is sure, and hides it from attack)"
        )
