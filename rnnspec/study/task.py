"""One task of a study, from nothing or from where a killed worker left it."""

from __future__ import annotations

import threading
import time
import warnings
from pathlib import Path

from threadpoolctl import threadpool_limits

from rnnspec._files import write_json
from rnnspec.data.load import load_dataset
from rnnspec.robustness.curve import at_most
from rnnspec.study.measuring import measures_of, robustness_of
from rnnspec.study.plan import Task
from rnnspec.study.seal import seal, sealed
from rnnspec.training.run import train_run

# A worker may have several threads, but a process has one state of PyTorch's random numbers,
# one number of its threads, and one list of warnings.
_ALONE = threading.Lock()


def folder_of(task: Task, folder: Path) -> Path:
    """Where a task of the study in `folder` keeps its run directory."""
    return folder / "cells" / task.run


def compute(task: Task, folder: Path, data_dir: Path | None = None, download: bool = True) -> None:
    """Train and measure what is missing of `task`; twice is as good as once.

    The run directory holds, beside what `train_run` writes, ``robustness.json`` and
    ``measures.json``, see `rnnspec.study.measuring`, and ``done.json``, with seconds of CPU
    time of the attempt that finished and what it warned of.

    Raises
    ------
    ValueError
        As `train_run` does, if the run directory was damaged among others.
    TrainingDiverged
        As `train_run` does.
    """
    directory = folder_of(task, folder)
    with _ALONE, threadpool_limits(1), warnings.catch_warnings(record=True) as caught:
        if sealed(directory):
            return
        warnings.simplefilter("always")
        began = time.process_time()
        run = train_run(task.config, directory, data_dir, download, resume=True)
        trained = time.process_time()
        data = load_dataset(task.config.dataset, task.config.view, data_dir, download=download)
        part = at_most(data.test, task.measuring.samples, seed=0)
        model = run.model.eval()
        write_json(directory / "robustness.json", robustness_of(model, part, task.measuring))
        measures = measures_of(model, run.initial_matrices, part, task.measuring)
        write_json(directory / "measures.json", measures)
        said = list(dict.fromkeys(str(warning.message) for warning in caught))
        cpu = {"train": trained - began, "measure": time.process_time() - trained}
        seal(directory, {"cpu_seconds": cpu, "warnings": said})
