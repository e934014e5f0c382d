"""Where tasks are computed: by processes on this machine, or by a Dask cluster that is running."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rnnspec.study.plan import Task
from rnnspec.study.task import compute

if TYPE_CHECKING:
    from distributed import Client

# How often Dask may give a task up before we do; each time up to four workers have died.  A worker
# may die through no fault of its task (a shared machine, a time limit), and the next one goes on
# where it stopped.  A task that itself kills each worker ends after about a hundred deaths.
DEATHS = 25
CONNECT = 5.0  # Seconds that a scheduler has to answer: long for a network, short for a person.


@contextmanager
def connect(workers: int | None, scheduler: str | None) -> Iterator[Client]:
    """Connect to the Dask scheduler at the address `scheduler`, or start a cluster here.

    A cluster here has `workers` processes, by default one for each core.  Each has one thread and
    one BLAS thread, and a worker that dies is replaced.

    Raises
    ------
    ValueError
        If Dask is not installed, no scheduler answers, or both arguments are given.
    """
    if workers is not None and scheduler is not None:
        raise ValueError(
            "`--workers` starts processes on this machine, and `--scheduler` uses a cluster that is"
            " running: give one of the two"
        )
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise ValueError("a study needs Dask: pip install 'rnnspec[cluster]'") from error
    if scheduler is None:
        with (
            # A task must not wait in the queue of one worker while another worker is idle.
            dask.config.set({"distributed.scheduler.worker-saturation": 1.0}),
            LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                memory_limit=None,  # of data that Dask holds: here it holds none
                dashboard_address=":0",
                silence_logs=logging.CRITICAL,  # a worker that dies is replaced
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client
        return
    try:
        client = Client(scheduler, timeout=CONNECT)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"`--scheduler` {scheduler!r}: no scheduler answers within {CONNECT:g} s"
            f" ({' '.join(str(error).split())[:80]}); start one with `dask scheduler`"
        ) from error
    with client:
        yield client


def compute_all(
    client: Client, tasks: Iterable[Task], where: tuple[Any, ...]
) -> Iterator[tuple[Task, BaseException | None]]:
    """Yield each task when it is over, with the error that stopped it or None.

    A task whose workers die is tried again.

    Parameters
    ----------
    client : distributed.Client
    tasks : iterable of Task
    where : tuple
        The arguments of `compute` that follow the task.

    Raises
    ------
    RuntimeError
        If the connection to the scheduler is lost.
    """
    from distributed import KilledWorker, as_completed

    def submit(task: Task) -> Any:
        first = int(task.config.adversarial != "none")  # the longest go first
        return client.submit(compute, task, *where, pure=False, priority=first)

    waiting = {submit(task): task for task in tasks}
    deaths: Counter[Task] = Counter()
    over = as_completed(list(waiting))
    for future in over:
        task = waiting.pop(future)
        if future.cancelled():
            raise RuntimeError("the scheduler is gone; --resume goes on with what is missing")
        error = future.exception()
        if isinstance(error, KilledWorker) and deaths[task] < DEATHS:
            deaths[task] += 1
            again = submit(task)
            waiting[again] = task
            over.add(again)
        else:
            yield task, error
