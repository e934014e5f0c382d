"""One task of a study: train, measure, and seal what the tables need.

A task is done when its folder holds ``done.json``, the seal, with the digests of five files.  The
seal is written last, so that a task that was killed has none.  A file that is damaged later
breaks the seal, and the task is computed again.
"""

from __future__ import annotations

import json
import threading
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from rnnspec._files import write_json
from rnnspec.data.download import sha256_of
from rnnspec.data.load import load_dataset
from rnnspec.robustness.curve import at_most
from rnnspec.study.measuring import measures_of, robustness_of
from rnnspec.study.plan import Task
from rnnspec.training.run import train_run

SEAL = "done.json"
SEALED = ("config.json", "summary.json", "model.safetensors", "robustness.json", "measures.json")

# A worker may have several threads.  But a process has only one state of PyTorch's random numbers,
# one number of threads, and one list of warnings, so that tasks take turns.
_TURN = threading.Lock()


def folder_of(task: Task, folder: Path) -> Path:
    """Return the run directory of a task of the study in `folder`."""
    return folder / "cells" / task.run


def compute(task: Task, folder: Path, data_dir: Path | None = None, download: bool = True) -> None:
    """Train and measure what is missing of `task`, and seal it; a sealed task stays as it is.

    The run directory holds what `train_run` writes; ``robustness.json`` and ``measures.json``, see
    `rnnspec.study.measuring`; and the seal, with the CPU seconds of the attempt that finished and
    its warnings.

    Raises
    ------
    ValueError
        As `train_run` does, for example if the run directory was damaged.
    TrainingDiverged
        As `train_run` does.
    """
    directory = folder_of(task, folder)
    with _TURN, threadpool_limits(1), warnings.catch_warnings(record=True) as caught:
        if is_sealed(directory):
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
        texts = list(dict.fromkeys(str(warning.message) for warning in caught))
        cpu = {"train": trained - began, "measure": time.process_time() - trained}
        seal(directory, {"cpu_seconds": cpu, "warnings": texts})


def seal(directory: Path, record: Mapping[str, Any]) -> None:
    """Seal the task of `directory`, which is done; the seal also holds `record`.

    Hidden files are removed: they are what a killed worker left half-written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     for name in SEALED:
    ...         _ = Path(folder, name).write_text("{}")
    ...     before = is_sealed(Path(folder))
    ...     seal(Path(folder), {})
    ...     after = is_sealed(Path(folder))
    ...     _ = Path(folder, "config.json").write_text("{")
    ...     before, after, is_sealed(Path(folder))
    (False, True, False)
    """
    for left in directory.glob(".*"):
        if left.is_file():
            left.unlink()
    write_json(
        directory / SEAL,
        {**record, "sha256": {name: sha256_of(directory / name) for name in SEALED}},
    )


def is_sealed(directory: Path) -> bool:
    """Tell whether the task of `directory` is done and each of its files is as it was then."""
    try:
        digests = json.loads((directory / SEAL).read_text())["sha256"]
        return all(sha256_of(directory / name) == digests[name] for name in SEALED)
    except (OSError, ValueError, KeyError, TypeError):
        return False
