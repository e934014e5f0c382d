"""Tasks sent to the workers of a cluster, and sent again if a worker dies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from rnnspec.study.plan import Task
from rnnspec.study.task import compute

if TYPE_CHECKING:
    from distributed import Client

# How often Dask may give a task up before we do; each time up to four workers have died.  A worker
# may die through no fault of its task (a shared machine, a time limit), and the next one goes on
# where it stopped.  A task that itself kills each worker ends after about a hundred deaths.
DEATHS = 25


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
