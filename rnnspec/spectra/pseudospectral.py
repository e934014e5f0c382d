"""Pseudospectral radius and abscissa: how far out a perturbation of size epsilon can push."""

from __future__ import annotations

import warnings
from math import frexp
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from rnnspec._checks import ConvergenceWarning, positive, square
from rnnspec.spectra.bracket import Bracket
from rnnspec.spectra.engine import EPS
from rnnspec.spectra.engine.curve import CIRCLES, LINES, ROUNDS, Sweep, descend, lowest_below
from rnnspec.spectra.engine.dense import exact_sigma_min, one_thread_if_small

Array = NDArray[Any]
RTOL = 1e-10


@one_thread_if_small
def pseudospectral_radius(
    A: ArrayLike,  # shape: (n, n)
    epsilon: float,
) -> Bracket:
    """Largest ``|z|`` with ``sigma_min(zI - A) <= epsilon``: the worst spectral radius of A + E.

    E is any complex matrix with spectral norm at most `epsilon`.

    Parameters
    ----------
    A : array_like, shape (n, n)
    epsilon : float
        Size of the perturbation (spectral norm, absolute), above zero.

    Returns
    -------
    Bracket
        ``witness`` is a point at which the radius is attained.

    Raises
    ------
    ValueError
        If `A` is not square or has non-finite entries, or `epsilon` is not above zero.

    Warns
    -----
    ConvergenceWarning
        If `epsilon` is below what rounding lets one see, or the search did not end.

    Notes
    -----
    From a point of the pseudospectrum, move outwards to its boundary and along the circle to a
    lower value, in turn; a level test on the circle just outside the last point proves the
    maximum or gives a point beyond it.  Cost O((2n)^3) a level test, two to five of them.

    References
    ----------
    .. [1] E. Mengi and M. L. Overton, IMA J. Numer. Anal. 25 (2005), 648-669.

    Examples
    --------
    >>> round(float(pseudospectral_radius([[0.0, 1.0], [0.0, 0.0]], 0.1)), 9)
    0.331662479
    """
    A = square(A)
    return _outermost(A, CIRCLES, positive(epsilon, "epsilon"))


@one_thread_if_small
def pseudospectral_abscissa(
    A: ArrayLike,  # shape: (n, n)
    epsilon: float,
) -> Bracket:
    """Largest ``Re z`` with ``sigma_min(zI - A) <= epsilon``: the worst spectral abscissa of A + E.

    E is any complex matrix with spectral norm at most `epsilon`.

    Parameters
    ----------
    A : array_like, shape (n, n)
    epsilon : float
        Size of the perturbation (spectral norm, absolute), above zero.

    Returns
    -------
    Bracket
        ``witness`` is a point at which the abscissa is attained.

    Raises
    ------
    ValueError
        If `A` is not square or has non-finite entries, or `epsilon` is not above zero.

    Warns
    -----
    ConvergenceWarning
        If `epsilon` is below what rounding lets one see, or the search did not end.

    Notes
    -----
    As `pseudospectral_radius`, with vertical lines in place of circles.

    References
    ----------
    .. [1] J. V. Burke, A. S. Lewis and M. L. Overton, IMA J. Numer. Anal. 23 (2003), 359-375.

    Examples
    --------
    >>> round(float(pseudospectral_abscissa([[0.0, 1.0], [0.0, 0.0]], 0.1)), 9)
    0.331662479
    """
    A = square(A)
    return _outermost(A, LINES, positive(epsilon, "epsilon"))


def _outermost(A: Array, sweep: Sweep, epsilon: float) -> Bracket:
    # Over a power of two, which changes no digit, nothing overflows or vanishes.
    size = 2.0 ** (frexp(max(float(np.abs(A).max()), epsilon))[1] - 1)
    found, why = _search(A / size, sweep, epsilon / size)
    if why:
        warnings.warn(
            f"`epsilon` = {epsilon:g} {why}: the value is a lower bound",
            ConvergenceWarning,
            stacklevel=4,
        )
    value, lower, upper = size * found.value, size * found.lower, size * found.upper
    assert found.witness is not None
    return Bracket(value, lower, upper, found.certified, size * found.witness)


def _search(A: Array, sweep: Sweep, epsilon: float) -> tuple[Bracket, str]:
    """The number, and why it is a lower bound only ("" if it is not)."""
    eigenvalues = np.linalg.eigvals(A).astype(complex)
    extents = np.abs(eigenvalues) if sweep is CIRCLES else eigenvalues.real
    t, s = float(extents.max()), float(sweep.parameter(eigenvalues[extents.argmax()]))
    norm = float(np.linalg.norm(A, 2))
    rounding = 10 * len(A) * EPS * (norm + epsilon)
    end = norm + epsilon + rounding

    def f(t: float, s: float) -> float:
        return float(exact_sigma_min(A, sweep.point(t, s))[0])

    if epsilon <= rounding or f(t, s) >= epsilon:
        why = f"is at most the rounding of sigma_min, about {rounding / epsilon:.1e} times as large"
        return _lower_bound(t, norm + epsilon, complex(sweep.point(t, s))), why
    for _ in range(ROUNDS):
        t, s = _climb(f, sweep, epsilon, t, s, end)
        upper = t + RTOL * max(abs(t), epsilon) + 4 * EPS * norm
        below = lowest_below(A, sweep, upper, epsilon)
        if below is None:
            witness = complex(sweep.point(t, s))
            if abs(f(t, s) - epsilon) <= RTOL * epsilon + rounding:
                return Bracket(t, t, upper, certified=True, witness=witness), ""
            break
        t, s = upper, below[0]
    why = f"did not reach tol={RTOL:g}"
    return _lower_bound(t, norm + epsilon, complex(sweep.point(t, s))), why


def _climb(
    f: Any, sweep: Sweep, epsilon: float, t: float, s: float, end: float
) -> tuple[float, float]:
    """Outwards to the boundary, then along the curve to a lower value, until neither moves."""
    for _ in range(ROUNDS):
        boundary = float(
            brentq(lambda t, s=s: f(t, s) - epsilon, t, end, xtol=1e-300, rtol=4 * EPS)
        )
        gain, t = boundary - t, boundary
        lower, value = descend(lambda s, t=t: f(t, s), s, sweep.width(t, epsilon))  # type: ignore[misc]
        if value >= epsilon * (1 - 1e-13) or gain <= 4 * EPS * abs(t):
            break
        s = lower
    return t, s


def _lower_bound(t: float, upper: float, witness: complex) -> Bracket:
    return Bracket(t, t, upper, certified=False, witness=witness)
