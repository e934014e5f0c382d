"""A study from its plan to its tables: every task that is missing is computed."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from pathlib import Path

from rnnspec.data.load import load_dataset
from rnnspec.study.cluster import connect
from rnnspec.study.dispatch import compute_all
from rnnspec.study.folder import check_folder, write_record, write_tables
from rnnspec.study.plan import Plan, Task
from rnnspec.study.record import Study, read_study
from rnnspec.study.task import folder_of, is_sealed
from rnnspec.training.settings import check_settings

# A disk with less free than this counts as full, because not every library that fails to write
# says why.  It is three times the largest file of a default run, an LSTM's checkpoint (0.3 MB).
LEAST = 2**20


def run_study(
    plan: Plan,
    folder: str | Path,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    resume: bool = False,
    data_dir: str | Path | None = None,
    download: bool = True,
    on_start: Callable[[str, int, int], None] | None = None,
    on_task: Callable[[Task, str | None], None] | None = None,
) -> Study:
    """Compute every task of `plan` that is missing in `folder`, and write the tables.

    The tables depend only on the plan and the arithmetic of the machine: not on the number of
    workers, nor on how many of them died, nor on how often the study was interrupted.

    Parameters
    ----------
    plan : Plan
        The grid of tasks, from `read_plan`.
    folder : path
        Where the study is written.  On a cluster all machines must see it.
    workers : int, optional
        How many processes compute on this machine; by default one for each core.
    scheduler : str, optional
        Address of a Dask scheduler that is running, for example "tcp://login:8786", whose workers
        compute in place of processes on this machine.
    resume : bool, default False
        Go on with the study that `folder` holds.
    data_dir : path, optional
        Where data files are, as for `load_dataset`.
    download : bool, default True
        Whether data files may be downloaded, as for `load_dataset`.
    on_start : callable, optional
        Called once, if a task is missing: with the address of the Dask dashboard, with how many
        tasks are done, and with how many there are.
    on_task : callable, optional
        Called for each task when it is over: with the `Task`, and with why it failed or None.

    Returns
    -------
    Study
        What the folder holds now.  A run that failed is not in the tables.

    Raises
    ------
    ValueError
        If settings, data, the folder or the scheduler cannot be used, before anything is
        written; or if the disk is full.
    RuntimeError
        If the connection to the scheduler is lost.

    Examples
    --------
    A study from its file to its claims::

        plan = rnnspec.study.read_plan("quick")  # 36 runs, some minutes on two cores
        study = rnnspec.run_study(plan, "studies/quick")
        for claim in study.claims:
            print(claim.sentence)

    A plan without tasks needs neither data nor workers:

    >>> from tempfile import TemporaryDirectory
    >>> from rnnspec.study.plan import Plan
    >>> with TemporaryDirectory() as folder:
    ...     study = run_study(Plan("empty", "", ()), folder)
    >>> study.to_dict()["runs"], [claim.verdict for claim in study.claims][0]
    (0, 'undecided')
    """
    folder = Path(folder)
    data_dir = None if data_dir is None else Path(data_dir)
    for task in plan.tasks:
        check_settings(task.config)
    check_folder(plan, folder, resume)
    for name, view in {(task.config.dataset, task.config.view) for task in plan.tasks}:
        load_dataset(name, view, data_dir, download=download)
    folder, data_dir = folder.absolute(), data_dir and data_dir.absolute()
    missing = [task for task in plan.tasks if not is_sealed(folder_of(task, folder))]
    failed: dict[str, str] = {}
    try:
        if missing:
            with connect(workers, scheduler) as client:
                write_record(plan, folder, failed)
                if on_start is not None:
                    n = len(plan.tasks)
                    on_start(client.dashboard_link, n - len(missing), n)
                for task, error in compute_all(client, missing, (folder, data_dir, download)):
                    if reason := _why(task, error, folder):
                        failed[task.run] = reason
                    if on_task is not None:
                        on_task(task, reason)
        write_tables(plan, folder)
        write_record(plan, folder, failed)
    except OSError as error:
        _stop_if_full(error, folder)
        raise
    return read_study(folder)


def _why(task: Task, error: BaseException | None, folder: Path) -> str | None:
    """Return why a task that is over failed, or None if it is done."""
    if error is not None:
        _stop_if_full(error, folder)
        return f"{type(error).__name__}: {error}"
    if not is_sealed(folder_of(task, folder)):
        return (
            f"its worker finished, but {folder_of(task, folder)} is not complete here:"
            " on several machines the folder must be one that all see"
        )
    return None


def _stop_if_full(error: BaseException, folder: Path) -> None:
    """Stop the study if the disk is full, because every task that is left would fail too."""
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    if full or shutil.disk_usage(folder).free < LEAST:
        raise ValueError(
            f"no space left for {folder}: free some, and --resume goes on; what is done is kept"
        ) from error
