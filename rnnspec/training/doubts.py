"""Doubts about a finished training that its user is told, one sentence each."""

from __future__ import annotations

from rnnspec.training.normalization import Normalize
from rnnspec.training.result import TrainedRun

TRUSTED = 0.02  # relative error of an estimate above which the run warns


def doubts_of(run: TrainedRun, normalize: Normalize | None, judged: str, n: int) -> list[str]:
    """Sentences that doubt the estimate of `normalize`, or the accuracy on the part `judged`.

    That part has `n` sequences.
    """
    doubts = []
    if normalize is not None and (run.estimate_error or 0.0) > TRUSTED:
        doubts.append(
            f"the {normalize.estimator} estimate of the {normalize.quantity} (block"
            f" {normalize.block}) has not converged: at the end of an epoch it was off by"
            f" {run.estimate_error:.1%}; validation and the saved weights are normalised exactly"
        )
    if not run.better_than_majority:
        accuracy = getattr(run, f"{judged}_accuracy")
        ends = "ends" if accuracy <= run.majority_accuracy else "may be"
        doubts.append(
            f"the network {ends} no better than the majority class: its accuracy"
            f" {accuracy:.4f} on the {judged} part ({n} sequences) is not"
            f" measurably above {run.majority_accuracy:.4f}, that of always naming the most"
            f" frequent class; on the training part it is {run.train_accuracy:.4f}; more epochs"
            f" than {len(run.history)}, another cell, lr or seed, or more data may help"
        )
    return doubts
