"""The kernel: smallest singular values of ``zI - T`` for many shifts z and one triangle T.

Inverse Lanczos (Lui 1997) on all shifts at once, each from its own start vector.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from rnnspec.spectra.engine.ritz import relative_gap, top_ritz
from rnnspec.spectra.engine.triangle import (
    EPS,
    Array,
    ShiftedTriangle,
    empty,
    namespace,
    real_view,
    take,
)

HUGE = 1e50  # a solution of norm HUGE^(1/2) proves sigma_min < 1e-25 ||T||: zero to rounding
DROP = 0.8  # the batch is packed anew when fewer than this part of it is still at work
SHARP = 1e-6  # relative residual above which two near values may hide in one Ritz vector


class Estimates(NamedTuple):
    """What the kernel found at each shift."""

    sigma: Array  # shape: (m,)
    converged: Array  # shape: (m,), bool
    vectors: Array | None  # shape: (n, m): the smoothed starts, see `keep_vectors`
    steps: int  # Lanczos steps, summed over the shifts


def smallest_singular_values(
    triangle: ShiftedTriangle,
    z: Array,  # shape: (m,), complex
    start: Array,  # shape: (n, m) or (n, 1), complex
    tol: float = 1e-6,
    max_steps: int | None = None,
    keep_vectors: bool = False,
) -> Estimates:
    """Smallest singular value of ``zI - T`` at each `z`, and whether it converged.

    Parameters
    ----------
    triangle : ShiftedTriangle
        Of norm 1, so that rounding is measured in units of EPS.
    z : ndarray or torch.Tensor, shape (m,)
    start : ndarray or torch.Tensor, shape (n, m) or (n, 1)
        Guesses of the right singular vectors, of any length above zero.
    tol : float
        A point is done when the largest Ritz value theta of ``((zI - T)*(zI - T))^-1`` has a
        relative residual r with ``r <= tol / 2`` or ``r^2 / gap <= tol / 4``, which proves that a
        singular value is that near, or r below 8 units of rounding of theta^(1/2).  The second
        rule trusts the Ritz values for the gap, so only where r <= SHARP.
    max_steps : int, optional
        Lanczos steps; by default `default_max_steps`.
    keep_vectors : bool
        Also return the starts after two steps of inverse iteration: starts for neighbours, in
        which the vectors of near singular values keep comparable parts, so that the one that is
        smallest on this side of a crossing cannot hide the one that is on the other.

    Returns
    -------
    Estimates

    Notes
    -----
    Cost 4 n^2 flops a point and step for real T; 3 to 8 steps are usual, n or more where the
    singular values cluster.  Paige showed that the Ritz residual stays true while the basis loses
    orthogonality, so two basis vectors are kept and no more, but for `keep_vectors`.

    References
    ----------
    .. [1] S. H. Lui, SIAM J. Sci. Comput. 18 (1997), 565-573.
    .. [2] C. C. Paige, Linear Algebra Appl. 34 (1980), 235-258.

    Examples
    --------
    >>> triangle = ShiftedTriangle(np.diag([0.0, 1.0, 1.0]))
    >>> z = np.array([0.1j, 0.75])
    >>> found = smallest_singular_values(triangle, z, np.ones((3, 1), complex))
    >>> found.sigma.round(9), bool(found.converged.all())
    (array([0.1 , 0.25]), True)
    """
    with np.errstate(over="ignore", invalid="ignore"):  # such columns are found and retired
        return _Lanczos(triangle, z, start, tol, keep_vectors).run(
            default_max_steps(triangle.n) if max_steps is None else max_steps
        )


def default_max_steps(n: int) -> int:
    """Lanczos steps that suffice wherever rounding lets it converge at all."""
    return 300 + 2 * n


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
        self.first = self.q  # read only after two steps
        self.sigma = 0 * z.real
        self.converged = self.sigma > 0
        self.active = self.xp.arange(m, **_device(z))
        self.alphas: list[Array] = []
        self.betas: list[Array] = [0 * self.sigma]
        self.theta, self.residual = 0 * self.sigma, 0 * self.sigma
        self.vectors = 0 * self.q if keep_vectors else None

    def run(self, max_steps: int) -> Estimates:
        steps = 0
        for _ in range(max_steps):
            steps += len(self.active)
            open_ = self._step()
            left = int(open_.sum())
            if not left:
                break
            self._pack(open_, left)
        return Estimates(self.sigma, self.converged, self.vectors, steps)

    def _step(self) -> Array:
        """One step for the whole batch; True where another one is needed."""
        xp, q, triangle = self.xp, self.q, self.triangle
        w = q * 1
        triangle.solve_adjoint(self.S, w, self.work)
        alpha = self._norms(w)
        triangle.solve(self.S, w, self.work)
        xp.multiply(self.previous, self.betas[-1], out=self.work)
        w -= self.work
        xp.multiply(q, alpha, out=self.work)
        w -= self.work
        beta = xp.sqrt(self._norms(w))
        zero = ~((alpha < HUGE) & (beta < HUGE))  # NaN, too: what overflowed was huge
        alpha, beta = xp.where(zero, 1.0, alpha), xp.where(zero, 1.0, beta)
        if zero.any():  # nothing that is not finite goes on, to neighbours least of all
            w[:, zero] = q[:, zero]
        self.alphas.append(alpha)
        self.theta, last = top_ritz(self.alphas, self.betas[1:], self.theta, self.residual)
        self.residual = beta * last
        r = self.residual / self.theta
        done = zero | (r <= self.tol / 2) | (r <= 8 * EPS * xp.sqrt(self.theta))
        if len(self.alphas) > 1:
            gap = relative_gap(self.alphas, self.betas[1:], self.theta)
            done = done | (r * r <= self.tol / 4 * gap) & (r <= SHARP)
        self._record(done, zero)
        self.betas.append(beta)
        w *= 1 / xp.where(beta > 0, beta, 1.0)
        self.previous, self.q = q, w
        self._smooth()
        return ~(done | self.converged[self.active])

    def _record(self, done: Array, zero: Array) -> None:
        """Note the values, also upper bounds; those that converged before stay as they were."""
        xp, old = self.xp, self.converged[self.active]
        value = xp.where(zero, 0.0, self.theta**-0.5)
        self.sigma[self.active] = xp.where(old, self.sigma[self.active], value)
        self.converged[self.active] = old | done

    def _smooth(self) -> None:
        """Note ``((zI - T)*(zI - T))^-k`` times the start, normalised, after steps k = 1 and 2."""
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
        """Drop what is done from the batch, if that is worth the copies."""
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
