"""The compiled code of the lanes, all of it in this one file.

numba keeps what it compiles on disk, and compiles anew only when the file of the function has
changed.  Code that is taken from a second file, be it a function, a constant or the fields of a
named tuple, would stay as it was compiled when that second file is edited.  Therefore this file
takes nothing from the rest of rnnspec: what others decide (tolerances, limits) is an argument.
`tests/spectra/engine/test_kernels.py` proves this.

The four parts, each of which uses those before it:

1. Registers: the type `Vector` of `LANES` doubles, and arithmetic on it.
2. Solves: ``(zI - T)^-1 x`` and its adjoint, with one shift z in each lane.
3. Ritz values: the largest eigenvalue of the tridiagonal matrix of each lane.
4. Lanczos: the iteration, in which a lane that is done takes the next shift.

What a lane is, and why there are lanes: `rnnspec.spectra.engine`.
"""

from __future__ import annotations

from typing import NamedTuple

import llvmlite.binding
import numpy as np
from llvmlite import ir
from numba import njit
from numba.core import cgutils, types
from numba.extending import intrinsic, models, register_model
from numpy.typing import NDArray

EPS = 2.0**-52  # rounding of doubles near 1

# 1. Registers.
#
# A machine vector of doubles as a numba type.  Whether a compiler turns a scalar loop into vector
# instructions depends on details of the loop, and may change from one version to the next; loops
# over `Vector` are vector instructions by construction.

LANES = 8 if llvmlite.binding.get_host_cpu_features().get("avx512f") else 4
_VECTOR = ir.VectorType(ir.DoubleType(), LANES)
L, W = LANES, 2 * LANES  # doubles of one part of a row, and of a row: real parts, imaginary parts
jit = njit(nogil=True, cache=True, error_model="numpy")


class Vector(types.Type):
    """The type of `LANES` doubles that one register holds.

    Examples
    --------
    >>> vector
    Vector...
    """

    def __init__(self) -> None:
        super().__init__(name=f"Vector{LANES}")


vector = Vector()


@register_model(Vector)
class _Model(models.PrimitiveModel):
    def __init__(self, manager, numba_type):
        super().__init__(manager, numba_type, _VECTOR)


def _address(context, builder, array_type, array, index):
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), _VECTOR.as_pointer())


def _call(name, builder, arguments):
    signature = ir.FunctionType(_VECTOR, [_VECTOR] * len(arguments))
    name = f"llvm.{name}.v{LANES}f64"
    return builder.call(cgutils.get_or_insert_function(builder.module, signature, name), arguments)


@intrinsic
def load(_context, array, index):
    """Read ``array[index : index + LANES]`` of a contiguous array."""

    def codegen(context, builder, signature, arguments):
        return builder.load(_address(context, builder, signature.args[0], *arguments), align=8)

    return vector(array, types.intp), codegen


@intrinsic
def store(_context, array, index, value):
    """Write `value` to ``array[index : index + LANES]`` of a contiguous array."""

    def codegen(context, builder, signature, arguments):
        address = _address(context, builder, signature.args[0], *arguments[:2])
        builder.store(arguments[2], address, align=8)
        return context.get_dummy_value()

    return types.void(array, types.intp, vector), codegen


@intrinsic
def splat(_context, value):
    """One number in every lane."""

    def codegen(_context, builder, _signature, arguments):
        integer, undefined = ir.IntType(32), ir.Constant(_VECTOR, ir.Undefined)
        first = builder.insert_element(undefined, arguments[0], ir.Constant(integer, 0))
        pattern = ir.Constant(ir.VectorType(integer, LANES), [0] * LANES)
        return builder.shuffle_vector(first, undefined, pattern)

    return vector(types.float64), codegen


def _binary(instruction):
    def operation(_context, a, b):
        def codegen(_context, builder, _signature, arguments):
            return getattr(builder, instruction)(*arguments)

        return vector(a, b), codegen

    return intrinsic(operation)


add, sub, mul, div = (_binary(name) for name in ("fadd", "fsub", "fmul", "fdiv"))


@intrinsic
def fma(_context, a, b, c):
    """``a * b + c``."""

    def codegen(_context, builder, _signature, arguments):
        return _call("fmuladd", builder, arguments)

    return vector(a, b, c), codegen


@intrinsic
def fnma(_context, a, b, c):
    """``c - a * b``."""

    def codegen(_context, builder, _signature, arguments):
        a, b, c = arguments
        return _call("fmuladd", builder, [builder.fneg(a), b, c])

    return vector(a, b, c), codegen


@intrinsic
def sqrt(_context, a):
    """Square root in every lane."""

    def codegen(_context, builder, _signature, arguments):
        return _call("sqrt", builder, arguments)

    return vector(a), codegen


