"""The largest Ritz value of many small tridiagonal matrices at once, and when it is right."""

from __future__ import annotations

from rnnspec.spectra.engine import EPS
from rnnspec.spectra.engine.tensors import Array, namespace

# Relative residual above which two near values may hide in one Ritz vector.  The gap that the
# sharper bound divides by is itself estimated from Ritz values, so it is trusted only below.
SHARP = 1e-6
HUGE = 1e50  # a solution of norm HUGE^(1/2) proves sigma_min < 1e-25 ||T||: zero to rounding


def top_ritz(
    alphas: list[Array], betas: list[Array], theta: Array, residual: Array
) -> tuple[Array, Array]:
    """Largest eigenvalue of each tridiagonal matrix, and its eigenvector's last entry.

    The last pivot f of the LDL* factorisation of xI - H is increasing and concave beyond the
    Ritz value `theta` of the iteration before, so Newton's method from its left is monotone; at
    the root, f' is the last entry to the power -2.  The start is the Rayleigh-Ritz value on the
    previous Ritz vector (its `residual` is the coupling) and the new basis vector.

    Parameters
    ----------
    alphas : list of k arrays, shape (m,)
        The diagonals, entry by entry.
    betas : list of k - 1 arrays, shape (m,)
        The entries beside the diagonals.
    theta, residual : arrays, shape (m,)
        The largest Ritz values of the iteration before, and their residuals.

    Examples
    --------
    >>> import numpy as np
    >>> one, zero = np.ones(1), np.zeros(1)
    >>> theta, last = top_ritz([zero, zero], [one], zero, one)
    >>> theta.round(6), (last**2).round(6)
    (array([1.]), array([0.5]))
    """
    xp = namespace(theta)
    half = (theta - alphas[-1]) / 2
    x = alphas[-1] + half + xp.sqrt(half * half + residual * residual)
    for _ in range(30):
        f, slope = x - alphas[0], 1.0
        for alpha, beta in zip(alphas[1:], betas, strict=True):
            f = xp.maximum(f, EPS * EPS * x)
            ratio = beta / f
            slope = 1 + ratio * ratio * slope
            f = x - alpha - beta * ratio
        change = f / slope
        x = x - change
        if not (abs(change) > 4 * EPS * x).any():
            break
    return x, slope**-0.5 + 0 * x


def has_converged(
    alphas: list[Array], betas: list[Array], theta: Array, residual: Array, tol: float
) -> Array:
    """Whether ``theta^(-1/2)`` is within `tol`, relative, of a singular value: the stop rule.

    With r the relative residual of theta, an eigenvalue of ``((zI - T)*(zI - T))^-1`` is within r
    of theta, and within ``r^2 / gap`` if the others are further than the gap.  So an iteration
    stops if ``r <= tol / 2``, or ``r^2 / gap <= tol / 4`` and ``r <= SHARP``; or if r is below 8
    units of rounding of ``theta^(1/2)``, where it decreases no more.  The arguments are as in
    `top_ritz`.

    Examples
    --------
    >>> import numpy as np
    >>> four = np.full(1, 4.0)
    >>> [bool(has_converged([four], [], four, four * r, tol=1e-3)[0]) for r in (1e-2, 1e-4)]
    [False, True]
    """
    xp = namespace(theta)
    r = residual / theta
    done = (r <= tol / 2) | (r <= 8 * EPS * xp.sqrt(theta))
    if len(alphas) > 1:
        done = done | (r * r <= tol / 4 * relative_gap(alphas, betas, theta)) & (r <= SHARP)
    return done


def relative_gap(alphas: list[Array], betas: list[Array], theta: Array) -> Array:
    """Lower bound of 1 - theta_2 / theta_1 for each tridiagonal matrix.

    From the Frobenius norm: ``theta_2^2 <= ||H||_F^2 - theta_1^2``.
    """
    xp = namespace(theta)
    rest = sum((a / theta) ** 2 for a in alphas) + 2 * sum((b / theta) ** 2 for b in betas) - 1
    return 1 - xp.sqrt(xp.maximum(rest, 0 * theta))
