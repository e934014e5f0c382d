"""How a matrix that is not stored densely is treated: as sparse, as an operator, or as dense."""

from __future__ import annotations

from typing import Any, TypeGuard

import numpy as np
from scipy.sparse import csc_array, issparse
from scipy.sparse.linalg import LinearOperator

from rnnspec.spectra.engine.dense import Resolvent
from rnnspec.spectra.engine.krylov import KrylovResolvent
from rnnspec.spectra.engine.sparse import SparseResolvent

DENSE = 500  # up to so many rows the dense way is faster than a sparse factorisation at each point


def is_large(A: Any) -> TypeGuard[Any]:
    """Whether A is sparse, or known only by its products with vectors.

    Examples
    --------
    >>> from scipy.sparse import eye_array
    >>> is_large(np.eye(2)), is_large(eye_array(2))
    (False, True)
    """
    return issparse(A) or isinstance(A, LinearOperator)


def large_resolvent(A: Any, device: str = "cpu") -> Resolvent | SparseResolvent | KrylovResolvent:
    """Choose how to compute ``sigma_min(zI - A)`` of a sparse matrix or an operator.

    Only a sparse matrix that is treated as a dense one uses the device; the others use the CPU.

    Raises
    ------
    ValueError
        If `A` is not square, or has a non-finite entry.

    Examples
    --------
    >>> from scipy.sparse import eye_array
    >>> large_resolvent(eye_array(2)).method
    'svd'
    """
    if A.ndim != 2 or A.shape[0] != A.shape[1] or A.shape[0] == 0:
        raise ValueError(f"`A` must be a square matrix with rows, got shape {A.shape}")
    if isinstance(A, LinearOperator):
        return KrylovResolvent(A)
    columns = csc_array(A, dtype=complex if np.iscomplexobj(A) else float)  # of any sparse format
    if not np.isfinite(columns.data).all():
        raise ValueError("`A` must be finite, got a NaN or an infinity")
    if A.shape[0] <= DENSE:
        return Resolvent(columns.toarray(), device)
    return SparseResolvent(columns)
