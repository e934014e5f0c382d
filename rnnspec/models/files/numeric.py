"""Arrays as they leave a reader: numbers in the machine's byte order, dense."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec.models.files.refusal import LeftOut
from rnnspec.models.files.sizes import check_described


def numbers_of(array: NDArray[Any]) -> NDArray[Any]:
    """`array` in the machine's byte order, True and False as 1.0 and 0.0.

    Raises
    ------
    LeftOut
        If its entries are no numbers.

    Examples
    --------
    >>> numbers_of(np.array([True, False])), numbers_of(np.array([2], ">i4")).dtype
    (array([1., 0.]), dtype('int32'))
    """
    if array.dtype == bool:
        return array.astype(np.float64)
    if array.dtype.kind not in "iufc":
        raise LeftOut(f"an array with entries of type {array.dtype}, no numbers")
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def dense(A: Any) -> NDArray[Any]:
    """A sparse matrix with all its zeros, if they fit in the memory of a usual machine.

    Raises
    ------
    LeftOut
        If they do not.
    """
    if not hasattr(A, "toarray"):
        return np.asarray(A)
    check_described(A.shape, A.nnz)
    if hasattr(A, "check_format"):  # or wrong indices would have scipy write anywhere
        A.check_format(full_check=True)
    return np.asarray(A.toarray())
