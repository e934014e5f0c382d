"""Compiled inverse Lanczos: one shift in each lane, a new one where a lane is done.

The iteration of `rnnspec.spectra.engine.multishift` for real T.  A whole group of vectors stays
in the cache, and no call is made from step to step.
"""

from __future__ import annotations

import numpy as np

from rnnspec.spectra.engine.lane_ritz import clear_lane, top_ritz
from rnnspec.spectra.engine.lane_solves import jit, solve, solve_adjoint
from rnnspec.spectra.engine.multishift import HUGE, SHARP
from rnnspec.spectra.engine.simd import LANES, add, fma, fnma, load, mul, splat, sqrt, store
from rnnspec.spectra.engine.triangle import EPS

# numba's cache looks only at this file
# compiled in: lane_ritz da9635f3
# compiled in: lane_solves 13e2b8c5
# compiled in: multishift f11eee04
# compiled in: simd d2c0b537
# compiled in: triangle 6d78d05e

L, W = LANES, 2 * LANES
ALPHA, BETA, NEXT, THETA, RESIDUAL, SQUARES, ZERO = (L * row for row in range(7))


@jit
def lanczos(P, z, noise, known, index, weights, tol, max_steps, sigma, converged, vectors):
    """Fill `sigma` and `converged` at every shift of z, shape (m,); return the steps in all.

    The start of shift j is `noise` plus the rows ``index[j]`` of `known` times ``weights[j]``.
    Row j of `vectors`, unless it has no rows, becomes the start after two inverse iterations.
    Lanes change only their own entries, but for the last bits of the Ritz values.
    """
    size, count = P.size * W, len(z)
    q, w, previous = np.zeros(size), np.zeros(size), np.zeros(size)
    inverse, shifts = np.zeros(size // 2), np.zeros(W)
    state, scratch, start = np.zeros(7 * L), np.zeros(L), np.empty(2 * P.size)
    alphas, betas = np.zeros((2 * max_steps + 4) * L), np.zeros((2 * max_steps + 4) * L)
    owner, age = np.zeros(L, np.int64), np.zeros(L, np.int64)
    for lane in range(L):
        owner[lane] = lane if lane < count else -1
        point = min(lane, count - 1)
        _fill(P, noise, known, index[point], weights[point], start, scratch, lane, q)
        _invert(P, z[point], lane, shifts, inverse)
    following, open_, steps, k = L, min(L, count), 0, 0
    while open_ > 0:
        steps += open_
        _step(P, inverse, shifts, q, previous, w, state, scratch)
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
            done = _is_done(state, lane, age[lane], tol)
            if len(vectors) and (age[lane] == 1 or (age[lane] == 0 and done)):
                _smooth(alphas, betas, k, age[lane], previous, q, w, lane, vectors[point])
            age[lane] += 1
            if not done and age[lane] < max_steps:
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
    return steps


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
    total = 0.0
    for lane in range(L):
        total += values[lane]
    return total


@jit
def _invert(P, z, lane, shifts, inverse):
    """Set a shift, and one over the determinants of the diagonal blocks of ``zI - T``.

    What is within rounding of an eigenvalue is moved off it, by as little.
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
    found = False
    for i in range(roots.shape[1]):
        a, b, c, d = x - roots[0, i], y - roots[1, i], x - roots[2, i], y - roots[3, i]
        found |= (a * a + b * b < EPS * EPS) | (c * c + d * d < EPS * EPS)
    return found


@jit
def _step(P, inverse, shifts, q, previous, w, state, factors):
    """The next basis vectors w, their lengths `NEXT`; what overflowed is marked and replaced."""
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
        finite = state[ALPHA + lane] < HUGE and state[NEXT + lane] < HUGE
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
    """Note row k of the tridiagonal matrices, their largest Ritz values and the residuals."""
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
def _is_done(state, lane, age, tol):
    """The stop of `smallest_singular_values`, with the gap from the Frobenius norm."""
    theta = state[THETA + lane]
    r = state[RESIDUAL + lane] / theta
    if state[ZERO + lane] == 1.0 or r <= tol / 2 or r <= 8 * EPS * np.sqrt(theta):
        return True
    gap = 1 - np.sqrt(max(state[SQUARES + lane] / (theta * theta) - 1, 0.0))
    return age > 0 and r <= SHARP and r * r <= tol / 4 * gap


@jit
def _smooth(alphas, betas, k, age, previous, q, w, lane, out):
    """Start after one inverse iteration (age 0) or two, normalised, from the Lanczos basis."""
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
