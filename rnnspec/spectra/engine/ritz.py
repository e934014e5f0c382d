"""The largest Ritz value of many small tridiagonal matrices at once, and what it proves."""

from __future__ import annotations

from typing import Any

from rnnspec.spectra.engine.triangle import EPS, namespace

Array = Any  # numpy.ndarray or torch.Tensor


def top_ritz(
    alphas: list[Array],  # k arrays of shape (m,)
    betas: list[Array],  # k - 1 arrays of shape (m,)
    theta: Array,  # shape: (m,)
    residual: Array,  # shape: (m,)
) -> tuple[Array, Array]:
    """Largest eigenvalue of each tridiagonal matrix, and its eigenvector's last entry.

    The last pivot f of the LDL* factorisation of xI - H is increasing and concave beyond the
    Ritz value `theta` of the step before, so Newton's method from its left is monotone; at the
    root, f' is the last entry to the power -2.  The start is the Rayleigh-Ritz value on the
    previous Ritz vector (its `residual` is the coupling) and the new basis vector.

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
        step = f / slope
        x = x - step
        if not (abs(step) > 4 * EPS * x).any():
            break
    return x, slope**-0.5 + 0 * x


def relative_gap(alphas: list[Array], betas: list[Array], theta: Array) -> Array:
    """Lower bound of 1 - theta_2 / theta_1 for each tridiagonal matrix.

    From the Frobenius norm: ``theta_2^2 <= ||H||_F^2 - theta_1^2``.
    """
    xp = namespace(theta)
    rest = sum((a / theta) ** 2 for a in alphas) + 2 * sum((b / theta) ** 2 for b in betas) - 1
    return 1 - xp.sqrt(xp.maximum(rest, 0 * theta))
