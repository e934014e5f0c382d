"""A large sparse matrix: one sparse LU factorisation and a few Lanczos iterations at each point."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, eye_array
from scipy.sparse.linalg import eigs, splu

from rnnspec._checks import ConvergenceWarning
from rnnspec.spectra.engine.dense import Count, random_unit_vector, warn_of_missed
from rnnspec.spectra.engine.ritz import has_converged, top_ritz

NEAREST = 20  # eigenvalues that are computed, to be drawn
ITERATIONS = 300  # of Lanczos at a point before it is given up; three to ten are usual


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
