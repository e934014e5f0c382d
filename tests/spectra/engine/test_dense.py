"""Small matrices run on one BLAS thread, and the limit ends with the call."""

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from rnnspec.spectra.engine.dense import ALONE, one_thread_if_small


@one_thread_if_small
def threads_in_use(A):
    return [lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"], len(A)


def test_only_small_matrices_are_limited():
    with threadpool_limits(2, user_api="blas"):
        before = threads_in_use.__wrapped__(np.eye(2))[0]
        assert set(threads_in_use(np.eye(ALONE - 1))[0]) == {1}
        assert set(threads_in_use(A=np.eye(2))[0]) == {1}
        assert threads_in_use(np.eye(ALONE))[0] == before
        assert threads_in_use.__wrapped__(np.eye(2))[0] == before
