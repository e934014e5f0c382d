"""One training in one record: ``summary.json`` and ``rnnspec train --json``."""

from __future__ import annotations

from typing import Any

from rnnspec.models.recurrent import recurrent_matrices
from rnnspec.spectra.numbers import NUMBERS
from rnnspec.training.config import TrainingConfig
from rnnspec.training.result import TrainedRun

MEASURES = ("spectral_radius", "spectral_norm", "henrici")  # those that take a moment


def summarize(run: TrainedRun, config: TrainingConfig) -> dict[str, Any]:
    """Settings, accuracies and each matrix before and after; JSON-ready."""
    parameters = sum(p.numel() for p in run.model.parameters())
    return {
        **{
            name: getattr(config, name)
            for name in ("dataset", "view", "cell", "hidden", "layers", "bidirectional", "init")
        },
        **{
            name: getattr(config, name)
            for name in ("normalize", "estimator", "bound", "normalize_mode", "seed", "epochs")
        },
        **{
            name: getattr(config, name)
            for name in ("adversarial", "adv_epsilon", "curvature_penalty")
        },
        "best_epoch": run.best_epoch,
        "train_accuracy": run.train_accuracy,
        "validation_accuracy": run.validation_accuracy,
        "robust_validation_accuracy": run.robust_validation_accuracy,
        "test_accuracy": run.test_accuracy,
        "majority_accuracy": run.majority_accuracy,
        "better_than_majority": run.better_than_majority,
        "train_seconds": run.train_seconds,
        "n_parameters": parameters,
        "estimate_error": run.estimate_error,
        "matrices": {
            name: {
                f"{key}{when}": NUMBERS[key].compute(matrix)
                for when, matrix in (("", W), ("_initial", run.initial_matrices[name]))
                for key in MEASURES
            }
            for name, W in recurrent_matrices(run.model).items()
        },
    }
