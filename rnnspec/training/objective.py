"""What a step of training minimises: a function of a batch, chosen once."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from rnnspec.robustness.decision import cross_entropy
from rnnspec.training.adversarial import (
    CURVATURE,
    AdversarialLoss,
    random_numbers,
    resting,
)
from rnnspec.training.curvature import CurvaturePenalty
from rnnspec.training.evaluation import Tensors

# From the indices of a batch and the number of the training step, counted from 0 over
# all epochs, to the loss that is minimised and the logits that it is mostly made of.
BatchLoss = Callable[[Tensor, int], tuple[Tensor, Tensor]]


def objective(
    model: nn.Module,
    train: Tensors,
    robust: AdversarialLoss | None,
    curvature: CurvaturePenalty | None,
    seed: int,
) -> BatchLoss:
    """Cross-entropy or the loss under attack, with a penalty on curvature if there is one."""
    batch_loss = plain(model, train) if robust is None else robust
    if curvature is None or curvature.weight == 0:
        return batch_loss
    return penalised(batch_loss, curvature, model, train, seed)


def plain(model: nn.Module, train: Tensors) -> BatchLoss:
    """Cross-entropy."""
    inputs, lengths, labels = train

    def batch_loss(batch: Tensor, _: int) -> tuple[Tensor, Tensor]:
        logits = model(inputs[batch], lengths[batch])
        return functional.cross_entropy(logits, labels[batch]), logits

    return batch_loss


def penalised(
    batch_loss: BatchLoss, curvature: CurvaturePenalty, model: nn.Module, train: Tensors, seed: int
) -> BatchLoss:
    """`batch_loss` and the penalty on curvature at the unperturbed batch."""
    inputs, lengths, labels = train

    def with_penalty(batch: Tensor, step: int) -> tuple[Tensor, Tensor]:
        def losses(x: Tensor) -> Tensor:
            return cross_entropy(model(x, lengths[batch]), labels[batch])

        loss, logits = batch_loss(batch, step)
        generator = random_numbers(seed, step, CURVATURE)
        # Normalised weights stay as the loss used them; cuDNN has no second derivatives.
        with resting(model), torch.backends.cudnn.flags(enabled=False):
            return loss + curvature(losses, inputs[batch], generator), logits

    return with_penalty
