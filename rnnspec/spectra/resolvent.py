"""``sigma_min(zI - A)``, one over the norm of the resolvent, at any points z."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import schur
from threadpoolctl import threadpool_limits

from rnnspec._checks import ConvergenceWarning, positive, square
from rnnspec.spectra.eigen import spectral_norm
from rnnspec.spectra.multishift import smallest_singular_values

SMALL = 8  # up to here the SVD, exact to rounding, costs at most twice as much as the iteration
WORK = 2**19  # entries of one batch of vectors, or of matrices
WIDE = 256  # below, the products are too small for BLAS threads: two took ten times longer than one


def sigma_min(
    A: ArrayLike,  # shape: (n, n)
    points: ArrayLike,  # shape: (...)
    tol: float = 1e-6,
) -> NDArray[np.float64]:
    """Smallest singular value of ``zI - A`` at any `points` z: one over the resolvent norm.

    Parameters
    ----------
    A : array_like, shape (n, n)
    points : array_like of complex, any shape
    tol : float
        Relative accuracy, as far as rounding allows.

    Returns
    -------
    ndarray of the shape of `points`

    Raises
    ------
    ValueError
        If `A` is not square, or `A` or `points` has non-finite entries.

    Warns
    -----
    ConvergenceWarning
        If `tol` was not reached at some point.

    Notes
    -----
    Cost O(n^3) once and O(n^2) a point.  Trefethen and Embree, Spectra and Pseudospectra (2005),
    theorem 2.1.

    Examples
    --------
    >>> sigma_min([[2.0]], [2.0, 3.0, 2.0 + 0.5j])
    array([0. , 1. , 0.5])
    """
    z = np.asarray(points, dtype=np.complex128)
    if not np.isfinite(z).all():
        raise ValueError("`points` must be finite, got a NaN or an infinity")
    values, _ = sigma_min_certified(square(A), z, positive(tol, "tol"))
    return values


def choose_method(A: NDArray[Any]) -> str:
    """Name the way to the values: "svd" point by point, or "lanczos" on one Schur form."""
    return "svd" if len(A) <= SMALL or not A.any() else "lanczos"


def sigma_min_certified(
    A: NDArray[Any],  # shape: (n, n)
    z: NDArray[np.complex128],  # shape: (...)
    tol: float,
) -> tuple[NDArray[np.float64], bool]:
    """`sigma_min` of checked arguments, and whether every point converged.

    Examples
    --------
    >>> sigma_min_certified(np.eye(2), np.array([3.0 + 0j]), tol=1e-6)
    (array([2.]), True)
    """
    flat, n = z.ravel(), len(A)
    with threadpool_limits(1 if n < WIDE else None, user_api="blas"):
        if choose_method(A) == "svd":
            sigma, converged = _by_svd(A, flat), np.ones(flat.size, dtype=bool)
        else:
            sigma, converged = _by_lanczos(A, flat, tol)
    missed = int((~converged).sum())
    if missed:
        warnings.warn(
            f"sigma_min did not reach tol={tol:g} at {missed} of {flat.size} points:"
            " the values there are upper bounds",
            ConvergenceWarning,
            stacklevel=3,
        )
    return sigma.reshape(z.shape), not missed


def _by_svd(A: NDArray[Any], z: NDArray[Any]) -> NDArray[np.float64]:
    n, sigma = len(A), np.empty(z.size)
    for part in _batches(z.size, n * n):
        shifted = z[part, None, None] * np.eye(n) - A
        sigma[part] = np.linalg.svd(shifted, compute_uv=False)[:, -1]
    return sigma


def _by_lanczos(
    A: NDArray[Any], z: NDArray[Any], tol: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    T, _ = schur(A, output="complex")
    scale = spectral_norm(A)
    sigma, converged = np.empty(z.size), np.empty(z.size, dtype=bool)
    for part in _batches(z.size, len(A)):
        sigma[part], converged[part] = smallest_singular_values(T, z[part], scale, tol)
    return sigma, converged


def _batches(points: int, entries: int) -> list[slice]:
    size = max(1, WORK // entries)
    return [slice(first, first + size) for first in range(0, points, size)]
