"""Smallest singular values of ``zI - T`` for many shifts z, and one triangle T, on arrays.

Inverse Lanczos (Lui 1997) on all shifts at once, each from its own start vector.  `kernels` does
the same in compiled code for real T.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rnnspec.spectra.engine.continuation import Estimates
from rnnspec.spectra.engine.ritz import HUGE, has_converged, top_ritz
from rnnspec.spectra.engine.tensors import Array, empty, namespace, real_view, take
from rnnspec.spectra.engine.triangle import ShiftedTriangle

DROP = 0.8  # the batch is packed anew when less than this part of it is still at work


def smallest_singular_values(
    triangle: ShiftedTriangle,
    z: Array,
    start: Array,
    tol: float,
    max_iterations: int,
    keep_vectors: bool = False,
) -> Estimates:
    """Smallest singular value of ``zI - T`` at each `z`, and whether it converged.

    Parameters
    ----------
    triangle : ShiftedTriangle
        The matrix T of norm 1, so that rounding is measured in units of EPS.
    z : ndarray or torch.Tensor of complex, shape (m,)
    start : ndarray or torch.Tensor of complex, shape (n, m) or (n, 1)
        Guesses of the right singular vectors, of any length above zero.
    tol : float
        Relative; a point is done by the rule of `has_converged`.
    max_iterations : int
        After so many a point is given up.
    keep_vectors : bool
        Also return the starts after two inverse iterations: starts for neighbours, in which the
        vectors of near singular values keep comparable parts, so that the one that is smallest on
        this side of a crossing cannot hide the one that is smallest on the other side.

    Returns
    -------
    Estimates

    Notes
    -----
    Cost 4 n^2 flops a point and iteration for real T; 3 to 8 iterations are usual, n or more where
    the singular values cluster.  Paige showed that the Ritz residual stays true while the basis
    loses orthogonality.  Therefore only two basis vectors are kept (three for `keep_vectors`).

    References
    ----------
    .. [1] S. H. Lui, SIAM J. Sci. Comput. 18 (1997), 565-573.
    .. [2] C. C. Paige, Linear Algebra Appl. 34 (1980), 235-258.

    Examples
    --------
    >>> triangle = ShiftedTriangle(np.diag([0.0, 1.0, 1.0]))
    >>> z = np.array([0.1j, 0.75])
    >>> found = smallest_singular_values(triangle, z, np.ones((3, 1), complex), 1e-6, 99)
    >>> found.sigma.round(9), bool(found.converged.all())
    (array([0.1 , 0.25]), True)
    """
    with np.errstate(over="ignore", invalid="ignore"):  # such columns are found and retired
        return _Lanczos(triangle, z, start, tol, keep_vectors).run(max_iterations)


class _Lanczos:
    """The state of one batch: vectors of the shifts still at work, results of all."""

    def __init__(
        self, triangle: ShiftedTriangle, z: Array, start: Array, tol: float, keep_vectors: bool
    ) -> None:
        self.triangle, self.tol, self.xp = triangle, tol, namespace(z)
        n, m = triangle.n, len(z)
        self.S = triangle.inverses(z)
        self.q = empty(z, (n, m))
        self.q[:] = start
        self.work = empty(z, (n, m))
        self.q *= 1 / self.xp.sqrt(self._norms(self.q))
        self.previous = self.q * 0
        self.first = self.q  # read only after two iterations
        self.sigma = 0 * z.real
        self.converged = self.sigma > 0
        self.active = self.xp.arange(m, **_device(z))
        self.alphas: list[Array] = []
        self.betas: list[Array] = [0 * self.sigma]
        self.theta, self.residual = 0 * self.sigma, 0 * self.sigma
        self.vectors = 0 * self.q if keep_vectors else None

    def run(self, max_iterations: int) -> Estimates:
        iterations = 0
        for _ in range(max_iterations):
            iterations += len(self.active)
            open_ = self._iterate()
            left = int(open_.sum())
            if not left:
                break
            self._pack(open_, left)
        return Estimates(self.sigma, self.converged, self.vectors, iterations)

    def _iterate(self) -> Array:
        """Do one iteration for the whole batch; True where another one is needed."""
        xp, q, triangle = self.xp, self.q, self.triangle
        # w = M q with M = ((zI - T)*(zI - T))^-1, and alpha = q* M q on the way.
        w = q * 1
        triangle.solve_adjoint(self.S, w, self.work)
        alpha = self._norms(w)
        triangle.solve(self.S, w, self.work)
        # w - beta q_previous - alpha q, whose length is the next beta.
        xp.multiply(self.previous, self.betas[-1], out=self.work)
        w -= self.work
        xp.multiply(q, alpha, out=self.work)
        w -= self.work
        beta = xp.sqrt(self._norms(w))
        zero = ~((alpha < HUGE) & (beta < HUGE))  # NaN, too: what overflowed was huge
        alpha, beta = xp.where(zero, 1.0, alpha), xp.where(zero, 1.0, beta)
        if zero.any():  # a vector that is not finite must not become a start of the neighbours
            w[:, zero] = q[:, zero]
        self.alphas.append(alpha)
        self.theta, last = top_ritz(self.alphas, self.betas[1:], self.theta, self.residual)
        self.residual = beta * last
        done = zero | has_converged(
            self.alphas, self.betas[1:], self.theta, self.residual, self.tol
        )
        self._record(done, zero)
        self.betas.append(beta)
        w *= 1 / xp.where(beta > 0, beta, 1.0)
        self.previous, self.q = q, w
        self._smooth()
        return ~(done | self.converged[self.active])

    def _record(self, done: Array, zero: Array) -> None:
        """Store the values, which are upper bounds, of what had not converged before."""
        xp, old = self.xp, self.converged[self.active]
        value = xp.where(zero, 0.0, self.theta**-0.5)
        self.sigma[self.active] = xp.where(old, self.sigma[self.active], value)
        self.converged[self.active] = old | done

    def _smooth(self) -> None:
        """Store ``((zI - T)*(zI - T))^-k`` times the start, normalised, for k = 1, then k = 2."""
        if self.vectors is None or len(self.alphas) > 2:
            return
        (a, *more), b = self.alphas, self.betas
        if not more:
            parts = [(a, self.previous), (b[1], self.q)]
        else:
            parts = [
                (a * a + b[1] ** 2, self.first),
                (b[1] * (a + more[0]), self.previous),
                (b[1] * b[2], self.q),
            ]
        norm = self.xp.sqrt(sum(c * c for c, _ in parts))
        total = sum((c / norm) * v for c, v in parts)
        self.first = self.previous
        self.vectors[:, self.active] = total

    def _pack(self, open_: Array, left: int) -> None:
        """Drop from the batch the shifts that are done, if that is worth the copies."""
        if left > DROP * len(self.active):
            return
        index = self.xp.nonzero(open_)[0] if self.xp is np else open_.nonzero()[:, 0]
        self.active, self.S, self.q = self.active[index], take(self.S, index), take(self.q, index)
        self.previous = take(self.previous, index)
        self.work = empty(self.q, self.q.shape)
        self.alphas = [alpha[index] for alpha in self.alphas]
        self.betas = [beta[index] for beta in self.betas]
        self.theta, self.residual = self.theta[index], self.residual[index]
        if self.vectors is not None and len(self.alphas) == 1:
            self.first = take(self.first, index)

    def _norms(self, X: Array) -> Array:
        """Squared norm of each column, shape (m,)."""
        V, W = real_view(X), real_view(self.work)
        self.xp.multiply(V, V, out=W)
        total = W.sum(0)
        return total[::2] + total[1::2]


def _device(z: Array) -> dict[str, Any]:
    return {} if isinstance(z, np.ndarray) else {"device": z.device}
