"""The rows of a study's tables, from its run directories."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rnnspec._files import read_json
from rnnspec.study.plan import Task
from rnnspec.study.results import Row, Value
from rnnspec.study.runs import MEASURES
from rnnspec.study.task import folder_of
from rnnspec.training.config import TrainingConfig
from rnnspec.training.declaration import columns_of

SETTINGS = columns_of(TrainingConfig)
INITIAL = (  # The claims compare these numbers with their values before training.
    *("henrici", "henrici_relative", "eigenvector_condition", "kreiss_constant"),
    *("spectral_radius", "spectral_norm", "distance_to_instability"),
)
# The target and the attack of a curve, and the name of its accuracies in a row of results.
CURVES = {
    ("input", "pgd"): "robust_accuracy",
    ("input", "sign"): "noise_accuracy",
    ("weights", "random"): "weights_accuracy",
}


def result_rows(task: Task, folder: Path) -> Iterator[Row]:
    """Yield a row for each matrix of a task that is done, see `rnnspec.study.results`."""
    summary, robustness, measures = (
        _read_record(task, folder, name) for name in ("summary", "robustness", "measures")
    )
    at_sizes = {
        f"{CURVES[row['target'], row['attack']]}@{row['epsilon']:g}": row["accuracy"]
        for row in robustness["results"]
    }
    exponents = measures["lyapunov"]
    run: Row = {
        "run": task.run,
        **{name: task.place[name] for name in ("dataset", "cell", "condition")},
        **{name: getattr(task.config, name) for name in SETTINGS},
        "seed": task.config.seed,
        "hidden": task.config.hidden,
        "start": task.start,
        **{name: summary[name] for name in _accuracies()},
        "median_r": _number(robustness["minimal"]["fmn"]["median"]),
        "area": robustness["area"],
        **at_sizes,
        "lyapunov_max": _number(exponents[0]) if exponents else None,
    }
    for name, found in measures["matrices"].items():
        before = measures["initial"].get(name, {})
        radii = found["pseudospectral_radius"]
        yield {
            **run,
            "matrix": name,
            **{key: _number(found[key]) for key in MEASURES},
            **{f"pseudospectral_radius@{size}": _number(radii[size]) for size in radii},
            **{f"{key}_initial": _number(before.get(key)) for key in INITIAL},
        }


def curve_rows(task: Task, folder: Path) -> Iterator[Row]:
    """Yield a row for each size of each perturbation of a task that is done."""
    for row in _read_record(task, folder, "robustness")["results"]:
        keys = ("target", "attack", "norm", "epsilon", "accuracy", "ci_low", "ci_high")
        yield {"run": task.run, **{key: row[key] for key in keys}, "loss": row.get("mean_loss")}


def _accuracies() -> list[str]:
    return [f"{part}_accuracy" for part in ("train", "validation", "test")]


def _read_record(task: Task, folder: Path, name: str) -> dict[str, Any]:
    return read_json(folder_of(task, folder) / f"{name}.json")


def _number(value: Value) -> float | None:
    """Return a number of a JSON record, where an infinite number is a text."""
    return None if value is None else float(value)
