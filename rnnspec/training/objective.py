"""What an update minimises: a function of the batch that is chosen once for a training."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from rnnspec.robustness.decision import cross_entropy
from rnnspec.training.accuracy import Tensors
from rnnspec.training.adversarial_loss import AdversarialLoss
from rnnspec.training.curvature import CurvaturePenalty
from rnnspec.training.one_update import CURVATURE, hold_estimators, random_numbers

# A function of the indices of a batch and of the number of the update, counted from 0 over all
# epochs.  It returns the loss that is minimised, and the logits that the loss is computed from.
BatchLoss = Callable[[Tensor, int], tuple[Tensor, Tensor]]


def objective(
    model: nn.Module,
    train: Tensors,
    robust: AdversarialLoss | None,
    curvature: CurvaturePenalty | None,
    seed: int,
) -> BatchLoss:
    """Cross-entropy, or the loss under attack; a penalty on curvature is added if there is one."""
    batch_loss = plain_loss(model, train) if robust is None else robust
    if curvature is None or curvature.weight == 0:
        return batch_loss
    return add_penalty(batch_loss, curvature, model, train, seed)


def plain_loss(model: nn.Module, train: Tensors) -> BatchLoss:
    """The cross-entropy of a batch."""
    inputs, lengths, labels = train

    def batch_loss(batch: Tensor, _: int) -> tuple[Tensor, Tensor]:
        logits = model(inputs[batch], lengths[batch])
        return functional.cross_entropy(logits, labels[batch]), logits

    return batch_loss


def add_penalty(
    batch_loss: BatchLoss, curvature: CurvaturePenalty, model: nn.Module, train: Tensors, seed: int
) -> BatchLoss:
    """`batch_loss` plus the penalty on curvature at the unperturbed batch."""
    inputs, lengths, labels = train

    def with_penalty(batch: Tensor, update: int) -> tuple[Tensor, Tensor]:
        def losses(x: Tensor) -> Tensor:
            return cross_entropy(model(x, lengths[batch]), labels[batch])

        loss, logits = batch_loss(batch, update)
        generator = random_numbers(seed, update, CURVATURE)
        # Normalised weights stay as the loss used them, and cuDNN has no second derivatives.
        with hold_estimators(model), torch.backends.cudnn.flags(enabled=False):
            return loss + curvature(losses, inputs[batch], generator), logits

    return with_penalty