@intrinsic
def maximum(_context, a, b):
    """The larger number in every lane; a NaN loses to any number."""

    def codegen(_context, builder, _signature, arguments):
        return _call("maxnum", builder, arguments)

    return vector(a, b), codegen


# 2. Shifted solves.
#
# All vectors of one group of `LANES` shifts are one flat array: row i holds the real parts of all
# lanes, then the imaginary parts.  T is real, so each of its entries multiplies two registers.
# Four rows at a time keep eight sums in registers, which hides the latency of each.


class PackedTriangle(NamedTuple):
    """A real triangle T, padded to an order N that four divides, in the order of reading.

    The diagonal of the padded matrix is all blocks of order two.  Four rows are a strip.

    Attributes
    ----------
    size : int
        The padded order N.
    position : ndarray of int, shape (n,)
        The row of the padded matrix at which each row of T is.
    upper : ndarray, shape (about N^2 / 2,)
        Each strip's columns right of its own, column by column; the last strip first.
    lower : ndarray, shape (about N^2 / 2,)
        Each strip's own columns above its rows, row by row; the first strip first.
    middle : ndarray, shape (N,)
        The 2 x 2 blocks that couple the two diagonal blocks of a strip.
    pairs : ndarray, shape (2 N,)
        The diagonal blocks of order two.
    roots : ndarray, shape (4, N / 2)
        The two eigenvalues of each diagonal block: real, imaginary, real, imaginary part.
    """

    size: int
    position: NDArray[np.intp]
    upper: NDArray[np.float64]
    lower: NDArray[np.float64]
    middle: NDArray[np.float64]
    pairs: NDArray[np.float64]
    roots: NDArray[np.float64]


