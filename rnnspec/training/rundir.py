"""Writing a run directory: what reproduces a training, what it gave, and what resumes it.

``config.json``        every setting, and what was learned from the data (scaling, permutation)
``metrics.csv``        a row per epoch
``checkpoint.pt``      the state after an epoch; written at most once a second
``model.safetensors``  the best weights under PyTorch's plain names, normalisation baked in
``summary.json``       the result
``environment.json``   versions and machine

Each file is written beside its place and renamed, so that it is whole or absent.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from rnnspec._files import write_atomically, write_json, write_text
from rnnspec.data.splits import DataSplits
from rnnspec.models.checkpoint import save_weights
from rnnspec.training.config import TrainingConfig
from rnnspec.training.records import data_record, environment, metrics_csv, summarize
from rnnspec.training.result import TrainedRun
from rnnspec.training.trained import FORMAT, read_record

if TYPE_CHECKING:
    from rnnspec.training.state import TrainingState


class RunWriter:
    """Writes the run directory of one training; `open_run` creates it."""

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
        """Create the directory, or load the checkpoint that it holds into `state`."""
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
        """Record a finished epoch, in the metrics and in the checkpoint alike."""
        if not last and time.monotonic() - self._saved < self.between:
            return
        checkpoint = state.state_dict()
        write_atomically(self.directory / "checkpoint.pt", lambda p: torch.save(checkpoint, p))
        write_text(self.directory / "metrics.csv", metrics_csv(state.history))
        self._saved, self._epoch = time.monotonic(), len(state.history)

    def describe_checkpoint(self) -> str:
        """Say from where a run that stopped can go on."""
        if not self._epoch:
            return f"no checkpoint was written to {self.directory} yet"
        return f"{self.directory} keeps the checkpoint after epoch {self._epoch}"

    def finish(self, run: TrainedRun) -> None:
        """Write the weights and the summary."""
        save_weights(self.directory / "model.safetensors", run.model.state_dict())
        write_json(self.directory / "summary.json", summarize(run, self.config))


def open_run(directory: Path, config: TrainingConfig, data: DataSplits, resume: bool) -> RunWriter:
    """A writer of a new run in `directory`, or of the run in it that is resumed.

    Nothing is written yet.

    Raises
    ------
    ValueError
        If the directory holds a run and `resume` is false, or if it holds a run with other
        settings or data.
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
    """Refuse to resume a run with other settings or other data than it was begun with."""
    stored = read_record(path)
    for key, value in json.loads(json.dumps(record)).items():
        if key != "format" and stored.get(key, value) != value:
            shown = "" if key == "data" else f" {stored[key]}, not {value}"
            raise ValueError(
                f"{path.parent} was begun with other {key}{shown}:"
                " a resumed run keeps its settings and its data; choose another --out"
            )
