"""The compiled code that follows an eigenvalue, all of it in this one file.

numba keeps what it compiles on disk, and looks only at the file of a function to see whether that
is still right; so this file takes nothing from the rest of rnnspec
(`tests/spectra/engine/test_kernels.py` proves it).

Why it is compiled: the normalised training step of an LSTM with 128 units may take at most 1.10
times as long as the plain one, 1.4 ms more of 14 ms.  The same algorithm in NumPy, all gates of
the stack in each call, took 2.2 ms more (1.15 to 1.17 times); this code takes 0.8 ms (1.06).  At
these orders each call of an array library costs as much as the sums that it does.

The parts, of which the first three use those before them:

1. Powers: the dominant pair of a small matrix, by squaring it again and again.
2. Krylov: a block Krylov space of a matrix, and its dominant pair from the powers there.
3. Pairs: the value of one matrix from its right and left vectors, and the gradient's factors.
4. Scaling: a weight over its value, and the gradient through both (`rnnspec.training.scaling`).

Vectors are rows, so that each lies in one piece.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

jit = njit(cache=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz", "arcp"})


# 1. Powers.
#
# Gelfand's formula, rho(H) = lim |H^k|^(1/k), holds whatever the multiplicities, the phases and
# the angles between eigenvectors, and from above: rho <= |H^k|^(1/k) <= kappa^(1/k) rho for a
# diagonalisable H with eigenvectors of condition kappa.  Twelve squarings give k = 4096, and an
# error of log(kappa) / 4096, 0.2 % at kappa = 10^4.  The columns of H^k lie in the dominant
# eigenspace, its rows in the left one: the pair is read off a space of dimension two.  For orders
# up to 64 this costs a fifth of a dense eigendecomposition.

SQUARINGS = 12
EARLY = 6  # H^(2^EARLY) still holds the vectors that come after the dominant ones
NEGLIGIBLE = 1e-6  # a second column this small beside the first is what rounding left


@jit
def dot(x, y):
    """Inner product of two vectors."""
    total = x[0] * y[0]
    for j in range(1, x.size):
        total += x[j] * y[j]
    return total


@jit
def copy(source, target):
    """Copy the part of `source` for which `target` has entries.

    Loops compile in a tenth of the time of a sliced assignment.
    """
    for i in range(min(len(source), len(target))):
        for j in range(min(source.shape[1], target.shape[1])):
            target[i, j] = source[i, j]


@jit
def high_power(H, early, squarings=SQUARINGS):
    r"""Growth :math:`\|H^k\|_F^{1/k}`, and :math:`H^k` over its norm, for k = 2^squarings.

    The columns of `early`, shape (m, c), are filled with the first ones of the lower power.
    A nilpotent H has growth 0.
    """
    m = len(H) + -len(H) % 4
    P, Q = np.zeros((m, m)), np.zeros((m, m))
    copy(H, Q)
    log_norm, k = 0.0, 1
    for squaring in range(squarings + 1):
        if squaring > 0:
            _multiply(P, P, Q)
            log_norm, k = 2 * log_norm, 2 * k
        norm = 0.0
        for i in range(m):
            norm += dot(Q[i], Q[i])
        norm = math.sqrt(norm)
        if norm == 0:
            return 0.0, H
        log_norm += math.log(norm)
        scale = 1 / norm
        for i in range(m):
            for j in range(m):
                P[i, j] = scale * Q[i, j]
        if squaring == EARLY:
            copy(P, early)
    power = np.zeros(H.shape)
    copy(P, power)
    return math.exp(log_norm / k), power


@jit
def leading_pair(H, P):
    r"""The eigenvalue of H and its vector that the columns of P, a high power of H, hold.

    Rayleigh-Ritz on the two columns that span most; returns real and imaginary part of
    :math:`\theta`, imaginary >= 0, and those of the vector as rows, shape (2, m).
    """
    m = len(H)
    X, Y, s = np.zeros((2, m)), np.zeros((2, m)), np.zeros((2, m))
    rank = _widest(P, X)
    for a in range(rank):
        for i in range(m):
            Y[a, i] = dot(H[i], X[a])
    h00, h01, h10, h11 = dot(X[0], Y[0]), dot(X[0], Y[1]), dot(X[1], Y[0]), dot(X[1], Y[1])
    half, spread = (h00 + h11) / 2, (h00 - h11) / 2
    square = spread * spread + h01 * h10
    if rank < 2 or (spread == 0 and h01 == 0 and h10 == 0):
        for j in range(m):
            s[0, j] = X[0, j]
        return h00, 0.0, s
    if square < 0:
        re, im = half, math.sqrt(-square)
    else:
        re, im = half + math.copysign(math.sqrt(square), half), 0.0
    # (h01, theta - h00) and (theta - h11, h10) are the same vector; one may vanish.
    if abs(h01) + abs(re - h00) >= abs(h10) + abs(re - h11):
        for j in range(m):
            s[0, j], s[1, j] = h01 * X[0, j] + (re - h00) * X[1, j], im * X[1, j]
    else:
        for j in range(m):
            s[0, j], s[1, j] = (re - h11) * X[0, j] + h10 * X[1, j], im * X[0, j]
    return re, im, s


@jit
def _multiply(A, B, out):
    """Set `out` to A B, of an order that four divides: two rows by four at a time."""
    m = len(A)
    for i in range(0, m, 2):
        for j in range(m):
            out[i, j], out[i + 1, j] = 0.0, 0.0
        for k in range(0, m, 4):
            a, b, c, d = A[i, k], A[i, k + 1], A[i, k + 2], A[i, k + 3]
            e, f, g, h = A[i + 1, k], A[i + 1, k + 1], A[i + 1, k + 2], A[i + 1, k + 3]
            for j in range(m):
                x, y, z, w = B[k, j], B[k + 1, j], B[k + 2, j], B[k + 3, j]
                out[i, j] += a * x + b * y + c * z + d * w
                out[i + 1, j] += e * x + f * y + g * z + h * w


@jit
def _widest(P, X):
    """Fill X with orthonormal rows: the longest column of P, and the longest remainder.

    Return how many there are: 1 where the remainder is what rounding left.
    """
    m, squares, along = len(P), np.zeros(len(P)), np.zeros(len(P))
    for i in range(m):
        for j in range(m):
            squares[j] += P[i, j] * P[i, j]
    first = _largest(squares)
    length = math.sqrt(squares[first])
    if not length > 0:
        return 1
    for i in range(m):
        X[0, i] = P[i, first] / length
    for i in range(m):
        for j in range(m):
            along[j] += X[0, i] * P[i, j]
    for j in range(m):
        squares[j] -= along[j] * along[j]
    second = _largest(squares)
    for _ in range(2):  # the second pass removes what rounding left of the first
        overlap = dot(X[0], X[1]) if _ else along[second]
        for i in range(m):
            X[1, i] = (X[1, i] if _ else P[i, second]) - overlap * X[0, i]
    rest = math.sqrt(dot(X[1], X[1]))
    if not rest > NEGLIGIBLE * length:
        for i in range(m):
            X[1, i] = 0.0
        return 1
    for i in range(m):
        X[1, i] /= rest
    return 2


@jit
def _largest(x):
    """Index of the largest entry."""
    index = 0
    for j in range(1, x.size):
        if x[j] > x[index]:
            index = j
    return index


# 2. Krylov.
#
# The space span{V, M V_(1:4), M^2 V_(1:4), ...} of M = W, W^T or W^T W is grown by four vectors at
# a time.  On it, M is the small matrix H whose powers are taken.

PLAIN, TRANSPOSED, SQUARED = range(3)  # M = W, W^T, W^T W
WIDTH = 4  # vectors by which the space grows at a time: their sums run side by side
FEWER = 10  # squarings on a space: what it leaves out of W errs by more than they do
FRESH = 0.7548776662466927  # of the plastic number: a sequence without short periods


@jit
def krylov(W, V, kind, grown, vector):
    """Growth of the powers of M on the space grown from V, whose leading pair fills `vector`.

    M is W, its transpose or W^T W by `kind`; `vector` has shape (2, n).  V, shape (b, n), becomes
    the block of the next call: the pair, and the first columns of an early power.
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
    s = leading_pair(H, P)[2]
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
    """Set the rows of Y to M x for the rows x of X."""
    if kind == PLAIN:
        product(W, X, Y)
    elif kind == TRANSPOSED:
        _transposed_product(W, X, Y)
    else:
        product(W, X, between)
        _transposed_product(W, between, Y)


