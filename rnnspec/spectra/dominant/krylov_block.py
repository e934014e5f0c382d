r"""A block Krylov space of a matrix, and what its powers grow to there; compiled.

Vectors are rows, so that each lies in one piece.  The space

.. math:: \mathcal B = \operatorname{span}\{V, M V_{1:4}, M^2 V_{1:4}, \dots\}

of :math:`M = W`, :math:`W^\top` or :math:`W^\top W` is grown by four vectors at a time, and
M is on it the small matrix H whose powers `rnnspec.spectra.dominant.squaring` takes.
"""

from __future__ import annotations

import math

import numpy as np

from rnnspec.spectra.dominant.squaring import copy, dot, high_power, jit, leading

# numba's cache looks only at this file
# compiled in: squaring e8055cdb

PLAIN, TRANSPOSED, SQUARED = range(3)
WIDTH = 4  # vectors by which the space grows at a time: their sums run side by side
FEWER = 10  # squarings on a space: what it leaves out of W errs by more than they do
FRESH = 0.7548776662466927  # of the plastic number: a sequence without short periods


@jit
def krylov(W, V, kind, grown, vector):
    """Growth of the powers of W on the space grown from V, and its leading `vector` (2, n).

    Of W, its transpose or W^T W by `kind`.  V, shape (b, n), moves on.
    """
    b, n = V.shape
    width = min(WIDTH, b)
    m = b + min(grown, n - b) // width * width
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
    product(image, B, H)
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
        product(W, X, Y)
    elif kind == TRANSPOSED:
        _transposed_product(W, X, Y)
    else:
        product(W, X, between)
        _transposed_product(W, between, Y)


@jit
def product(W, X, Y):
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
