"""The kernel: smallest singular values of ``zI - T`` for many shifts z and one triangle T.

Inverse Lanczos (Lui 1997) on all shifts at once.  The triangle is shared and only the diagonal
differs, so all but small diagonal blocks of every solve is one matrix product.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

BLOCK = 16  # rows solved one by one between two matrix products
HUGE = 1e25  # a solution this large proves sigma_min < 1e-25 ||T||: zero to rounding
EPS = float(np.finfo(float).eps)


def smallest_singular_values(
    T: Array,  # shape: (n, n), complex, upper triangular
    z: Array,  # shape: (m,), complex
    scale: float,
    tol: float = 1e-6,
    max_steps: int | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Smallest singular value of ``zI - T`` at each `z`, and whether it converged.

    Parameters
    ----------
    T : ndarray, shape (n, n)
        Upper triangular.
    z : ndarray, shape (m,)
    scale : float
        ``||T||``, above zero: the unit in which rounding is measured.
    tol : float
        A point is done when its largest Ritz value theta of ``((zI - T)*(zI - T))^-1`` has
        residual ``r <= tol * theta / 8``, which proves that a singular value is within relative
        distance ``tol / 16``, or within 4 units of rounding of `scale`.  The eighth is for
        clusters: the smallest of many close singular values may hide in a small component.
    max_steps : int, optional
        Lanczos steps; by default ``300 + 2 n``.

    Returns
    -------
    sigma : ndarray, shape (m,)
    converged : ndarray of bool, shape (m,)

    Notes
    -----
    Cost O(n^2) a point and step; 5 to 10 steps are usual, n or more where the singular values
    cluster.  Paige showed that the Ritz residual stays true while the basis loses orthogonality,
    so two basis vectors are kept and no more.

    References
    ----------
    .. [1] S. H. Lui, SIAM J. Sci. Comput. 18 (1997), 565-573.
    .. [2] C. C. Paige, Linear Algebra Appl. 34 (1980), 235-258.

    Examples
    --------
    >>> T = np.diag([0.0, 1.0, 1.0]).astype(complex)
    >>> sigma, converged = smallest_singular_values(T, np.array([0.1j, 0.75]), scale=1.0)
    >>> sigma.round(9), bool(converged.all())
    (array([0.1 , 0.25]), True)
    """
    T, z = T / scale, z / scale
    upper, lower = np.ascontiguousarray(T), np.ascontiguousarray(T.conj().T)
    n, m = len(T), len(z)
    sigma, converged = np.zeros(m), np.zeros(m, dtype=bool)
    active = np.arange(m)
    # One start for all shifts: the value at z does not depend on which other points are asked for.
    q = np.repeat(_start(n)[:, None], m, axis=1)
    previous = np.zeros_like(q)
    alphas, betas = np.empty((0, m)), np.zeros((1, m))
    theta, residual = np.zeros(m), np.zeros(m)
    for _ in range(300 + 2 * n if max_steps is None else max_steps):
        shifts = z[active]
        w = q.copy()
        zero = _solve_lower(lower, shifts.conj(), w)
        zero |= _solve_upper(upper, shifts, w)
        w -= betas[-1] * previous
        alpha = _inner(q, w)
        w -= alpha * q
        beta = np.sqrt(_inner(w, w))
        alphas = np.vstack([alphas, alpha])
        theta, last = _top_ritz(alphas, betas[1:], theta, residual)
        residual = beta * last
        sigma[active] = np.where(zero, 0.0, 1 / np.sqrt(np.where(zero, 1.0, theta)))
        rounding = 8 * EPS * np.sqrt(theta)  # 4 EPS in sigma = theta^(-1/2), relative, in theta
        done = zero | (residual <= np.maximum(tol / 8, rounding) * theta)
        converged[active[done]] = True
        keep = ~done
        if not keep.any():
            break
        active, betas = active[keep], np.vstack([betas, beta])[:, keep]
        alphas, theta, residual = alphas[:, keep], theta[keep], residual[keep]
        previous, q = q[:, keep], w[:, keep] / beta[keep]
    return sigma * scale, converged


def _start(n: int) -> Array:
    rng = np.random.default_rng(1997)
    v = rng.standard_normal(n) + 1j * rng.standard_normal(n)
    return np.asarray(v / np.linalg.norm(v))


def _inner(v: Array, w: Array) -> Array:
    """Real part of the inner product of each pair of columns."""
    return np.asarray((v.real * w.real + v.imag * w.imag).sum(axis=0))


def _top_ritz(
    alphas: Array,  # shape: (k, m)
    betas: Array,  # shape: (k - 1, m)
    theta: Array,  # shape: (m,)
    residual: Array,  # shape: (m,)
) -> tuple[Array, Array]:
    """Largest eigenvalue of each tridiagonal matrix, and its eigenvector's last entry.

    The last pivot f of the LDL* factorisation of xI - H is increasing and concave beyond the
    Ritz value `theta` of the step before, so Newton's method from its left is monotone; at the
    root, f' is the last entry to the power -2.  The start is the Rayleigh-Ritz value on the
    previous Ritz vector (its `residual` is the coupling) and the new basis vector.
    """
    half = (theta - alphas[-1]) / 2
    x = alphas[-1] + half + np.hypot(half, residual)
    for _ in range(30):
        f, slope = x - alphas[0], np.ones_like(x)
        for alpha, beta in zip(alphas[1:], betas, strict=True):
            f = np.maximum(f, EPS * EPS * x)
            slope = 1 + (beta / f) ** 2 * slope
            f = x - alpha - beta**2 / f
        step = f / slope
        x = x - step
        if (np.abs(step) <= 4 * EPS * x).all():
            break
    return x, 1 / np.sqrt(slope)


def _solve_upper(upper: Array, z: Array, X: Array) -> NDArray[np.bool_]:
    """Overwrite the columns of X by ``(z_j I - upper)^-1 x_j``; True where the solution is huge."""
    n, zero = len(upper), np.zeros(len(z), dtype=bool)
    for low in range((n - 1) // BLOCK * BLOCK, -1, -BLOCK):
        high = min(low + BLOCK, n)
        X[low:high] += upper[low:high, high:] @ X[high:]
        for i in range(high - 1, low - 1, -1):
            if i + 1 < high:
                X[i] += upper[i, i + 1 : high] @ X[i + 1 : high]
            X[i] /= _pivot(z - upper[i, i])
        _retire_huge(X, X[low:high], zero)
    return zero


def _solve_lower(lower: Array, z: Array, X: Array) -> NDArray[np.bool_]:
    """Overwrite the columns of X by ``(z_j I - lower)^-1 x_j``; True where the solution is huge."""
    n, zero = len(lower), np.zeros(len(z), dtype=bool)
    for low in range(0, n, BLOCK):
        high = min(low + BLOCK, n)
        X[low:high] += lower[low:high, :low] @ X[:low]
        for i in range(low, high):
            if i > low:
                X[i] += lower[i, low:i] @ X[low:i]
            X[i] /= _pivot(z - lower[i, i])
        _retire_huge(X, X[low:high], zero)
    return zero


def _pivot(difference: Array) -> Array:
    """Diagonal of the shifted triangle, kept from zero by a perturbation of rounding size."""
    return np.where(np.abs(difference) < EPS, EPS, difference)


def _retire_huge(X: Array, block: Array, zero: NDArray[np.bool_]) -> None:
    """Zero the columns whose `block` is huge, before products with it can overflow."""
    if np.abs(block.view(np.float64)).max() > HUGE:
        huge = np.abs(block).max(axis=0) > HUGE
        zero |= huge
        X[:, huge] = 0
