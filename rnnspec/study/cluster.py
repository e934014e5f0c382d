"""Where tasks are computed: by workers on this machine, or by a cluster that is there."""

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

DEATHS = 25  # times that Dask may give a task up, each after up to four dead workers
CONNECT = 5.0  # seconds that a scheduler has to answer


@contextmanager
def connected(workers: int | None, scheduler: str | None) -> Iterator[Client]:
    """A client of the Dask scheduler at the address `scheduler`, or of one made for it here.

    One made here has `workers` processes, by default one for each core, each with one thread
    and one BLAS thread; a worker that dies is replaced.

    Raises
    ------
    ValueError
        If Dask is not installed, no scheduler answers, or both arguments are given.
    """
    if workers is not None and scheduler is not None:
        raise ValueError("`--workers` is of a cluster made here, and --scheduler of one that is")
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise ValueError("a study needs Dask: pip install 'rnnspec[cluster]'") from error
    if scheduler is None:
        with (
            dask.config.set({"distributed.scheduler.worker-saturation": 1.0}),  # none waits twice
            LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                memory_limit=None,  # of data that Dask holds, and it holds none
                dashboard_address=":0",
                silence_logs=logging.CRITICAL,  # a worker that dies is no one's error
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


def computed(
    client: Client, tasks: Iterable[Task], where: tuple[Any, ...]
) -> Iterator[tuple[Task, BaseException | None]]:
    """Each task as it is over, and what stopped it; one whose workers die is tried again.

    Parameters
    ----------
    client : distributed.Client
    tasks : iterable of Task
    where : tuple
        What `compute` takes after the task.

    Raises
    ------
    RuntimeError
        If the scheduler is lost.
    """
    from distributed import KilledWorker, as_completed

    def submit(task: Task) -> Any:
        first = int(task.config.adversarial != "none")  # the longest: none is left for the end
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
