"""A study from its plan to its tables: what is missing is computed, whatever dies."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnspec.data.load import load_dataset
from rnnspec.study.cluster import computed, connected
from rnnspec.study.estimate import Claim
from rnnspec.study.folder import check_folder, write_record, write_tables
from rnnspec.study.plan import Plan, Task
from rnnspec.study.seal import sealed
from rnnspec.study.task import folder_of
from rnnspec.training.settings import check_settings

LEAST = 2**20  # bytes free on a disk that is not full


@dataclass(frozen=True)
class Study:
    """What became of a study: why a task failed, by its run, and what the others say."""

    plan: Plan
    failed: Mapping[str, str]
    claims: tuple[Claim, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return a record for JSON."""
        failed = [
            {"run": task.run, **task.place, "reason": self.failed[task.run]}
            for task in self.plan.tasks
            if task.run in self.failed
        ]
        return {
            "name": self.plan.name,
            "runs": len(self.plan.tasks),
            "done": len(self.plan.tasks) - len(failed),
            "failed": failed,
            "claims": [claim.to_dict() for claim in self.claims],
        }


def run_study(
    plan: Plan,
    folder: Path,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    resume: bool = False,
    data_dir: Path | None = None,
    download: bool = True,
    on_start: Callable[[str, int, int], None] | None = None,
    on_task: Callable[[Task, str | None], None] | None = None,
) -> Study:
    """Compute every task of `plan` that is missing in `folder`, and write the tables.

    The tables depend on the plan and the machine's arithmetic alone: not on the number of
    workers, on how many of them died, or on how often the study was taken up again.

    Parameters
    ----------
    plan : Plan
        From `read_plan`.
    folder : path
        On a cluster of several machines, one that all of them see.
    workers, scheduler
        As for `connected`.
    resume : bool, default False
        Go on with the study in `folder`.
    data_dir, download
        As for `load_dataset`.
    on_start : callable, optional
        Called with the address of the Dask dashboard, how many tasks are done and how many there
        are, if any is missing.
    on_task : callable, optional
        Called with each task that is over, and why it failed or None.

    Returns
    -------
    Study
        A run that failed is not in the tables.

    Raises
    ------
    ValueError
        For settings, data, a folder or a scheduler that cannot be used, before anything is
        written; and if the disk is full.
    """
    for task in plan.tasks:
        check_settings(task.config)
    check_folder(plan, folder, resume)
    for name, view in {(task.config.dataset, task.config.view) for task in plan.tasks}:
        load_dataset(name, view, data_dir, download=download)
    folder, data_dir = folder.absolute(), data_dir and data_dir.absolute()
    missing = [task for task in plan.tasks if not sealed(folder_of(task, folder))]
    failed: dict[str, str] = {}
    try:
        if missing:
            with connected(workers, scheduler) as client:
                write_record(plan, folder, failed)
                if on_start is not None:
                    n = len(plan.tasks)
                    on_start(client.dashboard_link, n - len(missing), n)
                for task, error in computed(client, missing, (folder, data_dir, download)):
                    if reason := _why(task, error, folder):
                        failed[task.run] = reason
                    if on_task is not None:
                        on_task(task, reason)
        claims = write_tables(plan, folder)
        write_record(plan, folder, failed)
    except OSError as error:
        _stop_if_full(error, folder)
        raise
    return Study(plan, failed, claims)


def _why(task: Task, error: BaseException | None, folder: Path) -> str | None:
    """Why a task that is over failed, if it did."""
    if error is not None:
        _stop_if_full(error, folder)
        return f"{type(error).__name__}: {error}"
    if not sealed(folder_of(task, folder)):
        return (
            f"its worker finished, but {folder_of(task, folder)} is not complete here:"
            " on several machines the folder must be one that all see"
        )
    return None


def _stop_if_full(error: BaseException, folder: Path) -> None:
    """A full disk is not one task's failure: all that are left would fail too."""
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    if full or shutil.disk_usage(folder).free < LEAST:
        raise ValueError(
            f"no space left for {folder}: free some, and --resume goes on; what is done is kept"
        ) from error
