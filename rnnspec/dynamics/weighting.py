r"""The weighted norm in which the largest of several matrices is as small as can be.

.. math:: \min_T \max_i \|T J_i T^{-1}\|_2

As a function of :math:`P = T^T T` the logarithm is convex along the geodesics
:math:`T \to e^{\tau S} T`, S symmetric, of the positive definite matrices, so that a local minimum
is global.  (The product of the k largest singular values is the norm of a compound matrix, whose
logarithm is that of a sum of exponentials of :math:`\tau`.)  The same holds for the smooth function

.. math:: f_q(T) = \frac{1}{2q} \log \sum_{i,j} \sigma_j(T J_i T^{-1})^{2q}
          \ge \max_i \log \|T J_i T^{-1}\|_2,

which is larger by at most :math:`\log(m s) / 2q`, and which is minimised for growing q.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Array = NDArray[Any]
# The exponents q of the smooth norm, one after another.  A small q is smooth and leads from far
# away; with q = 256 the smooth norm of 16 matrices of size 64 is at most 1.4 % above the largest.
SHARPNESS = (4, 32, 256)
ITERATIONS = 60  # most iterations of L-BFGS for each q; later rounds start where the last ended
GAIN = 1e-4  # a search ends when an iteration lowers the logarithm by less: far below RTOL
TOGETHER = 16  # most matrices that join the search in a round
ROUNDS = 12  # so that at most 192 matrices are looked at together
# The search ends when a round gains less than this share, and no matrix outside the search exceeds
# those in it by more: half a per cent of a rate, which no verdict but a marginal one depends on.
RTOL = 5e-3
# Norms below this one count as this one: a rate of 0.05 is as good as 0, and T need not become
# almost singular in order to lower it.
FLOOR = 0.05


def weighted_norms(
    J: Array,  # shape: (m, s, s)
    T: Array,  # shape: (s, s)
) -> Array:
    """The norms ``||T J_i T^-1||_2`` of m matrices, shape (m,)."""
    norms: Array = np.linalg.norm(T @ J @ np.linalg.inv(T), 2, axis=(1, 2))
    return norms


def best_weight(
    J: Array,  # shape: (m, s, s)
) -> Array:
    """The matrix T (s, s) for which the largest of `weighted_norms` is nearly smallest.

    At the minimum only the matrices with the largest norms count.  So the search begins with a few
    of them, and those that turn out larger by more than half a per cent join.  Norms below 0.05
    count as 0.05.

    Notes
    -----
    L-BFGS from the identity, or from the last T.  Cost O(s^3) for each matrix and evaluation, of
    which there are some hundred.

    References
    ----------
    .. [1] R. Bhatia, Positive Definite Matrices (2007), ch. 6 (the geodesics).
    .. [2] S. Boyd, L. El Ghaoui, E. Feron and V. Balakrishnan, Linear Matrix Inequalities in
       System and Control Theory (1994), section 5.1 (the problem as a matrix inequality).

    Examples
    --------
    >>> shear = np.array([[[0.5, 3.0], [0.0, 0.4]]])
    >>> [round(weighted_norms(shear, T).item(), 2) for T in (np.eye(2), best_weight(shear))]
    [3.07, 0.5]
    """
    T = np.eye(J.shape[1])
    norms = weighted_norms(J, T)
    seen = np.empty(0, dtype=int)
    for k in range(ROUNDS):
        last, seen = norms.max(), np.union1d(seen, np.argsort(-norms)[:TOGETHER])
        T = _descend(J[seen], T, SHARPNESS[-1:] if k else SHARPNESS)
        norms = weighted_norms(J, T)
        if norms.max() <= (1 + RTOL) * norms[seen].max() and norms.max() >= (1 - RTOL) * last:
            break
    return T


def _descend(J: Array, T: Array, sharpness: Sequence[int]) -> Array:
    """The best of the matrices T at which the searches for each q end, and of the first."""
    met = {float(weighted_norms(J, T).max()): T}
    for q in sharpness:
        # Each search starts at the identity of the coordinates that the last one ended in.
        found = minimize(
            smooth_norm,
            np.eye(len(T)).ravel(),
            (T @ J @ np.linalg.inv(T), q),
            method="L-BFGS-B",
            jac=True,
            options={"maxiter": ITERATIONS, "ftol": GAIN},
        )
        T = found.x.reshape(T.shape) @ T
        T = T / np.linalg.norm(T, 2)
        met[float(weighted_norms(J, T).max())] = T
    return met[min(met)]


def smooth_norm(x: Array, J: Array, q: int) -> tuple[float, Array]:
    r"""The value and the gradient of f_q at T = `x`.

    With :math:`\delta T = S T`, :math:`\delta M = S M - M S` for :math:`M = T J T^{-1}`, and
    :math:`\delta \log \sigma = u^T S u - v^T S v` by its singular vectors.
    """
    T = x.reshape(J.shape[1:])
    inverse = np.linalg.inv(T)
    M = T @ J @ inverse
    squares, u = np.linalg.eigh(M @ M.mT)
    largest = max(squares.max(), FLOOR**2)
    shares = np.clip(squares / largest, 0, None)
    total = (shares**q).sum() + (FLOOR**2 / largest) ** q
    left = (u * (shares**q)[:, None, :]) @ u.mT
    right = M.mT @ ((u * (shares ** (q - 1))[:, None, :]) @ u.mT) @ M / largest
    gradient = ((left - right).sum(0) / total) @ inverse.T
    return (np.log(largest) + np.log(total) / q) / 2, gradient.ravel()
