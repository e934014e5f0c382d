r"""The weighted norm in which the largest of several matrices is as small as can be.

.. math:: \min_T \max_i \|T J_i T^{-1}\|_2

As a function of :math:`P = T^T T` the logarithm is convex along the geodesics
:math:`T \to e^{\tau S} T`, S symmetric, of the positive definite matrices: a local minimum is
global.  (The product of the k largest singular values is the norm of a compound matrix, the
logarithm of a sum of exponentials of :math:`\tau`.)  The same holds of the smooth function

.. math:: f_q(T) = \frac{1}{2q} \log \sum_{i,j} \sigma_j(T J_i T^{-1})^{2q}
          \ge \max_i \log \|T J_i T^{-1}\|_2,

which is at most :math:`\log(m s) / 2q` larger, and is what is minimised for growing q.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Array = NDArray[Any]
SHARPNESS = (4, 32, 256)  # q, one after another
ITERATIONS = 60  # of each q
GAIN = 1e-4  # of the logarithm in an iteration, below which it is the last of its q
TOGETHER = 16  # matrices that join the search in a round
ROUNDS = 12
RTOL = 5e-3  # gain of a round, and surplus of a matrix not looked at, with which the search ends
FLOOR = 0.05  # norms below it count as this: T need not be almost singular for their sake


def weighted_norms(
    J: Array,  # shape: (m, s, s)
    T: Array,  # shape: (s, s)
) -> Array:
    """``||T J_i T^-1||`` of each matrix, (m,)."""
    norms: Array = np.linalg.norm(T @ J @ np.linalg.inv(T), 2, axis=(1, 2))
    return norms


def best_weight(
    J: Array,  # shape: (m, s, s)
) -> Array:
    """T (s, s), with which the largest of `weighted_norms` is nearly least.

    Only the matrices that are largest count at the minimum, so a few are looked at, and those
    that turn out larger by more than half a per cent join them.  Norms below 0.05 are as good as
    that.

    Notes
    -----
    L-BFGS from the identity, or from the last T; O(s^3) a matrix and evaluation, some hundred
    evaluations.

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
    """The best T met on the way from one q to the next."""
    met = {float(weighted_norms(J, T).max()): T}
    for q in sharpness:
        # Each search starts at the identity of the coordinates that the last one ended in.
        found = minimize(
            _smooth_norm,
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


def _smooth_norm(x: Array, J: Array, q: int) -> tuple[float, Array]:
    r"""Value and gradient of f_q at T = `x`.

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
