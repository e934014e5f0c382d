"""The plan of a study: a grid of tasks.

One task trains one network and measures it.  Its name, `Task.run`, is a digest of every setting
that its numbers depend on, so that equal settings are one run, in whatever study.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from rnnspec._result import Result
from rnnspec.study.measuring import Measuring
from rnnspec.study.results import Value
from rnnspec.training.config import TrainingConfig
from rnnspec.training.declaration import names_with

FORMAT = 1  # Version of a task's folder.  It enters the digest: a new one makes all tasks new.
TREATMENTS = names_with(TrainingConfig, lambda setting: setting.treatment)


@dataclass(frozen=True)
class Task:
    """One place of the grid: a training and what is measured on it.

    Attributes
    ----------
    condition : str
        Name of the condition, for example "plain" or "radius".
    config : TrainingConfig
        Settings of the training.
    measuring : Measuring
        What is measured.
    """

    condition: str
    config: TrainingConfig
    measuring: Measuring

    @property
    def run(self) -> str:
        """Name of the run: 64 bits of the SHA-256 of all settings, in hexadecimal."""
        return _digest([FORMAT, asdict(self.config), asdict(self.measuring)])

    @property
    def start(self) -> str:
        """Digest of the settings that neither normalisation nor training for robustness changes."""
        settings = asdict(self.config).items()
        return _digest({key: value for key, value in settings if key not in TREATMENTS})

    @property
    def place(self) -> dict[str, Value]:
        """Where the task stands in the grid: data set, cell, condition and seed."""
        config = self.config
        return {
            **{"dataset": config.dataset, "cell": config.cell},
            **{"condition": self.condition, "seed": config.seed},
        }

    def __str__(self) -> str:
        return " ".join(str(value) for value in self.place.values())


@dataclass(frozen=True, eq=False, repr=False)
class Plan(Result):
    """A study before it is computed.

    Attributes
    ----------
    name : str
    text : str
        The study file, as it was given.
    tasks : tuple of Task
        The places of the grid; no two have the same settings.
    """

    name: str
    text: str
    tasks: tuple[Task, ...]


def _digest(record: Any) -> str:
    text = json.dumps(record, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
