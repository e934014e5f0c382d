"""What a training leaves: the network, its history and accuracies, and what is doubtful."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from rnnspec._result import Result, plain
from rnnspec.data.splits import DataSplits
from rnnspec.models.classifier import SequenceClassifier
from rnnspec.training.accuracy import (
    better_than_majority,
    evaluate,
    majority_accuracy,
    tensors_of,
)
from rnnspec.training.baking import make_permanent
from rnnspec.training.normalization import Normalize
from rnnspec.training.state import Row, TrainingState

# Relative error of an estimate above which a training warns.  Measured on the digits with 64 units
# (RNN and LSTM, four epochs, radius and norm): the default estimator is off by at most 0.2 %, and
# the power method, which has not converged then, by up to 42 %.
TRUSTED = 0.02


@dataclass(frozen=True, eq=False, repr=False)
class TrainedRun(Result):
    """A finished training.

    Attributes
    ----------
    model : SequenceClassifier
        The network that was given, with the weights of the best epoch; a normalisation has become
        part of them.
    history : tuple of dict
        One row for each epoch, with the columns of ``metrics.csv``.
    best_epoch : int
        The epoch, counted from 1, with the lowest validation loss.
    train_accuracy, validation_accuracy, test_accuracy : float or None
        Fractions in [0, 1]; None if the part is empty.
    majority_accuracy : float
        Accuracy of always naming the most frequent class of the test part (of the validation part
        if that is empty, and of the training part if both are).
    better_than_majority : bool
        Whether the accuracy of the network on that part is above `majority_accuracy` by more than
        chance explains.
    train_seconds : float
        Seconds that the epochs took together.
    initial_matrices : dict of str to ndarray, shape (h, h)
        The recurrent matrices before the training, by name.
    directory : Path or None
        The run directory, if one was written.
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
    initial_matrices: dict[str, NDArray[Any]]
    directory: Path | None = None

    @property
    def estimate_error(self) -> float | None:
        """Largest relative error of the normaliser's estimate; None without normalisation."""
        errors = [row["estimate_error"] for row in self.history if "estimate_error" in row]
        return max(errors) if errors else None

    @property
    def robust_validation_accuracy(self) -> float | None:
        """Accuracy of the best epoch under attack; None without adversarial training."""
        return self.history[self.best_epoch - 1].get("robust_validation_accuracy")

    def to_dict(self) -> dict[str, Any]:
        """Return all fields but the network as strict JSON can hold them."""
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        del told["model"]
        directory = None if self.directory is None else str(self.directory)
        record: dict[str, Any] = plain(told | {"directory": directory})
        return record


def finish_run(
    state: TrainingState,
    data: DataSplits,
    initial: dict[str, NDArray[Any]],
    directory: Path | None,
) -> TrainedRun:
    """Give the network its best weights, make its normalisation permanent, and evaluate it."""
    model = state.model
    model.load_state_dict(state.best["weights"])
    make_permanent(model)
    model.eval()
    device = str(next(model.parameters()).device)
    accuracy = {
        name: evaluate(model, tensors_of(part, device))[1]
        for name in ("train", "validation", "test")
        if len(part := getattr(data, name))
    }
    last = _last_part(data)
    labels = getattr(data, last).labels
    return TrainedRun(
        model=model,
        history=tuple(state.history),
        best_epoch=state.best["epoch"],
        train_accuracy=accuracy.get("train"),
        validation_accuracy=accuracy.get("validation"),
        test_accuracy=accuracy.get("test"),
        majority_accuracy=majority_accuracy(labels),
        better_than_majority=better_than_majority(accuracy[last], labels),
        train_seconds=sum(row["seconds"] for row in state.history),
        initial_matrices=initial,
        directory=directory,
    )


def doubts_of(run: TrainedRun, data: DataSplits, normalize: Normalize | None) -> list[str]:
    """What is doubtful about a training on `data`, one sentence for each doubt."""
    doubts = []
    if normalize is not None and (run.estimate_error or 0.0) > TRUSTED:
        doubts.append(
            f"the {normalize.estimator} estimate of the {normalize.quantity} (block"
            f" {normalize.block}) has not converged: at the end of an epoch it was off by"
            f" {run.estimate_error:.1%}; validation and the saved weights are normalised exactly"
        )
    if not run.better_than_majority:
        part = _last_part(data)
        accuracy = getattr(run, f"{part}_accuracy")
        ends = "ends" if accuracy <= run.majority_accuracy else "may be"
        doubts.append(
            f"the network {ends} no better than the majority class: its accuracy"
            f" {accuracy:.4f} on the {part} part ({len(getattr(data, part))} sequences) is not"
            f" measurably above {run.majority_accuracy:.4f}, that of always naming the most"
            f" frequent class; on the training part it is {run.train_accuracy:.4f}; more epochs"
            f" than {len(run.history)}, another cell, lr or seed, or more data may help"
        )
    return doubts


def _last_part(data: DataSplits) -> str:
    """The part that tells whether the network has learned: the last one with sequences."""
    return next(name for name in ("test", "validation", "train") if len(getattr(data, name)))
