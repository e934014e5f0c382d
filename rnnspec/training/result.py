"""What a training leaves: the network, its history and its accuracies."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rnnspec.models.classifier import SequenceClassifier
from rnnspec.training.state import Row


@dataclass(frozen=True)
class TrainedRun:
    """A finished training.

    `model` is the given one, with the weights of the best validation epoch and
    the normalisation baked in; `history` has a row per epoch, as in
    ``metrics.csv``; accuracies are fractions, None for an empty part;
    `majority_accuracy` is that of always naming the most frequent class of the test part
    (of the validation part if that is empty, then of the training part), and
    `better_than_majority` whether the network's is above it by more than chance;
    `estimate_error` is the largest relative error of the normaliser's estimate over
    the epochs, against LAPACK.
    """

    model: SequenceClassifier
    history: tuple[Row, ...]
    best_epoch: int
    train_accuracy: float | None
    validation_accuracy: float | None
    test_accuracy: float | None
    majority_accuracy: float
    better_than_majority: bool
    train_seconds: float
    initial_matrices: dict[str, Any] = field(repr=False)
    directory: Path | None = None

    @property
    def estimate_error(self) -> float | None:
        """Largest over the epochs; None without normalisation."""
        errors = [row["estimate_error"] for row in self.history if "estimate_error" in row]
        return max(errors) if errors else None

    @property
    def robust_validation_accuracy(self) -> float | None:
        """Of the best epoch, under attack; None without adversarial training."""
        return self.history[self.best_epoch - 1].get("robust_validation_accuracy")
