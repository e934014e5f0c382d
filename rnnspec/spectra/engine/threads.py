"""One BLAS thread for small matrices: two are up to ten times slower below a few hundred rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

import numpy as np
from threadpoolctl import threadpool_limits

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
WIDE = 256  # rows from which eigenvalue problems gain from threads


def one_thread_if_small(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """`function` of a matrix `A`, run on one BLAS thread if `A` has fewer than 256 rows.

    Examples
    --------
    >>> float(one_thread_if_small(np.trace)([[1.0, 0.0], [0.0, 2.0]]))
    3.0
    """

    @wraps(function)
    def limited(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        A = cast(Any, args[0] if args else kwargs.get("A"))
        small = np.shape(A)[:1] < (WIDE,)
        with threadpool_limits(1 if small else None, user_api="blas"):
            return function(*args, **kwargs)

    return limited
