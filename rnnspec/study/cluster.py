"""Where tasks are computed: worker processes on this machine, or a cluster that is there."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distributed import Client

CONNECT = 5.0  # seconds that a scheduler has to answer


@contextmanager
def connected(workers: int | None, scheduler: str | None) -> Iterator["Client"]:
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
