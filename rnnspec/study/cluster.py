"""Where tasks are computed: by processes on this machine, or by a Dask cluster that is running."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distributed import Client, LocalCluster

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
        import distributed
    except ImportError as error:
        raise ValueError("a study needs Dask: pip install 'rnnspec[cluster]'") from error
    if scheduler is None:
        with _cluster_here(workers) as cluster, distributed.Client(cluster) as client:
            yield client
        return
    try:
        client = distributed.Client(scheduler, timeout=CONNECT)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"`--scheduler` {scheduler!r}: no scheduler answers within {CONNECT:g} s"
            f" ({' '.join(str(error).split())[:80]}); start one with `dask scheduler`"
        ) from error
    with client:
        yield client


@contextmanager
def _cluster_here(workers: int | None) -> Iterator[LocalCluster]:
    """Start processes of this machine that compute until the ``with`` block ends."""
    import dask
    from distributed import LocalCluster

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
    ):
        yield cluster
