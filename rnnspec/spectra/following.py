r"""The dominant eigenvalue and singular value of matrices that move a little at a time.

From step to step a block of vectors is kept.  In each step it is widened to a block Krylov
space of the present matrix,

.. math:: \mathcal B = \operatorname{span}\{V, W V_{1:4}, W^2 V_{1:4}, \dots\},

on which W is a small matrix H, whose dominant pair comes from `rnnspec.spectra.squaring`; the
next block is the pair and :math:`H^{64}` of the present one.  A second space, of W transposed,
gives the left vector u, and with the right one v the two-sided quotient
:math:`u^* W v/u^* v`, whose error is the product of the two vectors' errors (Ostrowski, 1959).
A matrix of order 96 or less is its own H.

As in `rnnspec.spectra.dominant` the pair is returned by the factors u and w of the gradient,
:math:`q = \sum_r u_r^\top W w_r`.  Everything is compiled: in a training step each call of an
array library costs more than these sums.  (numba's cache looks only at the file of a function:
after an edit of a module imported here, touch this one.)
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec.spectra.dominant import exact_pair
from rnnspec.spectra.squaring import copy, dot, high_power, jit, leading

Array = NDArray[Any]

SMALL = 96  # orders that are squared as they are
PLAIN, TRANSPOSED, SQUARED = range(3)
WIDTH = 4  # vectors by which the space grows at a time: their sums run side by side
FEWER = 10  # squarings on a space: what it leaves out of W errs by more than they do
# Vectors beyond the block: for the radius so many in all, shared by the gates, so that a step
# costs the same with few or many; for the norm, of a symmetric matrix, 8 are enough.
GROWN, AT_MOST, GROWN_SYMMETRIC = 48, 32, 8
AGREE_ON_SPACE, AGREE = 0.03, 0.002  # how far from the growth of powers a quotient is believed
FRESH = 0.7548776662466927  # of the plastic number: a sequence without short periods


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
    _product(W, w, y)
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
def krylov(W, V, kind, grown, vector):
    """Growth of the powers of W on the space grown from V, and its leading `vector` (2, n).

    Of W, its transpose or W^T W by `kind`.  V, shape (b, n), moves on.
    """
    b, n = V.shape
    width = min(WIDTH, b)
    m = b + grown // width * width
    B, image, between = np.zeros((m, n), V.dtype), np.zeros((m, n), V.dtype), np.zeros_like(V)
    copy(V, B)
    start, stop = 0, b
    while True:
        _orthonormalize(B, start, stop)
        _apply(W, B[start:stop], image[start:stop], between, kind)
        if stop == m:
            break
        copy(image[start : start + width], B[stop:])
        start, stop = stop, stop + width
    H, early, rows = np.zeros((m, m)), np.zeros((m, b)), np.zeros((b, m))
    _product(image, B, H)
    growth, P = high_power(H, early, FEWER)
    s = leading(H, P)[2]
    _combine(s, B, vector)
    if growth > 0:
        copy(s, rows)
        for i in range(2, b):
            for j in range(m):
                rows[i, j] = early[j, i - 2]
        _combine(rows, B, V)
    return growth


@jit
def _apply(W, X, Y, between, kind):
    """Rows of Y: W x, W^T x or W^T W x of the rows x of X."""
    if kind == PLAIN:
        _product(W, X, Y)
    elif kind == TRANSPOSED:
        _transposed_product(W, X, Y)
    else:
        _product(W, X, between)
        _transposed_product(W, between, Y)


@jit
def _product(W, X, Y):
    """Y = X W^T: row by row W x, two rows of W by four of X at a time while there are as many."""
    b, n = X.shape
    rows, fours = len(W) - len(W) % 2, b - b % 4
    for first in range(0, fours, 4):
        for i in range(0, rows, 2):
            a, c, d, e = _four(W[i], X, first, 0)
            f, g, h, k = _four(W[i + 1], X, first, 0)
            for j in range(1, n):
                v, w = W[i, j], W[i + 1, j]
                x, y = X[first, j], X[first + 1, j]
                a += v * x
                f += w * x
                c += v * y
                g += w * y
                x, y = X[first + 2, j], X[first + 3, j]
                d += v * x
                h += w * x
                e += v * y
                k += w * y
            Y[first, i], Y[first + 1, i], Y[first + 2, i], Y[first + 3, i] = a, c, d, e
            Y[first, i + 1], Y[first + 1, i + 1] = f, g
            Y[first + 2, i + 1], Y[first + 3, i + 1] = h, k
    for row in range(b):
        for i in range(rows if row < fours else 0, len(W)):
            Y[row, i] = dot(W[i], X[row])


@jit
def _four(w, X, first, j):
    v = w[j]
    return v * X[first, j], v * X[first + 1, j], v * X[first + 2, j], v * X[first + 3, j]


@jit
def _transposed_product(W, X, Y):
    """Y = X W: row by row W^T x."""
    b, n = Y.shape
    for row in range(b):
        for j in range(n):
            Y[row, j] = 0.0
    for i in range(0, len(W) - 1, 2):
        for row in range(b):
            x, y = X[row, i], X[row, i + 1]
            for j in range(n):
                Y[row, j] += x * W[i, j] + y * W[i + 1, j]
    if len(W) % 2:
        for row in range(b):
            for j in range(n):
                Y[row, j] += X[row, len(W) - 1] * W[len(W) - 1, j]


@jit
def _combine(rows, B, out):
    """Out = rows B."""
    for i in range(len(rows)):
        for j in range(B.shape[1]):
            out[i, j] = 0.0
        for k in range(len(B)):
            weight = rows[i, k]
            for j in range(B.shape[1]):
                out[i, j] += weight * B[k, j]


@jit
def _bilinear(u, v):
    """The complex number u^T v of two vectors given by real and imaginary rows."""
    re = dot(u[0], v[0]) - dot(u[1], v[1])
    return complex(re, dot(u[0], v[1]) + dot(u[1], v[0]))


@jit
def _orthonormalize(B, start, stop):
    """Orthonormalise rows `start` to `stop` of B against all before: Gram-Schmidt, twice if needed.

    The second pass is for a row that the first one cancelled to less than 1 %.
    """
    before = np.zeros(stop)
    for k in range(start, stop):
        before[k] = dot(B[k], B[k])
    for _ in range(3):
        again = False
        for i in range(stop):
            if i >= start:
                left = dot(B[i], B[i])
                again = again or not left > 1e-4 * before[i]
                if not left > 1e-10 * before[i]:
                    _refill(B, i)
                scale = 1 / math.sqrt(dot(B[i], B[i]))
                for j in range(B.shape[1]):
                    B[i, j] *= scale
                before[i] = 1.0
            k = max(i + 1, start)
            while k + 4 <= stop:
                _subtract_four(B[i], B[k : k + 4])
                k += 4
            while k < stop:
                _subtract(B[i], B[k])
                k += 1
        if not again:
            break


@jit
def _refill(B, k):
    """Row k lay in the span of those before: a direction of no pattern takes its place."""
    n = B.shape[1]
    for j in range(n):
        B[k, j] = ((k * n + j + 1) * FRESH) % 1 - 0.5
    for i in range(k):
        _subtract(B[i], B[k])


@jit
def _subtract(b, x):
    """Take from x its part along the unit vector b."""
    overlap = dot(b, x)
    for j in range(len(x)):
        x[j] -= overlap * b[j]


@jit
def _subtract_four(b, X):
    """The same of four rows side by side."""
    p = b[0] * X[0, 0]
    q = b[0] * X[1, 0]
    r = b[0] * X[2, 0]
    s = b[0] * X[3, 0]
    for j in range(1, len(b)):
        p += b[j] * X[0, j]
        q += b[j] * X[1, j]
        r += b[j] * X[2, j]
        s += b[j] * X[3, j]
    for j in range(len(b)):
        X[0, j] -= p * b[j]
        X[1, j] -= q * b[j]
        X[2, j] -= r * b[j]
        X[3, j] -= s * b[j]
