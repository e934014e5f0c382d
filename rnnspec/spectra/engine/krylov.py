"""An operator, known by its products with vectors alone: Arnoldi's projection of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigvals
from scipy.sparse.linalg import LinearOperator

from rnnspec.spectra.engine import EPS
from rnnspec.spectra.engine.dense import Count, exact_sigma_min

KRYLOV = 100  # dimension of the projection: then the SVD of a point takes some ms


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
