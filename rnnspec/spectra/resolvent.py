"""``sigma_min(zI - A)``, one over the norm of the resolvent, at any points z."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import get_lapack_funcs
from threadpoolctl import ThreadpoolController

from rnnspec._checks import ConvergenceWarning, one_of, positive, square
from rnnspec.spectra.eigen import eigenvalues, spectral_norm
from rnnspec.spectra.engine.continuation import sigma_min_many
from rnnspec.spectra.engine.triangle import Array, ShiftedTriangle

SMALL = 8  # up to here the batched SVD is faster than the iteration, measured on 100 x 100 points
ALONE = 256  # up to here a second thread gains LAPACK's Schur form nothing, and may cost, measured
WORK = 2**19  # entries of one batch of matrices

Progress = Callable[[int], None]


def sigma_min(
    A: ArrayLike,  # shape: (n, n)
    points: ArrayLike,  # shape: (...)
    tol: float = 1e-6,
    device: str = "cpu",
) -> NDArray[np.float64]:
    """Smallest singular value of ``zI - A`` at any `points` z: one over the resolvent norm.

    Parameters
    ----------
    A : array_like, shape (n, n)
    points : array_like of complex, any shape
    tol : float
        Relative accuracy, as far as rounding allows.
    device : "cpu" or "cuda"
        Where the iteration runs, in float64.

    Returns
    -------
    ndarray of the shape of `points`

    Raises
    ------
    ValueError
        If `A` is not square, or `A` or `points` has non-finite entries, or there is no `device`.

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
    values, _ = sigma_min_certified(square(A), z, positive(tol, "tol"), check_device(device))
    return values


def choose_method(A: NDArray[Any]) -> str:
    """Name the way to the values: "svd" point by point, or "lanczos" on one Schur form."""
    return "svd" if len(A) <= SMALL or not A.any() else "lanczos"


def check_device(device: str) -> str:
    """`device` if it is one that this machine has.

    Examples
    --------
    >>> check_device("tpu")
    Traceback (most recent call last):
    ...
    ValueError: `device` must be one of cpu, cuda, got 'tpu'
    """
    one_of(device, "device", ["cpu", "cuda"])
    if device == "cuda":
        import torch

        if not torch.cuda.is_available():
            raise ValueError('`device` is "cuda", but torch finds no GPU: use device="cpu"')
    return device


def sigma_min_certified(
    A: NDArray[Any],  # shape: (n, n)
    z: NDArray[np.complex128],  # shape: (...)
    tol: float,
    device: str = "cpu",
) -> tuple[NDArray[np.float64], bool]:
    """`sigma_min` of checked arguments, and whether every point converged.

    Examples
    --------
    >>> sigma_min_certified(np.eye(2), np.array([3.0 + 0j]), tol=1e-6)
    (array([2.]), True)
    """
    return Resolvent(A, device).sigma_min(z, tol)


class Resolvent:
    """One matrix, factored once, for ``sigma_min(zI - A)`` at many sets of points.

    Parameters
    ----------
    A : ndarray, shape (n, n)
        Checked.
    device : "cpu" or "cuda"

    Notes
    -----
    A real matrix has a real Schur form (half the arithmetic), and conjugate points the same value.

    Examples
    --------
    >>> Resolvent(np.diag([0.0, 3.0])).sigma_min(np.array([1.0 + 0j]), tol=1e-6)
    (array([1.]), True)
    """

    inner = False

    def __init__(self, A: NDArray[Any], device: str = "cpu") -> None:
        self.A, self.method = A, choose_method(A)
        if self.method == "lanczos":
            self.scale = spectral_norm(A)
            with blas().limit(limits=1 if len(A) <= ALONE else None, user_api="blas"):
                T = schur_form(np.divide(A, self.scale, order="F"))
            self.triangle = ShiftedTriangle(T, _example(device))

    def eigenvalues(self, _centre: complex = 0) -> NDArray[np.complex128]:
        """All of them, wherever the centre of interest is."""
        if self.method == "svd":
            return eigenvalues(self.A)
        return self.scale * self.triangle.eigenvalues()

    def sigma_min(
        self,
        z: NDArray[np.complex128],  # shape: (...)
        tol: float,
        progress: Progress | None = None,
    ) -> tuple[NDArray[np.float64], bool]:
        """``sigma_min(zI - A)`` at each z, and whether every point converged; warns if not."""
        flat = z.ravel()
        workers = _threads()  # one for each batch is faster than all in each small product
        with blas().limit(limits=1, user_api="blas"):
            if self.method == "svd":
                sigma, converged = _by_svd(self.A, flat), np.ones(flat.size, dtype=bool)
            else:
                sigma, converged, _ = sigma_min_many(
                    self.triangle, flat / self.scale, tol, workers, progress
                )
                sigma *= self.scale
        missed = int((~converged).sum())
        warn_of_missed(missed, flat.size, tol)
        return sigma.reshape(z.shape), not missed


def warn_of_missed(missed: int, size: int, tol: float) -> None:
    """Warn that so many of so many points did not converge, if any."""
    if missed:
        warnings.warn(
            f"sigma_min did not reach tol={tol:g} at {missed} of {size} points:"
            " the values there are upper bounds",
            ConvergenceWarning,
            stacklevel=4,
        )


def schur_form(A: NDArray[Any]) -> NDArray[Any]:
    """Schur form of A, which is overwritten: that of `scipy.linalg.schur`, without its vectors.

    They would cost a third of the time, and as much memory as A again.
    """
    (gees,) = get_lapack_funcs(("gees",), (A,))

    def run(lwork: int) -> Any:
        return gees(lambda *_: None, A, compute_v=0, lwork=lwork, overwrite_a=1)

    T, *_, info = run(int(run(-1)[-2][0].real))
    if info > 0:
        raise np.linalg.LinAlgError("the QR algorithm did not find the Schur form of `A`")
    return np.asarray(T)


@cache
def blas() -> ThreadpoolController:
    """The BLAS libraries in use, looked for once: that takes a millisecond."""
    return ThreadpoolController()


def _threads() -> int:
    """How many threads BLAS may use now."""
    return max(
        (lib.num_threads for lib in blas().select(user_api="blas").lib_controllers), default=1
    )


def _example(device: str) -> Array | None:
    if device == "cpu":
        return None
    import torch

    return torch.empty(0, dtype=torch.complex128, device=device)


def _by_svd(A: NDArray[Any], z: NDArray[Any]) -> NDArray[np.float64]:
    if not A.any():  # of any order
        return np.asarray(np.abs(z))
    n, sigma = len(A), np.empty(z.size)
    size = max(1, WORK // (n * n))
    for part in (slice(first, first + size) for first in range(0, z.size, size)):
        shifted = z[part, None, None] * np.eye(n) - A
        sigma[part] = np.linalg.svd(shifted, compute_uv=False)[:, -1]
    return sigma
