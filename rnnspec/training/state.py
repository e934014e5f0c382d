"""The state of a training after an epoch: what a checkpoint holds."""

from __future__ import annotations

import math
import time
from typing import Any

import torch
from torch import nn

from rnnspec.models.classifier import SequenceClassifier
from rnnspec.training.accuracy import Tensors, evaluate
from rnnspec.training.adversarial_loss import AdversarialLoss
from rnnspec.training.exact import largest_radius, use_exact_values

Row = dict[str, float]


class TrainingDiverged(RuntimeError):
    """The loss or the weights of a training are not finite any more."""


class TrainingState:
    """Network, optimiser, learning rate, attack, history and best weights after an epoch."""

    def __init__(
        self,
        model: SequenceClassifier,
        optimizer: torch.optim.Optimizer,
        schedule: torch.optim.lr_scheduler.LRScheduler,
        robust: AdversarialLoss | None = None,
    ) -> None:
        self.parts: dict[str, Any] = {"model": model, "optimizer": optimizer, "schedule": schedule}
        if robust is not None:
            self.parts["robust"] = robust
        self.model, self.optimizer, self.schedule = model, optimizer, schedule
        self.robust = robust
        self.history: list[Row] = []
        self.best: dict[str, Any] = {"epoch": 0, "loss": float("inf"), "weights": None}

    def close_epoch(self, row: Row, n_batches: int, validation: Tensors, started: float) -> None:
        """Validate the network, complete the epoch's `row`, and keep the best weights.

        The estimates of the normaliser are compared with exact values first, and the network is
        validated with the exact ones.  The best weights are those with the lowest validation loss,
        which is the loss under attack in adversarial training.
        """
        epoch = int(row["epoch"])
        if not all(parameter.isfinite().all() for parameter in self.model.parameters()):
            raise divergence_error("the weights are not finite after", epoch, n_batches, self.model)
        error = use_exact_values(self.model)
        if error is not None:
            row["estimate_error"] = error
        row["spectral_radius"] = largest_radius(self.model)
        self.model.eval()
        if len(validation[0]):
            loss, accuracy = evaluate(self.model, validation)
            row |= {"validation_loss": loss, "validation_accuracy": accuracy}
            if self.robust is not None and math.isfinite(loss):
                loss, accuracy = evaluate(self.model, self.robust.attacked_validation())
                row |= {"robust_validation_loss": loss, "robust_validation_accuracy": accuracy}
            if not math.isfinite(loss):
                raise divergence_error(
                    f"the validation loss is {loss} after", epoch, n_batches, self.model
                )
        else:
            loss = -epoch  # without validation sequences the last epoch counts as the best
        row["seconds"] = time.perf_counter() - started
        self.history.append(row)
        if loss <= self.best["loss"]:
            weights = {key: value.clone() for key, value in self.model.state_dict().items()}
            self.best = {"epoch": epoch, "loss": loss, "weights": weights}

    def state_dict(self) -> dict[str, Any]:
        """Everything as tensors, numbers and strings."""
        states = {name: part.state_dict() for name, part in self.parts.items()}
        return {**states, "history": self.history, "best": self.best}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state`."""
        for name, part in self.parts.items():
            part.load_state_dict(state[name])
        self.history, self.best = state["history"], state["best"]


def divergence_error(what: str, epoch: int, batch: int, model: nn.Module) -> TrainingDiverged:
    """The error that says where a training diverged, and how large its matrices were."""
    return TrainingDiverged(
        f"{what} epoch {epoch}, batch {batch}, where the largest"
        f" spectral radius of the recurrent matrices is {largest_radius(model):.4g}"
        " (a smaller lr usually helps)"
    )
