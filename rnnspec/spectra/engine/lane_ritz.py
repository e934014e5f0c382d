"""Compiled: the largest Ritz value in each lane, whose tridiagonal matrices end at one row.

Row k of all lanes is one register of `alphas` and one of `betas`.  Lanes that began later have
zeros in the rows before, which are a decoupled block that changes nothing.
"""

from __future__ import annotations

from rnnspec.spectra.engine.lane_solves import jit
from rnnspec.spectra.engine.simd import (
    LANES,
    add,
    div,
    fma,
    fnma,
    load,
    maximum,
    mul,
    splat,
    sqrt,
    store,
    sub,
)
from rnnspec.spectra.engine.triangle import EPS

# numba's cache looks only at this file
# compiled in: lane_solves 13e2b8c5
# compiled in: simd d2c0b537
# compiled in: triangle 6d78d05e

L = LANES
ENOUGH = 1e-9  # Newton converges quadratically: after such a step the next is below rounding


@jit
def top_ritz(alphas, betas, first, k, theta, residual, scratch):
    """Largest eigenvalues of the rows ``first : k + 1``, and last entries of their eigenvectors.

    The iteration of `rnnspec.spectra.engine.ritz.top_ritz`.
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
        step = div(f, slope)
        store(scratch, 0, div(step, x))
        x = sub(x, step)
        if not _any_above(scratch, ENOUGH):
            break
    return x, div(one, sqrt(slope))


@jit
def _any_above(values, bound):
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
