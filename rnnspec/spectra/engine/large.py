"""Matrices that are not stored densely: sparse LU at each point, or a Krylov projection."""

from __future__ import annotations

import warnings
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigvals
from scipy.sparse import csc_array, eye_array, issparse
from scipy.sparse.linalg import LinearOperator, eigs, splu

from rnnspec._checks import ConvergenceWarning
from rnnspec.spectra.engine import EPS
from rnnspec.spectra.engine.dense import (
    Count,
    Resolvent,
    exact_sigma_min,
    random_unit_vector,
    warn_of_missed,
)
from rnnspec.spectra.engine.ritz import has_converged, top_ritz

DENSE = 500  # up to so many rows the dense way is faster than a sparse factorisation at each point
KRYLOV = 100  # dimension of the projection of an operator: then the SVD of a point takes some ms
NEAREST = 20  # eigenvalues of a sparse matrix that are computed, to be drawn
ITERATIONS = 300  # of Lanczos at a point before it is given up; three to ten are usual


def is_large(A: Any) -> TypeGuard[Any]:
    """Whether A is sparse, or known only by its products with vectors.

    Examples
    --------
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


class SparseResolvent:
    """Inverse Lanczos with a sparse LU factorisation at each point.

    Cost: one factorisation and 3 to 10 pairs of solves a point.

    Examples
    --------
    >>> A = csc_array(np.diag(np.arange(30.0)))
    >>> SparseResolvent(A).sigma_min(np.array([3.25 + 0j]), tol=1e-6)[0].round(6)
    array([0.25])
    """

    method, inner = "sparse", False

    def __init__(self, A: csc_array) -> None:
        self.A = A
        self.start = random_unit_vector(A.shape[0])

    def eigenvalues(self, centre: complex) -> NDArray[np.complex128]:
        """The eigenvalues nearest to `centre`; none, with a warning, if ARPACK finds none."""
        k = min(NEAREST, self.A.shape[0] - 2)
        A = self.A.astype(complex)
        # Not the centre itself: of a symmetric box it is 0, an eigenvalue of many matrices.
        shift = centre + 1e-8j * (abs(A).sum(axis=0).max() or 1.0)
        try:
            return np.asarray(eigs(A, k, sigma=shift, v0=self.start, return_eigenvectors=False))
        except RuntimeError as error:
            warnings.warn(
                f"no eigenvalue near {centre:g} was found ({' '.join(str(error).split())[:80]})",
                ConvergenceWarning,
                stacklevel=3,
            )
            return np.zeros(0, complex)

    def sigma_min(
        self, z: NDArray[np.complex128], tol: float, count: Count | None = None
    ) -> tuple[NDArray[np.float64], bool]:
        """``sigma_min(zI - A)`` at each z, and whether every point converged; warns if not."""
        found = []
        for point in z.ravel():
            found.append(self._at(point, tol))
            if count is not None:
                count(1)
        sigma, converged = np.array(found).reshape(-1, 2).T
        warn_of_missed(int((converged == 0).sum()), z.size, tol)
        return sigma.reshape(z.shape), bool(converged.all())

    def _at(self, z: complex, tol: float) -> tuple[float, bool]:
        """Value at one point, and whether it converged: the iteration of `multishift`."""
        n = self.A.shape[0]
        try:
            lu = splu(csc_array(z * eye_array(n) - self.A, dtype=complex))
        except RuntimeError:  # exactly singular: z is an eigenvalue
            return 0.0, True
        q, previous, alphas, betas = self.start, 0 * self.start, [], [np.zeros(1)]
        theta = residual = np.zeros(1)
        for _ in range(ITERATIONS):
            w = lu.solve(lu.solve(q, "H")) - betas[-1] * previous
            alphas.append(np.array([np.vdot(q, w).real]))
            w -= alphas[-1] * q
            beta = np.linalg.norm(w)
            theta, last = top_ritz(alphas, betas[1:], theta, residual)
            residual = beta * last
            if has_converged(alphas, betas[1:], theta, residual, tol):
                return float(theta[0] ** -0.5), True
            betas.append(np.array([beta]))
            previous, q = q, w / beta
        return float(theta[0] ** -0.5), False


class KrylovResolvent:
    """Arnoldi's projection ``A V_m = V_(m+1) H``: an inner approximation.

    ``sigma_min(zI~ - H)`` is the minimum of ``||(zI - A) v||`` over a subspace, so it is at least
    ``sigma_min(zI - A)``, and the sets that it draws lie within the true ones.

    References
    ----------
    .. [1] K.-C. Toh and L. N. Trefethen, SIAM J. Sci. Comput. 17 (1996), 1-15.

    Examples
    --------
    >>> from scipy.sparse.linalg import aslinearoperator
    >>> A = aslinearoperator(np.diag([0.0, 3.0]))
    >>> KrylovResolvent(A).sigma_min(np.array([1.0 + 0j]), tol=1e-6)[0].round(9)
    array([1.])
    """

    method, inner = "arnoldi", True

    def __init__(self, A: LinearOperator) -> None:
        self.A = np.empty(0, A.dtype)  # others ask only whether it is real
        n, m = A.shape[0], min(KRYLOV, A.shape[0])
        rng = np.random.default_rng(1997)
        V = np.zeros((n, m + 1), dtype=np.result_type(A.dtype, float))
        H = np.zeros((m + 1, m), dtype=V.dtype)
        v = rng.standard_normal(n)
        V[:, 0] = v / np.linalg.norm(v)
        for j in range(m):
            w = A.matvec(V[:, j])
            size = np.linalg.norm(w)
            for _ in range(2):  # the second pass removes what rounding left of the first
                part = V[:, : j + 1].conj().T @ w
                H[: j + 1, j] += part
                w = w - V[:, : j + 1] @ part
            H[j + 1, j] = np.linalg.norm(w)
            if H[j + 1, j].real <= 100 * EPS * size:  # the subspace is invariant
                H = H[: j + 2, : j + 1]
                break
            V[:, j + 1] = w / H[j + 1, j]
        self.H = H

    def eigenvalues(self, _centre: complex) -> NDArray[np.complex128]:
        """The Ritz values, wherever the centre of interest is."""
        return np.asarray(eigvals(self.H[:-1]).astype(complex))

    def sigma_min(
        self,
        z: NDArray[np.complex128],
        tol: float,  # noqa: ARG002  exact to rounding
        count: Count | None = None,
    ) -> tuple[NDArray[np.float64], bool]:
        """``sigma_min(zI~ - H)`` at each z, by SVD; always converged."""
        return exact_sigma_min(self.H, z.ravel(), count).reshape(z.shape), True