@jit
def product(W, X, Y):
    """Set the rows of Y to W x for the rows x of X: two rows of W by four of X at a time."""
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
    """Entry j of w times those of four rows of X."""
    v = w[j]
    return v * X[first, j], v * X[first + 1, j], v * X[first + 2, j], v * X[first + 3, j]


@jit
def _transposed_product(W, X, Y):
    """Set the rows of Y to W^T x for the rows x of X."""
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
    """Set `out` to ``rows B``."""
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
    """Replace row k, which lay in the span of those before, by numbers without a pattern."""
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
    """Take from each of four rows its part along the unit vector b, side by side."""
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


# 3. Pairs.


@jit
def stretch(W, leader, u, w):
    """Fill w with the unit vector along the leader's first row, u with W w over its length."""
    length = math.sqrt(dot(leader[0], leader[0]))
    for j in range(len(w)):
        w[j] = leader[0, j] / length if length > 0 else 0.0
    for i in range(len(w)):
        u[i] = dot(W[i], w)
    value = math.sqrt(dot(u, u))
    for i in range(len(w)):
        u[i] = u[i] / value if value > 0 else 0.0
    return value


@jit
def both_sides(W, right, left, grown, agree, q, u, w):
    """Fill q, u and w from a space of each matrix and one of its transpose."""
    for k in range(len(W)):
        growth = max(
            krylov(W[k], right[k], PLAIN, grown, w[k]),
            krylov(W[k], left[k], TRANSPOSED, grown, u[k]),
        )
        q[k], _ = pair(W[k], growth, agree, u[k], w[k])


