"""The lowest value of ``sigma_min(zI - A)`` on a circle or a line, with a proof.

A local descent finds a low value, and a level test with `crossings` either finds a lower point
or proves that there is none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import frexp
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from rnnspec.spectra.engine import EPS
from rnnspec.spectra.engine.crossings import circle_crossings, line_crossings
from rnnspec.spectra.engine.dense import exact_sigma_min

Array = NDArray[Any]
STARTS = 16  # eigenvalues next to the curve from which the search starts: a value of each is cheap
# Every 16th candidate gets its value first, then every fourth, then the rest: the first ones rule
# out most of the others.
STRIDES = (16, 4, 1)
ROUNDS = 60  # level tests before giving up; two to five are usual


@dataclass(frozen=True)
class Sweep:
    """A family of curves that sweeps the plane.

    Attributes
    ----------
    point : function of (t, s)
        The point with parameter s of the curve t.
    parameter : function of z
        The parameter of z on the curve through z.
    crossings : function of (A, t, level)
        Parameters on the curve t that hold every crossing of the level, and one between any two.
    width : function of (t, sigma)
        The range of parameters that a disc of radius sigma covers on the curve t.
    """

    point: Callable[[Any, Any], Any]
    parameter: Callable[[Any], Any]
    crossings: Callable[[Array, float, float], Array]
    width: Callable[[float, float], float]


@dataclass(frozen=True)
class Lowest:
    """The smallest value of a function on a curve.

    Attributes
    ----------
    value, parameter : float
        The value, and where on the curve it is attained.
    lower : float
        A lower bound of all values on the curve.
    certified : bool
        Whether `lower` is proved; otherwise it is 0.
    """

    value: float
    parameter: float
    lower: float
    certified: bool


CIRCLES = Sweep(
    point=lambda t, s: t * np.exp(1j * np.asarray(s)),
    parameter=np.angle,
    crossings=circle_crossings,
    width=lambda t, sigma: min(sigma / t, np.pi) if t > 0 else np.pi,
)
LINES = Sweep(
    point=lambda t, s: t + 1j * np.asarray(s),
    parameter=np.imag,
    crossings=line_crossings,
    width=lambda _, sigma: sigma,
)


def lowest_below(A: Array, sweep: Sweep, t: float, level: float) -> tuple[float, float] | None:
    """Lowest point of the curve t below `level` (its parameter and value); None if none is.

    sigma_min is 1-Lipschitz: a point of value sigma rules out the candidates within ``sigma -
    level``, which need no value of their own.

    Parameters
    ----------
    A : ndarray, shape (n, n)
    sweep : Sweep
    t, level : float

    Examples
    --------
    >>> lowest_below(np.array([[0.5]]), CIRCLES, t=1.0, level=0.6)
    (0.0, 0.5)
    >>> lowest_below(np.array([[0.5]]), CIRCLES, t=1.0, level=0.4)
    """
    s = sweep.crossings(A, t, level)
    z, values, open_ = sweep.point(t, s), np.full(len(s), np.inf), np.ones(len(s), bool)
    for stride in STRIDES:
        now = np.flatnonzero(open_ & (np.arange(len(s)) % stride == 0))
        if now.size:
            values[now] = exact_sigma_min(A, z[now])
            beyond = np.abs(z[:, None] - z[now]) - (values[now] - level)
            open_ &= (beyond >= 0).all(axis=1)
            open_[now] = False
    i = int(values.argmin())
    return (float(s[i]), float(values[i])) if values[i] < level else None


def lowest_on_curve(
    A: Array, sweep: Sweep, t: float, rtol: float = 1e-10, starts: Array | None = None
) -> Lowest:
    """Global minimum of ``sigma_min(zI - A)`` on the curve t: descend, test the level, repeat.

    The level test at ``(1 - rtol) value`` either finds a lower point, from which the search goes
    on, or proves that there is none.

    Parameters
    ----------
    A : ndarray, shape (n, n)
    sweep : Sweep
    t : float
        The curve: a radius, or a real part.
    rtol : float
        Relative width of the bracket.
    starts : ndarray, shape (k,), optional
        Parameters from which the search starts; by default those of the eigenvalues nearest to
        the curve.

    Notes
    -----
    Cost O((2n)^3) a level test, one to four of them.

    References
    ----------
    .. [1] S. Boyd and V. Balakrishnan, Systems Control Lett. 15 (1990), 1-7.

    Examples
    --------
    >>> found = lowest_on_curve(np.array([[0.0, 1.0], [0.0, 0.0]]), CIRCLES, t=1.0)
    >>> round(found.value, 12), found.certified
    (0.61803398875, True)
    """
    if starts is None:
        eigenvalues = np.linalg.eigvals(A).astype(complex)
        away = np.abs(eigenvalues - sweep.point(t, sweep.parameter(eigenvalues)))
        starts = sweep.parameter(eigenvalues[np.argsort(away)[:STARTS]])
    rounding = len(A) * EPS * (abs(t) + float(np.linalg.norm(A, 2)))

    def f(s: float) -> float:
        return float(exact_sigma_min(A, sweep.point(t, s))[0])

    values = exact_sigma_min(A, sweep.point(t, starts))
    s = float(starts[int(values.argmin())])
    value = f(s)
    for _ in range(ROUNDS):
        s, value = descend(f, s, sweep.width(t, value), xtol=max(1e-7, 0.1 * rtol**0.5))
        lower = max(0.0, (1 - rtol) * value - rounding)
        if lower == 0:
            return Lowest(value, s, 0.0, certified=True)
        below = lowest_below(A, sweep, t, (1 - rtol) * value)
        if below is None:
            return Lowest(value, s, lower, certified=True)
        s, value = below
    return Lowest(value, s, 0.0, certified=False)


def descend(
    f: Callable[[float], float], s: float, width: float, xtol: float = 1e-7
) -> tuple[float, float]:
    """Local minimum of `f` near `s` (parameter and value), never above ``f(s)``.

    `f` need not have a derivative everywhere.  The parameter is right to about ``xtol * width``.

    Examples
    --------
    >>> s, value = descend(lambda s: 1 + (s - 2) ** 2, 0.0, width=0.5)
    >>> round(s, 6), value
    (2.0, 1.0)
    """
    value = f(s)
    for _ in range(20):
        # Units that are powers of two change no digit, and squares neither overflow nor vanish.
        unit, stretch = power_of_two(value), power_of_two(abs(s) + width)
        found = minimize_scalar(
            lambda x, unit=unit, stretch=stretch: f(stretch * x) / unit,
            bounds=((s - width) / stretch, (s + width) / stretch),
            method="bounded",
            options={"xatol": xtol * width / stretch},
        )
        x, lowest = stretch * float(found.x), unit * float(found.fun)
        if not lowest < value:
            break
        at_edge, halved = abs(x - s) > 0.9 * width, lowest < value / 2
        s, value = x, lowest
        if not at_edge and not halved:
            break
        width = 4 * width if at_edge else width / 4
    return s, value


def power_of_two(x: float) -> float:
    """Largest power of two up to `x`: a division by it changes no digit of a number.

    A matrix divided by the power of two of its largest entry has squares that neither overflow
    nor vanish.

    Examples
    --------
    >>> power_of_two(5.0), power_of_two(0.3)
    (4.0, 0.25)
    """
    return float(2.0 ** (frexp(x)[1] - 1))
