"""Compiled shifted solves: ``(zI - T)^-1 x`` and its adjoint, one shift in each lane.

All vectors of one group of `LANES` shifts are one flat array: row i holds the real parts of all
lanes, then the imaginary parts.  T is real, so each of its entries multiplies two registers, and
four rows at a time keep eight sums in registers.
"""

from __future__ import annotations

from numba import njit

from rnnspec.spectra.engine.simd import LANES, add, fma, fnma, load, mul, splat, store, sub

# numba's cache looks only at this file
# compiled in: simd d2c0b537

L, W = LANES, 2 * LANES  # doubles of one part of a row, and of a row
jit = njit(nogil=True, cache=True, error_model="numpy")


@jit
def _accumulate(T, t, source, x, low, high, i):
    """Rows ``i : i + 4`` of `source` plus the strip of T at `t` times rows ``low : high`` of x.

    Even and odd columns are summed apart: sixteen sums hide any latency.
    """
    k = i * W
    a0, b0, a1, b1 = _rows(source, k)
    a2, b2, a3, b3 = _rows(source, k + 2 * W)
    c0 = d0 = c1 = d1 = c2 = d2 = c3 = d3 = splat(0.0)
    for j in range(low * W, high * W, 2 * W):
        u, v = load(x, j), load(x, j + L)
        p, q = splat(T[t]), splat(T[t + 1])
        a0, b0, a1, b1 = fma(p, u, a0), fma(p, v, b0), fma(q, u, a1), fma(q, v, b1)
        p, q = splat(T[t + 2]), splat(T[t + 3])
        a2, b2, a3, b3 = fma(p, u, a2), fma(p, v, b2), fma(q, u, a3), fma(q, v, b3)
        u, v = load(x, j + W), load(x, j + W + L)
        p, q = splat(T[t + 4]), splat(T[t + 5])
        c0, d0, c1, d1 = fma(p, u, c0), fma(p, v, d0), fma(q, u, c1), fma(q, v, d1)
        p, q = splat(T[t + 6]), splat(T[t + 7])
        c2, d2, c3, d3 = fma(p, u, c2), fma(p, v, d2), fma(q, u, c3), fma(q, v, d3)
        t += 8
    return (
        add(a0, c0),
        add(b0, d0),
        add(a1, c1),
        add(b1, d1),
        add(a2, c2),
        add(b2, d2),
        add(a3, c3),
        add(b3, d3),
    )


@jit
def _rows(x, k):
    return load(x, k), load(x, k + L), load(x, k + W), load(x, k + W + L)


@jit
def _put(x, k, a0, b0, a1, b1):
    store(x, k, a0)
    store(x, k + L, b0)
    store(x, k + W, a1)
    store(x, k + W + L, b1)


@jit
def _pair(pairs, i, inverse, zr, zi, a0, b0, a1, b1):
    """Solve with the diagonal block of rows i and i + 1: its adjugate over its determinant."""
    a, b = sub(zr, splat(pairs[2 * i])), splat(pairs[2 * i + 1])
    c, d = splat(pairs[2 * i + 2]), sub(zr, splat(pairs[2 * i + 3]))
    p, q = fma(b, a1, fnma(zi, b0, mul(d, a0))), fma(b, b1, fma(zi, a0, mul(d, b0)))
    r, s = fma(c, a0, fnma(zi, b1, mul(a, a1))), fma(c, b0, fma(zi, a1, mul(a, b1)))
    u, v = load(inverse, i * L), load(inverse, i * L + L)
    return (
        fnma(v, q, mul(u, p)),
        fma(v, p, mul(u, q)),
        fnma(v, s, mul(u, r)),
        fma(v, r, mul(u, s)),
    )


@jit
def _pair_adjoint(pairs, i, inverse, zr, zi, a0, b0, a1, b1):
    a, b = sub(zr, splat(pairs[2 * i])), splat(pairs[2 * i + 1])
    c, d = splat(pairs[2 * i + 2]), sub(zr, splat(pairs[2 * i + 3]))
    p, q = fma(c, a1, fma(zi, b0, mul(d, a0))), fma(c, b1, fnma(zi, a0, mul(d, b0)))
    r, s = fma(b, a0, fma(zi, b1, mul(a, a1))), fma(b, b0, fnma(zi, a1, mul(a, b1)))
    u, v = load(inverse, i * L), load(inverse, i * L + L)
    return (
        fma(v, q, mul(u, p)),
        fnma(v, p, mul(u, q)),
        fma(v, s, mul(u, r)),
        fnma(v, r, mul(u, s)),
    )


@jit
def solve(P, inverse, z, x):
    """Overwrite x by ``(zI - T)^-1 x`` in every lane.

    `P` is a PackedTriangle, `inverse` one over the determinants of ``zI`` less its diagonal
    blocks, `z` the shifts: real parts, then imaginary parts.  Cost 2 n^2 flops a lane.
    """
    n, t, M = P.size, 0, P.middle
    zr, zi = load(z, 0), load(z, L)
    for i in range(n - 4, -4, -4):
        a0, b0, a1, b1, a2, b2, a3, b3 = _accumulate(P.upper, t, x, x, i + 4, n, i)
        t += 4 * (n - i - 4)
        a2, b2, a3, b3 = _pair(P.pairs, i + 2, inverse, zr, zi, a2, b2, a3, b3)
        _put(x, (i + 2) * W, a2, b2, a3, b3)
        s = splat(M[i])
        a0, b0 = fma(s, a2, a0), fma(s, b2, b0)
        s = splat(M[i + 1])
        a0, b0 = fma(s, a3, a0), fma(s, b3, b0)
        s = splat(M[i + 2])
        a1, b1 = fma(s, a2, a1), fma(s, b2, b1)
        s = splat(M[i + 3])
        a1, b1 = fma(s, a3, a1), fma(s, b3, b1)
        a0, b0, a1, b1 = _pair(P.pairs, i, inverse, zr, zi, a0, b0, a1, b1)
        _put(x, i * W, a0, b0, a1, b1)


@jit
def solve_adjoint(P, inverse, z, source, x):
    """Set x to ``(zI - T)^-*`` times `source` in every lane; return its squared norms, a Vector."""
    n, t, M = P.size, 0, P.middle
    zr, zi = load(z, 0), load(z, L)
    total = splat(0.0)
    for i in range(0, n, 4):
        a0, b0, a1, b1, a2, b2, a3, b3 = _accumulate(P.lower, t, source, x, 0, i, i)
        t += 4 * i
        a0, b0, a1, b1 = _pair_adjoint(P.pairs, i, inverse, zr, zi, a0, b0, a1, b1)
        _put(x, i * W, a0, b0, a1, b1)
        s = splat(M[i])
        a2, b2 = fma(s, a0, a2), fma(s, b0, b2)
        s = splat(M[i + 2])
        a2, b2 = fma(s, a1, a2), fma(s, b1, b2)
        s = splat(M[i + 1])
        a3, b3 = fma(s, a0, a3), fma(s, b0, b3)
        s = splat(M[i + 3])
        a3, b3 = fma(s, a1, a3), fma(s, b1, b3)
        a2, b2, a3, b3 = _pair_adjoint(P.pairs, i + 2, inverse, zr, zi, a2, b2, a3, b3)
        _put(x, (i + 2) * W, a2, b2, a3, b3)
        total = add(total, fma(b1, b1, fma(a1, a1, fma(b0, b0, mul(a0, a0)))))
        total = add(total, fma(b3, b3, fma(a3, a3, fma(b2, b2, mul(a2, a2)))))
    return total
