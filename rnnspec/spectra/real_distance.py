"""The smallest real perturbation that makes one point of the unit circle an eigenvalue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.optimize import brentq

Array = NDArray[Any]
UNSEEN = 30.0  # a weight below exp(-30), about 1e-13, changes the singular values by rounding alone
# Singular values this close, relative, are taken for one multiple value: the weight that makes them
# meet is known to 1e-10, and two values that cross there differ by far less than this.
SAME = 1e-6
# Where the search for the best weight starts, and its first stride in the logarithm.  Measured on
# trained-like, random and Grcar matrices with 8 to 64 rows, nine of ten best weights lie between
# 0.47 and 0.99; starts of 0.6 to 0.9 and strides of 0.3 to 0.5 take equally long within 20 %.
WEIGHT, STRIDE = 0.6, 0.3
# The Gram matrix of the inverse squares its condition number, so that half of the digits are left:
# where this is not enough, the singular values are computed without it.
HALF_THE_DIGITS = 1e-8


@dataclass(frozen=True)
class RealDistance:
    """The smallest real E that puts an eigenvalue at one angle.

    Attributes
    ----------
    value : float
        Norm of E.
    weight : float
        The weight g that proves it.
    slope : float
        Derivative of the norm by the angle.
    """

    value: float
    weight: float
    slope: float


def real_form(
    A: Array,  # shape: (n, n), real
    angle: Any,  # shape: () or (m,)
    weight: float,
) -> Array:
    """Real form ``[[Re M, -g Im M], [Im M / g, Re M]]`` of ``M = exp(i angle) I - A``.

    Examples
    --------
    >>> real_form(np.array([[0.5]]), np.pi / 2, 0.5).round(9)
    array([[-0.5, -0.5],
           [ 2. , -0.5]])
    """
    one = np.eye(len(A))
    x, y = (f(angle)[..., None, None] * one for f in (np.cos, np.sin))
    above = np.concatenate([x - A, -weight * y], axis=-1)
    return np.concatenate([above, np.concatenate([y / weight, x - A], axis=-1)], axis=-2)


def real_distance(
    A: Array,  # shape: (n, n), real
    angle: float,
    weight: float = WEIGHT,
    xtol: float = 1e-10,
) -> RealDistance:
    """Norm of the smallest real E that puts an eigenvalue at ``exp(i angle)``, off the real axis.

    It is ``max over 0 < g <= 1 of sigma_{2n-1}(P(g))``, where P is the `real_form` of
    ``exp(i angle) I - A``; every g proves a lower bound.  The singular value is unimodal in g.  Its
    slope in log g is ``sigma (||u1||^2 - ||v1||^2)`` with singular vectors (u1, u2) and (v1, v2),
    and the sign of the slope leads from `weight` to the maximum.  The weight is right to `xtol`,
    relative.

    Notes
    -----
    Cost O((2n)^3) for each weight; five to ten are needed, and thirty where two singular
    values meet.

    References
    ----------
    .. [1] L. Qiu, B. Bernhardsson, A. Rantzer, E. J. Davison, P. M. Young and J. C. Doyle,
       Automatica 31 (1995), 879-890, theorem 1.

    Examples
    --------
    >>> round(real_distance(np.zeros((2, 2)), np.pi / 2).value, 9)
    1.0
    """
    best = RealDistance(-1.0, 1.0, 0.0)
    R = _resolvent(A, angle)

    def slope(u: float) -> float:
        nonlocal best
        g = float(np.exp(u))
        sigma, left, right = _second(A, R, angle, g)
        if sigma > best.value:
            turned = np.cos(angle) * (right[0] / g @ left[1] - g * right[1] @ left[0])
            turned -= np.sin(angle) * np.vdot(left, right)
            best = RealDistance(sigma, g, float(turned))
        # At g = 1 two singular values meet, and no value beyond it is larger.
        return float(left[0] @ left[0] - right[0] @ right[0]) if u < 0 else -1.0

    start = float(np.clip(np.log(weight), -UNSEEN, -1e-3))
    turning_point(slope, start, STRIDE, (-UNSEEN, 0.0), xtol)
    if R is not None and xtol < HALF_THE_DIGITS:  # the caller wants more digits than R gives
        exact = np.linalg.svd(real_form(A, angle, best.weight), compute_uv=False)[-2]
        best = RealDistance(float(exact), best.weight, best.slope)
    return best


def _resolvent(A: Array, angle: float) -> Array | None:
    """Inverse of ``exp(i angle) I - A``; None if rounding leaves fewer than half of its digits."""
    M = np.exp(1j * angle) * np.eye(len(A)) - A
    try:
        R = np.linalg.inv(M)
    except np.linalg.LinAlgError:
        return None
    return R if np.linalg.norm(R) * np.linalg.norm(M) < 1 / HALF_THE_DIGITS else None


def _second(A: Array, R: Array | None, angle: float, g: float) -> tuple[float, Array, Array]:
    """Second smallest singular value at weight g, and its left and right vector, each (2, n)."""
    n = len(A)
    if R is not None:
        # The real form of the inverse is the inverse of the real form, and of a Gram matrix the
        # two largest eigenvalues can be computed alone.
        P = np.block([[R.real, -g * R.imag], [R.imag / g, R.real]])
        values, vectors = eigh(P.T @ P, subset_by_index=[2 * n - 2, 2 * n - 1])
        if values[0] > HALF_THE_DIGITS * values[1]:
            top, left = float(np.sqrt(values[0])), vectors[:, 0]
            return 1 / top, left.reshape(2, n), (P @ left / top).reshape(2, n)
    U, sigma, Vh = np.linalg.svd(real_form(A, angle, g))
    return float(sigma[-2]), U[:, -2].reshape(2, n), Vh[-2].reshape(2, n)


def turning_point(
    slope: Callable[[float], float],
    start: float,
    stride: float,
    ends: tuple[float, float],
    xtol: float,
) -> float:
    """Where a function stops rising: the place near `start` at which its slope turns negative.

    The strides grow threefold until the slope turns.  If it does not turn before one of `ends`,
    that end is returned.  No place is asked for twice, since a slope that comes from an iteration
    may have another sign the second time.

    Examples
    --------
    >>> round(turning_point(lambda x: 2 - x, 0.0, 0.1, (-5.0, 5.0), 1e-9), 6)
    2.0
    """
    slope = cache(slope)
    at, up = start, slope(start) > 0
    while True:
        ahead = min(at + stride, ends[1]) if up else max(at - stride, ends[0])
        if ahead in ends:
            stride = 0.0
        there = slope(ahead)
        if (there > 0) != up:
            return float(brentq(slope, min(at, ahead), max(at, ahead), xtol=xtol))
        if stride == 0:
            return ahead
        at, stride = ahead, 3 * stride


def real_perturbation(
    A: Array,  # shape: (n, n), real
    angle: float,
) -> Array | None:
    """The smallest real E that puts an eigenvalue at ``exp(i angle)``; None if rounding hides it.

    It satisfies ``E [v1 v2] = sigma [u1 u2]`` with the singular vectors at the best weight.  There
    ``||u1|| = ||v1||``, the two Gram matrices are equal, and E has norm sigma.  Where two singular
    values meet, a combination of their vectors has that property.

    Notes
    -----
    Cost O((2n)^3).

    References
    ----------
    .. [1] L. Qiu et al., Automatica 31 (1995), 879-890, section 4.

    Examples
    --------
    >>> E = real_perturbation(np.array([[0.0, 0.5], [-0.5, 0.0]]), np.pi / 2)
    >>> E.round(9) + 0
    array([[ 0. ,  0.5],
           [-0.5,  0. ]])
    """
    n, z = len(A), np.exp(1j * angle)
    if abs(z.imag) <= 1e-15:
        U, sigma, Vh = np.linalg.svd(z.real * np.eye(n) - A)
        return np.asarray(sigma[-1] * np.outer(U[:, -1], Vh[-1]))
    found = real_distance(A, angle)
    left, right = _complex_pair(A, z) if found.weight > 1 - SAME else _pair(A, angle, found.weight)
    U, sigma, Vh = np.linalg.svd(left @ np.linalg.pinv(right, rcond=1e-12))
    rank = max(1, int((sigma > 0.5).sum()))
    E = np.asarray(found.value * U[:, :rank] @ Vh[:rank])
    missed = np.linalg.svd(z * np.eye(n) - A - E, compute_uv=False)[-1]
    return E if missed <= 1e-8 * (1 + np.linalg.norm(A, 2)) else None


def _pair(A: Array, angle: float, weight: float) -> tuple[Array, Array]:
    """Singular vectors (u1, u2) and (v1, v2) with ``||u1|| = ||v1||``, each of shape (n, 2)."""
    n = len(A)
    U, sigma, Vh = np.linalg.svd(real_form(A, angle, weight))
    near = np.flatnonzero(np.abs(sigma - sigma[-2]) <= SAME * sigma[-2])
    c = _balancing_vector(U[:n, near].T @ U[:n, near] - Vh[near, :n] @ Vh[near, :n].T)
    return (U[:, near] @ c).reshape(2, n).T, (c @ Vh[near]).reshape(2, n).T


def _complex_pair(A: Array, z: complex) -> tuple[Array, Array]:
    """At weight 1: real and imaginary parts of singular vectors of ``zI - A``, ``u'u = v'v``."""
    U, sigma, Vh = np.linalg.svd(z * np.eye(len(A)) - A)
    near = np.flatnonzero(sigma - sigma[-1] <= SAME * sigma[-1])[-2:]
    left, right = U[:, near], Vh[near].conj().T
    S = left.T @ left - right.T @ right
    c = np.ones(1, complex)
    if len(near) == 2:
        # Where all of S vanishes, any combination has the property.
        flat = np.abs(S).max() <= SAME or abs(S[1, 1]) <= SAME
        root = 0.0 if flat else np.roots([S[1, 1], 2 * S[0, 1], S[0, 0]])[0]
        c = np.array([0.0, 1.0]) if flat else np.array([1.0, root])
    u, v = left @ c, right @ c
    size = np.linalg.norm(v)
    return np.stack([u.real, u.imag], axis=1) / size, np.stack([v.real, v.imag], axis=1) / size


def _balancing_vector(S: Array) -> Array:
    """Unit vector c with ``c'Sc = 0``, or as near to 0 as S allows."""
    values, vectors = np.linalg.eigh(S)
    low, high = values[0], values[-1]
    if low >= 0 or high <= 0:
        return np.asarray(vectors[:, np.abs(values).argmin()])
    share = high / (high - low)
    return np.asarray(np.sqrt(share) * vectors[:, 0] + np.sqrt(1 - share) * vectors[:, -1])
