"""A run directory: what reproduces a training, what it gave, and what resumes it.

``config.json``        every setting, and what was learned from the data (scaling, permutation)
``metrics.csv``        a row per epoch
``checkpoint.pt``      the state between two epochs; written at most once a second
``model.safetensors``  the best weights under PyTorch's plain names, normalisation baked in
``summary.json``       the result
``environment.json``   versions and machine

Each file is written beside its place and renamed, so that it is whole or absent.
"""

from __future__ import annotations

import csv
import io
import json
import os
import platform
import time
from collections.abc import Mapping
from dataclasses import asdict, fields
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from rnnspec import __version__
from rnnspec._files import write_atomically, write_json, write_text
from rnnspec.data.sequences import DataSplits
from rnnspec.models.checkpoint import save_weights
from rnnspec.training.config import TrainingConfig
from rnnspec.training.settings import checked_settings
from rnnspec.training.summary import summarize

if TYPE_CHECKING:
    from rnnspec.training.result import TrainedRun
    from rnnspec.training.state import TrainingState

FORMAT = 1
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


class RunWriter:
    """Writes the run directory of one training; `open_run` makes it."""

    def __init__(
        self,
        directory: Path,
        config: TrainingConfig,
        record: Mapping[str, Any],
        between: float = 1.0,
    ) -> None:
        self.directory, self.config, self.between = directory, config, between
        self.record = record
        self._saved, self._epoch = -float("inf"), 0

    def begin(self, state: TrainingState) -> None:
        """Make the directory, or load the checkpoint in it, if there is one, into `state`."""
        if not (self.directory / "config.json").is_file():
            self.directory.mkdir(parents=True, exist_ok=True)
            write_json(self.directory / "environment.json", environment())
            write_json(self.directory / "config.json", self.record)
        path = self.directory / "checkpoint.pt"
        if path.is_file():
            device = self.config.device
            try:
                state.load_state_dict(torch.load(path, map_location=device, weights_only=True))
            except Exception as error:  # damaged bytes make a parser raise anything
                reason = " ".join(str(error).split())[:80]
                raise ValueError(
                    f"{path} is damaged ({reason}); delete it to begin this run anew"
                ) from error
            self._epoch = len(state.history)

    def epoch(self, state: TrainingState, last: bool) -> None:
        """Record a finished epoch; metrics and checkpoint speak of the same one."""
        if not last and time.monotonic() - self._saved < self.between:
            return
        checkpoint = state.state_dict()
        write_atomically(self.directory / "checkpoint.pt", lambda p: torch.save(checkpoint, p))
        write_text(self.directory / "metrics.csv", metrics_csv(state.history))
        self._saved, self._epoch = time.monotonic(), len(state.history)

    def kept(self) -> str:
        """What a stopped run can go on from, in words."""
        if not self._epoch:
            return f"no checkpoint was written to {self.directory} yet"
        return f"{self.directory} keeps the checkpoint after epoch {self._epoch}"

    def finish(self, run: TrainedRun) -> None:
        """Write weights and summary."""
        save_weights(self.directory / "model.safetensors", run.model.state_dict())
        write_json(self.directory / "summary.json", summarize(run, self.config))


def open_run(directory: Path, config: TrainingConfig, data: DataSplits, resume: bool) -> RunWriter:
    """Write a new run into `directory`, or go on with the one in it; nothing is written yet.

    Raises
    ------
    ValueError
        If the directory holds a run and `resume` is false, or holds another.
    """
    path = directory / "config.json"
    record = {"format": FORMAT, **asdict(config), "data": data_record(data)}
    if path.is_file():
        if not resume:
            raise ValueError(
                f"{directory} holds a run already: --resume goes on with it,"
                " or choose another --out"
            )
        _check_same(path, record)
    elif directory.exists() and not directory.is_dir():
        raise ValueError(f"{directory} must be a directory, found a file")
    return RunWriter(directory, config, record)


def _check_same(path: Path, record: Mapping[str, Any]) -> None:
    """Refuse to go on with a run of other settings or on other data."""
    stored = _read_record(path)
    for key, value in json.loads(json.dumps(record)).items():
        if key != "format" and stored.get(key, value) != value:
            shown = "" if key == "data" else f" {stored[key]}, not {value}"
            raise ValueError(
                f"{path.parent} was begun with other {key}{shown}:"
                " a resumed run keeps its settings and its data; choose another --out"
            )


def read_config(directory: Path) -> TrainingConfig:
    """The settings of the run in `directory`."""
    path = directory / "config.json"
    if not path.is_file():
        raise ValueError(f"{directory} must be a run directory with config.json, found none")
    record = _read_record(path)
    known = {field.name for field in fields(TrainingConfig)}
    stored = {key: record[key] for key in known if key in record}
    return TrainingConfig(**checked_settings(stored, f"{path} is damaged"))


def _read_record(path: Path) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads(path.read_text())
        newer = record["format"] > FORMAT
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} is damaged ({error}); delete it, and the run can be taken up again"
        ) from error
    if newer:
        raise ValueError(
            f"{path} has format {record['format']}, newer than this version's {FORMAT}:"
            " upgrade rnnspec"
        )
    return record


def data_record(data: DataSplits) -> dict[str, Any]:
    """What evaluation on the same data needs to know, JSON-ready."""
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
    """Versions and machine."""
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
    """The table of epochs; a cell that does not apply is empty."""
    columns = [name for name in COLUMNS if any(name in row for row in history)]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _number(row.get(name)) for name in columns} for row in history)
    return text.getvalue()


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.8g}"
