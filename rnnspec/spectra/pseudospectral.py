"""Pseudospectral radius and abscissa: how far out a perturbation of size epsilon can push."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from rnnspec._checks import positive, square, warn_if_uncertified
from rnnspec.spectra.bracket import Bracket, why_unfinished
from rnnspec.spectra.engine import EPS
from rnnspec.spectra.engine.curve import (
    CIRCLES,
    LINES,
    ROUNDS,
    Sweep,
    descend,
    lowest_below,
    power_of_two,
)
from rnnspec.spectra.engine.dense import exact_sigma_min, one_thread_if_small

Array = NDArray[Any]
# Relative error of sigma_min at the witness: what brentq leaves at its tightest tolerance is far
# below, so that a larger error means that the boundary was not found.
RESIDUAL = 1e-10


@warn_if_uncertified
@one_thread_if_small
def pseudospectral_radius(
    A: ArrayLike,  # shape: (n, n)
    epsilon: float,
    rtol: float = 1e-10,
) -> Bracket:
    """Largest ``|z|`` with ``sigma_min(zI - A) <= epsilon``: the worst spectral radius of A + E.

    E is any complex matrix with spectral norm at most `epsilon`.

    Parameters
    ----------
    A : array_like, shape (n, n)
    epsilon : float
        Size of the perturbation (spectral norm, absolute), above zero.
    rtol : float
        Relative width of the bracket at which the search ends, as far as rounding allows.

    Returns
    -------
    Bracket
        ``witness`` is a point at which the radius is attained.

    Raises
    ------
    ValueError
        If `A` is not square or has non-finite entries, or `epsilon` or `rtol` is
        not above zero.

    Warns
    -----
    ConvergenceWarning
        If `epsilon` is below the rounding of `sigma_min`, or the search did not reach `rtol`; the
        value is then a lower bound.

    Notes
    -----
    From a point of the pseudospectrum, the search moves outwards to the boundary and then along the
    circle to a lower value, in turn.  A level test on the circle just outside the last point either
    proves the maximum or gives a point beyond it.  Cost O((2n)^3) for each level test; two
    to five are needed.

    References
    ----------
    .. [1] E. Mengi and M. L. Overton, IMA J. Numer. Anal. 25 (2005), 648-669.

    Examples
    --------
    >>> round(float(pseudospectral_radius([[0.0, 1.0], [0.0, 0.0]], 0.1)), 9)
    0.331662479
    """
    A = square(A)
    return _outermost(A, CIRCLES, positive(epsilon, "epsilon"), positive(rtol, "rtol"))


@warn_if_uncertified
@one_thread_if_small
def pseudospectral_abscissa(
    A: ArrayLike,  # shape: (n, n)
    epsilon: float,
    rtol: float = 1e-10,
) -> Bracket:
    """Largest ``Re z`` with ``sigma_min(zI - A) <= epsilon``: the worst spectral abscissa of A + E.

    E is any complex matrix with spectral norm at most `epsilon`.

    Parameters
    ----------
    A : array_like, shape (n, n)
    epsilon : float
        Size of the perturbation (spectral norm, absolute), above zero.
    rtol : float
        Relative width of the bracket at which the search ends, as far as rounding allows.

    Returns
    -------
    Bracket
        ``witness`` is a point at which the abscissa is attained.

    Raises
    ------
    ValueError
        If `A` is not square or has non-finite entries, or `epsilon` or `rtol` is
        not above zero.

    Warns
    -----
    ConvergenceWarning
        If `epsilon` is below the rounding of `sigma_min`, or the search did not reach `rtol`; the
        value is then a lower bound.

    Notes
    -----
    The search and its cost are those of `pseudospectral_radius`, with vertical lines in place of
    circles.

    References
    ----------
    .. [1] J. V. Burke, A. S. Lewis and M. L. Overton, IMA J. Numer. Anal. 23 (2003), 359-375.

    Examples
    --------
    >>> round(float(pseudospectral_abscissa([[0.0, 1.0], [0.0, 0.0]], 0.1)), 9)
    0.331662479
    """
    A = square(A)
    return _outermost(A, LINES, positive(epsilon, "epsilon"), positive(rtol, "rtol"))


def _outermost(A: Array, sweep: Sweep, epsilon: float, rtol: float) -> Bracket:
    # Divided by a power of two, which changes no digit, A neither overflows nor vanishes.
    size = power_of_two(max(float(np.abs(A).max()), epsilon))
    t, z, upper, why = _search(A / size, sweep, epsilon / size, rtol)
    if why:
        why = f"{why} (`epsilon` = {epsilon:g})"
    return Bracket(size * t, size * t, size * upper, not why, size * z, why=why)


def _search(
    A: Array, sweep: Sweep, epsilon: float, rtol: float
) -> tuple[float, complex, float, str]:
    """Find the number, its witness and an upper bound, and why that is not proved ("" if it is)."""
    eigenvalues = np.linalg.eigvals(A).astype(complex)
    extents = np.abs(eigenvalues) if sweep is CIRCLES else eigenvalues.real
    t, s = float(extents.max()), float(sweep.parameter(eigenvalues[extents.argmax()]))
    norm = float(np.linalg.norm(A, 2))
    rounding = 10 * len(A) * EPS * (norm + epsilon)
    end = norm + epsilon + rounding

    def f(t: float, s: float) -> float:
        return float(exact_sigma_min(A, sweep.point(t, s))[0])

    if epsilon <= rounding or f(t, s) >= epsilon:
        why = (
            f"`epsilon` is at most the rounding of sigma_min, which is about"
            f" {rounding / epsilon:.1e} times as large: the value is a lower bound"
        )
        return t, complex(sweep.point(t, s)), norm + epsilon, why
    for _ in range(ROUNDS):
        t, s = _climb(f, sweep, epsilon, t, s, end)
        upper = t + rtol * max(abs(t), epsilon) + 4 * EPS * norm
        below = lowest_below(A, sweep, upper, epsilon)
        if below is None:
            if abs(f(t, s) - epsilon) <= RESIDUAL * epsilon + rounding:
                return t, complex(sweep.point(t, s)), upper, ""
            break
        t, s = upper, below[0]
    return t, complex(sweep.point(t, s)), norm + epsilon, why_unfinished(rtol, "a lower")


def _climb(
    f: Callable[[float, float], float], sweep: Sweep, epsilon: float, t: float, s: float, end: float
) -> tuple[float, float]:
    """Move outwards to the boundary, then along the curve to a lower value, until both stay."""
    for _ in range(ROUNDS):
        boundary = float(
            brentq(lambda t, s=s: f(t, s) - epsilon, t, end, xtol=1e-300, rtol=4 * EPS)
        )
        gain, t = boundary - t, boundary
        lower, value = descend(lambda s, t=t: f(t, s), s, sweep.width(t, epsilon))  # type: ignore[misc]
        # A value lower by less than some hundred roundings leads no further outwards.
        if value >= epsilon * (1 - 1e-13) or gain <= 4 * EPS * abs(t):
            break
        s = lower
    return t, s
