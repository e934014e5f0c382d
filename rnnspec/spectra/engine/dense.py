"""Matrices that are stored densely: factored once, then asked for ``sigma_min`` at many points."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import get_lapack_funcs
from threadpoolctl import ThreadpoolController, threadpool_limits

from rnnspec._checks import ConvergenceWarning
from rnnspec.spectra.engine.continuation import Engine, sigma_min_many

Array = NDArray[Any]
Arguments = ParamSpec("Arguments")
Value = TypeVar("Value")
Count = Callable[[int], None]  # called with the number of points that were done since last time

SMALL = 8  # up to here the batched SVD is faster than the iteration, measured on 100 x 100 points
ALONE = 256  # rows up to which two BLAS threads gain nothing, and may cost ten times, measured
WORK = 2**19  # entries of one batch of matrices, 8 MiB complex: larger ones leave the cache


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

    def __init__(self, A: Array, device: str = "cpu") -> None:
        self.A = A
        # Point by point with few rows, and for the zero matrix of any order, which has no scale.
        self.method = "svd" if len(A) <= SMALL or not A.any() else "lanczos"
        if self.method == "lanczos":
            self.scale = float(np.linalg.norm(A, 2))
            with blas().limit(limits=1 if len(A) <= ALONE else None, user_api="blas"):
                self.T = schur_form(np.divide(A, self.scale, order="F"))
            self.engine = engine_of(self.T, device)

    def eigenvalues(self, _centre: complex = 0) -> NDArray[np.complex128]:
        """All eigenvalues, wherever the centre of interest is."""
        if self.method == "svd":
            return np.linalg.eigvals(self.A).astype(np.complex128)
        from rnnspec.spectra.engine.triangle import ShiftedTriangle

        return self.scale * ShiftedTriangle(self.T).eigenvalues()

    def sigma_min(
        self, z: NDArray[np.complex128], tol: float, count: Count | None = None
    ) -> tuple[NDArray[np.float64], bool]:
        """``sigma_min(zI - A)`` at each z, and whether every point converged; warns if not.

        Parameters
        ----------
        z : ndarray of complex, any shape
        tol : float
            Relative.
        count : function, optional
            Called with the number of points after each batch.
        """
        flat = z.ravel()
        workers = _threads()  # one thread for each batch is faster than all in each small product
        with blas().limit(limits=1, user_api="blas"):
            if self.method == "svd":
                sigma, converged = exact_sigma_min(self.A, flat, count), np.ones(flat.size, bool)
            else:
                sigma, converged, _ = sigma_min_many(
                    self.engine, flat / self.scale, tol, workers, count
                )
                sigma *= self.scale
        missed = int((~converged).sum())
        warn_of_missed(missed, flat.size, tol)
        return sigma.reshape(z.shape), not missed


def engine_of(T: Array, device: str = "cpu") -> Engine:
    """The compiled lanes for a real triangle on the CPU, if numba is there; else arrays.

    Without numba, or with no directory where it may keep what it compiles, its import fails.
    The values agree to the tolerance either way.
    """
    v = random_unit_vector(len(T))
    lanes = lane_engine() if device == "cpu" and np.isrealobj(T) else None
    if lanes is not None:
        return lanes(T, v)
    from rnnspec.spectra.engine.arrays import ArrayEngine

    if device == "cpu":
        return ArrayEngine(T, v)
    import torch

    return ArrayEngine(T, v, like=torch.empty(0, dtype=torch.complex128, device=device))


def random_unit_vector(n: int) -> NDArray[np.complex128]:
    """The start of an iteration where nothing is known: the same complex vector each time."""
    rng = np.random.default_rng(1997)
    v: NDArray[np.complex128] = rng.standard_normal(n) + 1j * rng.standard_normal(n)
    v /= np.linalg.norm(v)
    return v


@cache
def lane_engine() -> Callable[[Array, NDArray[np.complex128]], Engine] | None:
    """The class `LaneEngine`; None if numba cannot be used."""
    try:
        from rnnspec.spectra.engine.lanes import LaneEngine
    except (ImportError, RuntimeError):
        return None
    return LaneEngine


def exact_sigma_min(A: Array, z: Array, count: Count | None = None) -> NDArray[np.float64]:
    """Smallest singular values of ``zI - A`` by the SVD: right to rounding.

    A may have more rows than columns; then the identity has as many rows, too.

    Parameters
    ----------
    A : ndarray, shape (n, n)
    z : ndarray of complex, shape (m,)
    count : function, optional
        Called with the number of points after each batch.

    Examples
    --------
    >>> exact_sigma_min(np.array([[2.0]]), np.array([2.0, 3.0]))
    array([0., 1.])
    """
    z = np.atleast_1d(z)
    if not A.any():
        return np.asarray(np.abs(z))
    one, sigma, size = np.eye(*A.shape), np.empty(len(z)), max(1, WORK // A.size)
    for first in range(0, len(z), size):
        part = z[first : first + size, None, None]
        sigma[first : first + size] = np.linalg.svd(part * one - A, compute_uv=False)[:, -1]
        if count is not None:
            count(len(part))
    return sigma


def schur_form(A: Array) -> Array:
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


def count_points(progress: Callable[[int, int], None] | None, total: int) -> Count | None:
    """What counts points for `progress`, which is called with points done and points in all.

    Examples
    --------
    >>> count = count_points(print, 10)
    0 10
    >>> count(3)
    3 10
    >>> count(4)
    7 10
    """
    if progress is None:
        return None
    if not callable(progress):
        raise ValueError(
            f"`progress` must be a function of points done and points in all, got {progress!r}"
        )
    done = 0
    progress(done, total)

    def count(points: int) -> None:
        nonlocal done
        done += points
        progress(done, total)

    return count


def warn_of_missed(missed: int, size: int, tol: float) -> None:
    """Warn that `missed` of `size` points did not converge, if any."""
    if missed:
        warnings.warn(
            f"sigma_min did not reach tol={tol:g} at {missed} of {size} points:"
            " the values there are upper bounds",
            ConvergenceWarning,
            stacklevel=4,
        )


@cache
def blas() -> ThreadpoolController:
    """The BLAS libraries in use, looked for once: that takes a millisecond."""
    return ThreadpoolController()


def _threads() -> int:
    """How many threads BLAS may use now."""
    libraries = blas().select(user_api="blas").lib_controllers
    return max((library.num_threads for library in libraries), default=1)


def one_thread_if_small(function: Callable[Arguments, Value]) -> Callable[Arguments, Value]:
    """`function` of a matrix `A`, run on one BLAS thread if `A` has fewer than 256 rows.

    Examples
    --------
    >>> float(one_thread_if_small(np.trace)([[1.0, 0.0], [0.0, 2.0]]))
    3.0
    """

    @wraps(function)
    def run_limited(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Value:
        A = cast(Any, args[0] if args else kwargs.get("A"))
        small = np.shape(A)[:1] < (ALONE,)
        with threadpool_limits(1 if small else None, user_api="blas"):
            return function(*args, **kwargs)

    return run_limited
