r"""The dominant eigenvalue and singular value of matrices that move a little at a time.

From step to step a block of vectors is kept.  In each step it is widened to a block Krylov
space of the present matrix,

.. math:: \mathcal B = \operatorname{span}\{V, W V_{1:4}, W^2 V_{1:4}, \dots\},

on which W is a small matrix H, whose dominant pair comes from
`rnnspec.spectra.dominant.squaring`; the next block is the pair and :math:`H^{64}` of the
present one.  A second space, of W transposed,
gives the left vector u, and with the right one v the two-sided quotient
:math:`u^* W v/u^* v`, whose error is the product of the two vectors' errors (Ostrowski, 1959).
A matrix of order 96 or less is its own H.

As in `rnnspec.spectra.dominant.estimate` the pair is returned by the factors u and w of the
gradient,
:math:`q = \sum_r u_r^\top W w_r`.  Everything is compiled: in a training step each call of an
array library costs more than these sums.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec.spectra.dominant.estimate import exact_pair
from rnnspec.spectra.dominant.krylov_block import PLAIN, SQUARED, TRANSPOSED, krylov, product
from rnnspec.spectra.dominant.squaring import dot, high_power, jit, leading

# numba's cache looks only at this file
# compiled in: estimate 3a1c41ed
# compiled in: krylov_block a1cf64ab
# compiled in: squaring e8055cdb

Array = NDArray[Any]

SMALL = 96  # orders that are squared as they are
# Vectors beyond the block: for the radius so many in all, shared by the gates, so that a step
# costs the same with few or many; for the norm, of a symmetric matrix, 8 are enough.
GROWN, AT_MOST, GROWN_SYMMETRIC = 48, 32, 8
AGREE_ON_SPACE, AGREE = 0.03, 0.002  # how far from the growth of powers a quotient is believed


def follow_radius(W: Array, right: Array, left: Array) -> tuple[Array, Array, Array]:
    r"""Spectral radius of each matrix of a stack, shape (g, n, n), one step on.

    `right` and `left`, shape (g, b, n), are the blocks, changed in place.  Returns q (g,) and the
    factors u and w, shape (g, 2, n).  Where no eigenvalue stands out from the others, an
    orthogonal matrix say, LAPACK decides up to n = 96; beyond, q is the growth of powers, and
    the factors are those of a vector that grows so.  About 10 n^3 flops up to n = 96, and
    100 n^2 beyond.

    Examples
    --------
    >>> W, block = np.array([[[0.0, -0.9], [0.9, 0.0]]]), np.eye(2)[None]
    >>> follow_radius(W, block, block)[0].round(12)
    array([0.9])
    """
    g, n, _ = W.shape
    q, sure, u, w = np.zeros(g), np.zeros(g, bool), np.zeros((g, 2, n)), np.zeros((g, 2, n))
    if n > SMALL:
        _both_sides(W, right, left, min(AT_MOST, GROWN // g), q, u, w)
        return q, u, w
    for k in range(g):
        A = W[k].astype(np.float64)
        growth, P = high_power(A, np.zeros((n, 0)))
        w[k] = leading(A, P)[2]
        u[k] = leading(np.ascontiguousarray(A.T), np.ascontiguousarray(P.T))[2]
        q[k], sure[k] = _pair(W[k], growth, AGREE, u[k], w[k])
    if not sure.all():
        rows = ~sure
        q[rows], u[rows], w[rows] = exact_pair(W[rows].astype(np.float64), "radius")
    return q, u, w


@np.errstate(invalid="ignore", over="ignore")  # of weights that overflowed the norm is inf or NaN
def follow_norm(W: Array, right: Array) -> tuple[Array, Array, Array]:
    """Spectral norm of each matrix of a stack, one step on; never above the true one.

    As `follow_radius`, with u and w of shape (g, 1, n), and one block.

    Examples
    --------
    >>> W = np.array([[[0.0, 3.0], [0.5, 0.0]]])
    >>> follow_norm(W, np.eye(2)[None])[0].round(12)
    array([3.])
    """
    g, n, _ = W.shape
    q, u, w, leader = np.zeros(g), np.zeros((g, 1, n)), np.zeros((g, 1, n)), np.zeros((2, n))
    for k in range(g):
        if n <= SMALL:
            H = W[k].T.astype(np.float64) @ W[k]
            leader = leading(H, high_power(H, np.zeros((n, 0)))[1])[2]
        else:
            krylov(W[k], right[k], SQUARED, GROWN_SYMMETRIC, leader)
        q[k] = _stretch(W[k], leader, u[k, 0], w[k, 0])
    return q, u, w


@jit
def _stretch(W, leader, u, w):
    """Fill w with the unit vector along the leader's first row, u with W w over its length."""
    length = math.sqrt(dot(leader[0], leader[0]))
    for j in range(len(w)):
        w[j] = leader[0, j] / length if length > 0 else 0.0
    for i in range(len(w)):
        u[i] = dot(W[i], w)
    stretch = math.sqrt(dot(u, u))
    for i in range(len(w)):
        u[i] = u[i] / stretch if stretch > 0 else 0.0
    return stretch


@jit
def _both_sides(W, right, left, grown, q, u, w):
    """Fill q, u and w from a space of each matrix and one of its transpose."""
    for k in range(len(W)):
        growth = max(
            krylov(W[k], right[k], PLAIN, grown, w[k]),
            krylov(W[k], left[k], TRANSPOSED, grown, u[k]),
        )
        q[k], _ = _pair(W[k], growth, AGREE_ON_SPACE, u[k], w[k])


@jit
def _pair(W, growth, agree, u, w):
    r"""Scale u and w so that <G, W> is the radius; True if the two-sided quotient gave it.

    With v = w_0 + i w_1 and u^T W = theta u^T the quotient is u^T W v / u^T v, and
    :math:`G = \mathrm{Re}(c\,u v^\top)` for :math:`c = \bar\theta/(|\theta|\,u^\top v)`.
    """
    y = np.zeros_like(w)
    product(W, w, y)
    over = _bilinear(u, y)
    under = _bilinear(u, w)
    if growth > 0 and abs(under) > 0:
        theta = over / under
        if abs(abs(theta) - growth) <= agree * growth:
            c = theta.conjugate() / (abs(theta) * under)
            for j in range(len(u[0])):
                z = c * (u[0, j] + 1j * u[1, j])
                u[0, j], u[1, j] = z.real, -z.imag
            return abs(theta), True
    square = dot(y[0], y[0]) + dot(y[1], y[1])
    for r in range(2):
        for j in range(len(u[0])):
            u[r, j] = growth * y[r, j] / square if square > 0 else 0.0
    return (growth if square > 0 or not growth > 0 else 0.0), False


@jit
def _bilinear(u, v):
    """The complex number u^T v of two vectors given by real and imaginary rows."""
    re = dot(u[0], v[0]) - dot(u[1], v[1])
    return complex(re, dot(u[0], v[1]) + dot(u[1], v[0]))