@jit
def _accumulate(T, t, source, x, low, high, i):
    """Rows ``i : i + 4`` of `source` plus the strip of T at `t` times rows ``low : high`` of x.

    Even and odd columns are summed apart, so that sixteen sums run side by side.
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
    """Load the two rows of x that begin at entry k."""
    return load(x, k), load(x, k + L), load(x, k + W), load(x, k + W + L)


@jit
def _put(x, k, a0, b0, a1, b1):
    """Store the two rows of x that begin at entry k."""
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
    """Solve with the conjugate transpose of the diagonal block of rows i and i + 1."""
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

    `P` is a PackedTriangle.  `inverse` holds one over the determinant of each diagonal block of
    ``zI - T``, and `z` the shifts: real parts, then imaginary parts.  Cost 2 n^2 flops a lane.
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


# 3. Ritz values.
#
# Row k of the tridiagonal matrices of all lanes is one register of `alphas` and one of `betas`.
# The matrices of all lanes end at the same row.  A lane that began later has zeros in the rows
# before it began: a decoupled block, which does not change its largest eigenvalue.

ENOUGH = 1e-9  # Newton's method converges quadratically: after such a step the next is rounding


@jit
def top_ritz(alphas, betas, first, k, theta, residual, scratch):
    """Largest eigenvalues of the rows ``first : k + 1``, and last entries of their eigenvectors.

    The iteration is that of `rnnspec.spectra.engine.ritz.top_ritz`, which explains it.
    """
    one = splat(1.0)
    alpha = load(alphas, k * L)
    half = mul(splat(0.5), sub(theta, alpha))
    x = add(add(alpha, half), sqrt(fma(half, half, mul(residual, residual))))
    slope = one
    for _ in range(30):
        f, slope, floor = sub(x, load(alphas, first * L)), one, mul(x, splat(EPS * EPS))
        for j in range(first + 1, k + 1):
            beta = load(betas, j * L)
            ratio = div(beta, maximum(f, floor))
            slope = fma(mul(ratio, ratio), slope, one)
            f = fnma(beta, ratio, sub(x, load(alphas, j * L)))
        change = div(f, slope)
        store(scratch, 0, div(change, x))
        x = sub(x, change)
        if not _any_above(scratch, ENOUGH):
            break
    return x, div(one, sqrt(slope))


@jit
def _any_above(values, bound):
    """Whether the absolute value of any lane is above `bound`."""
    found = False
    for lane in range(L):
        found |= abs(values[lane]) > bound
    return found


@jit
def clear_lane(alphas, betas, k, oldest, lane):
    """Zero the rows ``k - oldest : k + 2`` of a lane in which a new shift begins."""
    for row in range(k - oldest, k + 1):
        alphas[row * L + lane] = 0.0
        betas[row * L + lane] = 0.0
    betas[(k + 1) * L + lane] = 0.0


# 4. Inverse Lanczos.
#
# The iteration is that of `rnnspec.spectra.engine.multishift`, for real T.  All vectors of a
# group of lanes stay in the cache of the processor, and nothing outside this file is called.

# Where each register of the state of a group begins.
ALPHA, BETA, NEXT, THETA, RESIDUAL, SQUARES, ZERO = (L * row for row in range(7))


@jit
def lanczos(
    P,
    z,
    noise,
    known,
    index,
    weights,
    tol,
    sharp,
    huge,
    max_iterations,
    sigma,
    converged,
    vectors,
):
    """Fill `sigma` and `converged` at every shift of z, shape (m,); return the iterations in all.

    The start of shift j is `noise` plus the rows ``index[j]`` of `known` times ``weights[j]``.
    Row j of `vectors`, unless it has no rows, becomes the start after two inverse iterations.
    `tol`, `sharp` and `huge` decide when a lane is done, see `is_done` and `_iterate`.
    A lane changes only its own entries, except for the last bits of the Ritz values.
    """
    size, count = P.size * W, len(z)
    q, w, previous = np.zeros(size), np.zeros(size), np.zeros(size)
    inverse, shifts = np.zeros(size // 2), np.zeros(W)
    state, scratch, start = np.zeros(7 * L), np.zeros(L), np.empty(2 * P.size)
    alphas, betas = np.zeros((2 * max_iterations + 4) * L), np.zeros((2 * max_iterations + 4) * L)
    owner, age = np.zeros(L, np.int64), np.zeros(L, np.int64)
    for lane in range(L):
        owner[lane] = lane if lane < count else -1
        point = min(lane, count - 1)
        _fill(P, noise, known, index[point], weights[point], start, scratch, lane, q)
        _invert(P, z[point], lane, shifts, inverse)
    following, open_, iterations, k = L, min(L, count), 0, 0
    while open_ > 0:
        iterations += open_
        _iterate(P, inverse, shifts, q, previous, w, state, scratch, huge)
        oldest = 0
        for lane in range(L):
            if owner[lane] >= 0:
                oldest = max(oldest, age[lane])
        if k + 2 >= len(alphas) // L:
            _rewind(alphas, betas, k, oldest)
            k = oldest
        _ritz(alphas, betas, k, oldest, state, scratch)
        store(betas, (k + 1) * L, load(state, NEXT))
        for lane in range(L):
            point = owner[lane]
            if point < 0:
                continue
            done = is_done(state, lane, age[lane], tol, sharp)
            if len(vectors) and (age[lane] == 1 or (age[lane] == 0 and done)):
                _smooth(alphas, betas, k, age[lane], previous, q, w, lane, vectors[point])
            age[lane] += 1
            if not done and age[lane] < max_iterations:
                continue
            zero = state[ZERO + lane] == 1.0
            sigma[point] = 0.0 if zero else 1 / np.sqrt(state[THETA + lane])
            converged[point] = done
            clear_lane(alphas, betas, k, oldest, lane)
            age[lane] = 0
            state[THETA + lane] = state[RESIDUAL + lane] = state[SQUARES + lane] = 0.0
            state[NEXT + lane] = 0.0
            if following < count:
                point = following
                following += 1
                owner[lane] = point
                _fill(P, noise, known, index[point], weights[point], start, scratch, lane, w)
                _invert(P, z[point], lane, shifts, inverse)
            else:
                owner[lane] = -1
                open_ -= 1
        store(state, BETA, load(state, NEXT))
        previous, q, w = q, w, previous
        k += 1
    return iterations


@jit
def _fill(P, noise, known, index, weights, start, sums, lane, q):
    """Put the start vector of one shift, of norm 1, into its lane."""
    total = splat(0.0)
    for i in range(0, 2 * P.size, L):
        store(start, i, load(noise, i))
    for j in range(len(index)):
        vector, weight = known[index[j]], splat(weights[j])
        for i in range(0, 2 * P.size, L):
            store(start, i, fma(weight, load(vector, i), load(start, i)))
    for i in range(0, 2 * P.size, L):
        total = fma(load(start, i), load(start, i), total)
    store(sums, 0, total)
    factor = 1 / np.sqrt(_sum(sums))
    for i in range(2 * P.size):
        q[i * L + lane] = factor * start[i]


@jit
def _sum(values):
    """Sum over the lanes."""
    total = 0.0
    for lane in range(L):
        total += values[lane]
    return total


@jit
def _invert(P, z, lane, shifts, inverse):
    """Set the shift of a lane, and one over the determinants of the diagonal blocks of ``zI - T``.

    A shift within rounding of an eigenvalue is moved away from it, by as little.
    """
    x, y = z.real, z.imag
    while _touches(P.roots, x, y):
        y += 2 * EPS
    shifts[lane], shifts[L + lane] = x, y
    for i in range(P.size // 2):
        a, b = x - P.roots[0, i], y - P.roots[1, i]
        c, d = x - P.roots[2, i], y - P.roots[3, i]
        e, f = a * c - b * d, a * d + b * c
        one = 1 / (e * e + f * f)
        inverse[2 * i * L + lane] = e * one
        inverse[2 * i * L + L + lane] = -f * one


@jit
def _touches(roots, x, y):
    """Whether ``x + iy`` is within rounding of an eigenvalue."""
    found = False
    for i in range(roots.shape[1]):
        a, b, c, d = x - roots[0, i], y - roots[1, i], x - roots[2, i], y - roots[3, i]
        found |= (a * a + b * b < EPS * EPS) | (c * c + d * d < EPS * EPS)
    return found


@jit
def _iterate(P, inverse, shifts, q, previous, w, state, factors, huge):
    """Compute the next basis vectors w and their lengths `NEXT`.

    A lane whose numbers are not below `huge` is marked in `ZERO` and gets finite ones instead.
    """
    alpha = solve_adjoint(P, inverse, shifts, q, w)
    solve(P, inverse, shifts, w)
    beta, even, odd = load(state, BETA), splat(0.0), splat(0.0)
    for i in range(0, len(w), W):
        a = fnma(beta, load(previous, i), fnma(alpha, load(q, i), load(w, i)))
        b = fnma(beta, load(previous, i + L), fnma(alpha, load(q, i + L), load(w, i + L)))
        store(w, i, a)
        store(w, i + L, b)
        even, odd = fma(a, a, even), fma(b, b, odd)
    store(state, ALPHA, alpha)
    store(state, NEXT, sqrt(add(even, odd)))
    for lane in range(L):
        finite = state[ALPHA + lane] < huge and state[NEXT + lane] < huge
        state[ZERO + lane] = 0.0 if finite else 1.0
        if not finite:
            state[ALPHA + lane] = state[NEXT + lane] = 1.0
            for i in range(lane, len(w), L):
                w[i] = q[i]
        factors[lane] = 1 / state[NEXT + lane] if state[NEXT + lane] > 0 else 1.0
    factor = load(factors, 0)
    for i in range(0, len(w), L):
        store(w, i, mul(factor, load(w, i)))


@jit
def _ritz(alphas, betas, k, oldest, state, scratch):
    """Store row k of the tridiagonal matrices, their largest Ritz values and the residuals."""
    alpha, beta = load(state, ALPHA), load(state, BETA)
    store(alphas, k * L, alpha)
    theta, last = top_ritz(
        alphas, betas, k - oldest, k, load(state, THETA), load(state, RESIDUAL), scratch
    )
    store(state, THETA, theta)
    store(state, RESIDUAL, mul(load(state, NEXT), last))
    squares = fma(mul(splat(2.0), beta), beta, load(state, SQUARES))
    store(state, SQUARES, fma(alpha, alpha, squares))


@jit
def is_done(state, lane, age, tol, sharp):
    """Whether a lane has converged, by the rule of `rnnspec.spectra.engine.ritz.has_converged`."""
    theta = state[THETA + lane]
    r = state[RESIDUAL + lane] / theta
    if state[ZERO + lane] == 1.0 or r <= tol / 2 or r <= 8 * EPS * np.sqrt(theta):
        return True
    gap = 1 - np.sqrt(max(state[SQUARES + lane] / (theta * theta) - 1, 0.0))
    return age > 0 and r <= sharp and r * r <= tol / 4 * gap


@jit
def _smooth(alphas, betas, k, age, previous, q, w, lane, out):
    """Write the start after one inverse iteration (age 0) or two, normalised, to `out`."""
    a, b, c = alphas[k * L + lane], betas[(k + 1) * L + lane], 0.0
    if age == 0:
        first, second = 0.0, a
    else:
        before, coupling = alphas[(k - 1) * L + lane], betas[k * L + lane]
        first = before * before + coupling * coupling
        second, c = coupling * (before + a), coupling * b
    third = b if age == 0 else c
    norm = np.sqrt(first * first + second * second + third * third)
    first, second, third = first / norm, second / norm, third / norm
    for i in range(len(out)):
        j = i * L + lane
        out[i] = first * previous[j] + second * q[j] + third * w[j]


@jit
def _rewind(alphas, betas, k, oldest):
    """Move the rows that are still read to the front."""
    first = (k - oldest) * L
    for i in range((oldest + 1) * L):
        alphas[i] = alphas[first + i]
        betas[i] = betas[first + i]
