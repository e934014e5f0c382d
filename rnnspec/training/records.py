"""The records in a run directory: settings and data, epochs, summary and machine."""

from __future__ import annotations

import csv
import io
import os
import platform
from importlib.metadata import version
from typing import Any

import torch

from rnnspec import __version__
from rnnspec.data.splits import DataSplits
from rnnspec.models.recurrent import recurrent_matrices
from rnnspec.spectra.measures import compute
from rnnspec.spectra.numbers import NUMBERS
from rnnspec.training.config import TrainingConfig
from rnnspec.training.declaration import names_with
from rnnspec.training.result import TrainedRun

SUMMARIZED = ("spectral_radius", "spectral_norm", "henrici")  # they cost milliseconds
COLUMNS = (
    "epoch",
    "train_loss",
    "train_accuracy",
    "validation_loss",
    "validation_accuracy",
    "robust_validation_loss",
    "robust_validation_accuracy",
    "lr",
    "spectral_radius",
    "estimate_error",
    "seconds",
)


def data_record(data: DataSplits) -> dict[str, Any]:
    """What an evaluation on the same data needs to know, ready for JSON."""
    train = data.train
    return {
        "name": data.name,
        "view": data.view,
        "seed": data.seed,
        "class_names": list(train.class_names),
        "n_features": train.n_features,
        "mean": train.mean.tolist(),
        "std": train.std.tolist(),
        "permutation": None if data.permutation is None else data.permutation.tolist(),
        "sources": dict(data.sources),
    }


def environment() -> dict[str, Any]:
    """The versions of the libraries, and the machine."""
    names = ("torch", "numpy", "scipy", "scikit-learn", "safetensors")
    return {
        "rnnspec": __version__,
        "python": platform.python_version(),
        **{name: version(name) for name in names},
        "platform": platform.platform(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
    }


def metrics_csv(history: list[dict[str, float]]) -> str:
    """The table of the epochs as text; a cell that does not apply is empty."""
    columns = [name for name in COLUMNS if any(name in row for row in history)]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _number(row.get(name)) for name in columns} for row in history)
    return text.getvalue()


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.8g}"


def summarize(run: TrainedRun, config: TrainingConfig) -> dict[str, Any]:
    """The record in ``summary.json``: settings, accuracies, each matrix before and after."""
    recorded = names_with(TrainingConfig, lambda setting: setting.recorded)
    return {
        **{name: getattr(config, name) for name in recorded},
        "best_epoch": run.best_epoch,
        "train_accuracy": run.train_accuracy,
        "validation_accuracy": run.validation_accuracy,
        "robust_validation_accuracy": run.robust_validation_accuracy,
        "test_accuracy": run.test_accuracy,
        "majority_accuracy": run.majority_accuracy,
        "better_than_majority": run.better_than_majority,
        "train_seconds": run.train_seconds,
        "n_parameters": sum(p.numel() for p in run.model.parameters()),
        "estimate_error": run.estimate_error,
        "matrices": {
            name: {
                f"{key}{when}": compute(NUMBERS[key], matrix)
                for when, matrix in (("", W), ("_initial", run.initial_matrices[name]))
                for key in SUMMARIZED
            }
            for name, W in recurrent_matrices(run.model).items()
        },
    }