@jit
def pair(W, growth, agree, u, w):
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


# 4. Scaling.
#
# Each of the two is one pass over the weights.  The same in PyTorch takes some eight calls for
# each gate's update, which is 2 % of a training step with 128 units.


@jit
def rescale(W, q, bound, clip, out):
    """Fill `out` with W f; return the factors f and their slopes f / q, 0 where f is held."""
    n = W.shape[1]
    f, slope = np.ones(len(q)), np.zeros(len(q))
    for k in range(len(q)):
        if q[k] != 0 and not (clip and q[k] <= bound):
            f[k] = bound / q[k]
            slope[k] = f[k] / q[k]
        factor = W.dtype.type(f[k])
        for i in range(k * n, k * n + n):
            for j in range(n):
                out[i, j] = factor * W[i, j]
    return f, slope


@jit
def pull_back(g, W, f, slope, u, w, out):
    """Fill `out` with the cotangent of W that belongs to the cotangent g of W f."""
    n, last = g.shape[1], u.shape[1] - 1  # one row, or real and imaginary part
    real, imaginary = np.zeros(n, g.dtype), np.zeros(n, g.dtype)
    for k in range(len(f)):
        inner = g[0, 0] * 0
        for i in range(k * n, k * n + n):
            for j in range(n):
                inner += g[i, j] * W[i, j]
        for j in range(n):
            real[j], imaginary[j] = w[k, 0, j], w[k, last, j]
        factor = g.dtype.type(f[k])
        for i in range(n):
            row = k * n + i
            a = g.dtype.type(slope[k] * inner * u[k, 0, i])
            b = g.dtype.type(slope[k] * inner * u[k, last, i] * last)
            for j in range(n):
                out[row, j] = factor * g[row, j] - a * real[j] - b * imaginary[j]
