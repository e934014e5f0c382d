"""The Kreiss constant: the least transient growth that the resolvent proves, between two bounds."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from math import exp, inf, log
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnspec._checks import ConvergenceWarning, one_of, positive, square
from rnnspec.spectra.bracket import Bracket
from rnnspec.spectra.descent import descend
from rnnspec.spectra.levelsets import (
    CIRCLES,
    EPS,
    LINES,
    Sweep,
    exact_sigma_min,
    lowest_on_curve,
)
from rnnspec.spectra.nonnormality import numerical_abscissa
from rnnspec.spectra.numerical_range import numerical_radius
from rnnspec.spectra.stability import TIMES
from rnnspec.spectra.threads import one_thread_if_small

Array = NDArray[Any]
CURVES = 400  # circles or lines looked at before giving up; 15 to 30 are usual


@dataclass(frozen=True)
class _Time:
    """What differs between circles |z| = 1 + gap and lines Re z = gap."""

    sweep: Sweep
    edge: float  # curve of gap 0
    scale: Callable[[float], float]  # coordinate of a gap in which log max ||R|| is convex
    peak: Callable[[float], float]  # gap at which gap * exp(-slope * scale(gap)) is largest


DISCRETE = _Time(CIRCLES, 1.0, np.log1p, lambda slope: 1 / (slope - 1) if slope > 1 else inf)
CONTINUOUS = _Time(LINES, 0.0, lambda gap: gap, lambda slope: 1 / slope if slope > 0 else inf)


@one_thread_if_small
def kreiss_constant(
    A: ArrayLike,  # shape: (n, n)
    time: str = "discrete",
    rtol: float = 1e-4,
) -> Bracket:
    """Kreiss constant ``K(A) = sup (|z| - 1) / sigma_min(zI - A)`` over ``|z| > 1``.

    By the Kreiss matrix theorem ``K <= sup ||A^k|| <= e n K``.  In continuous time
    ``K(A) = sup Re z / sigma_min(zI - A)`` over ``Re z > 0``, and ``||exp(tA)||`` grows.  1 exactly
    if the numerical range lies in the unit disk (left half plane), as for a normal contraction;
    ``inf`` if an eigenvalue lies outside.

    Parameters
    ----------
    A : array_like, shape (n, n)
    time : {"discrete", "continuous"}
    rtol : float
        Relative width of the bracket at which the search ends.

    Returns
    -------
    Bracket
        ``witness`` is a point z at which `value` is attained; None if K is 1 or ``inf``.

    Raises
    ------
    ValueError
        If `A` is not square or has non-finite entries, `time` is unknown, or `rtol` is not above
        zero.

    Warns
    -----
    ConvergenceWarning
        If `rtol` was not reached, or if an eigenvalue lies on the boundary to rounding, where K is
        finite only if that eigenvalue is semisimple: the value is then a lower bound.

    Notes
    -----
    ``M(r) = max ||(zI - A)^-1||`` over the circle ``|z| = r`` is found with a level test (Byers;
    Boyd and Balakrishnan).  ``log M`` is convex in ``log r`` by Hadamard's three circles theorem
    (in ``Re z``, by the three lines theorem), so that two known circles bound ``(r - 1) M(r)``
    between them; the interval with the largest bound is split until no bound exceeds the best
    value known by more than `rtol`.  Beyond the last circle ``sigma_min >= |z| - w(A)``, the
    numerical radius, is enough.  Cost O((2n)^3) a circle, 15 to 30 of them.

    References
    ----------
    .. [1] L. N. Trefethen and M. Embree, Spectra and Pseudospectra (2005), ch. 18.
    .. [2] T. Mitchell, SIAM J. Matrix Anal. Appl. 41 (2020), 1944-1975.

    Examples
    --------
    >>> K = kreiss_constant([[0.0, 4.0], [0.0, 0.0]])
    >>> round(float(K), 6), K.certified, K.upper / K.lower <= 1 + 1e-4
    (1.25, True, True)
    >>> kreiss_constant([[0.5, 0.0], [0.0, -1.0]]).value
    1.0
    """
    A, rtol = square(A), positive(rtol, "rtol")
    discrete = one_of(time, "time", TIMES) == "discrete"
    eigenvalues = np.linalg.eigvals(A).astype(complex)
    norm = float(np.linalg.norm(A, 2))
    excess = float((np.abs(eigenvalues) - 1 if discrete else eigenvalues.real).max())
    rounding = 10 * len(A) * EPS * (max(1.0, norm) if discrete else norm)
    if excess > rounding:
        return Bracket(inf, inf, inf, certified=True)
    reach = float(numerical_radius(A)) - 1 if discrete else numerical_abscissa(A)
    if reach <= rounding:
        return Bracket(1.0, 1.0, 1.0, certified=True)
    return _between(A, DISCRETE if discrete else CONTINUOUS, rtol, reach, excess < -rounding)


def _between(A: Array, time: _Time, rtol: float, reach: float, stable: bool) -> Bracket:
    value, gap, s = _climb(A, time, *_first_guess(A, time, reach))
    if not stable:
        witness = complex(time.sweep.point(time.edge + gap, s))
        why = "an eigenvalue of `A` is on the boundary to rounding"
        return _uncertified(value, inf, witness, why)
    # Step 1: the far end, beyond which the numerical range is bound enough.
    far = reach * (1 + value * rtol / 2) * value / ((1 + rtol / 2) * value - 1)
    nodes = {x: _log_resolvent(A, time, x, s, rtol) for x in (0.0, gap, max(far, 2 * gap))}
    certified = True
    # Step 2: split the interval with the largest bound.
    while True:
        for x, (_, s_x) in list(nodes.items()):
            if _ratio(A, time, x, s_x) > value * (1 + rtol / 10):
                value, gap, s = _climb(A, time, x, s_x)
                nodes.setdefault(gap, _log_resolvent(A, time, gap, s, rtol))
        ends = sorted(nodes)
        bounds = [
            _chord_bound(time, a, b, nodes[a][0], nodes[b][0])
            for a, b in zip(ends, ends[1:], strict=False)
        ]
        worst = int(np.argmax(bounds))
        tail = ends[-1] / (ends[-1] - reach)
        upper = float(max(value, *bounds, tail))
        if upper <= value * (1 + rtol):
            break
        if len(nodes) >= CURVES:
            certified = False
            break
        if tail >= max(bounds):
            split = 4 * ends[-1]
        else:
            a, b = ends[worst], ends[worst + 1]
            split = np.sqrt(a * b) if a > 0 else b / 8
            if b - a <= 1e-9 * b or split <= 1e-14:
                certified = False
                break
        nodes[float(split)] = _log_resolvent(A, time, float(split), s, rtol)
    witness = complex(time.sweep.point(time.edge + gap, s))
    if certified:
        return Bracket(value, value, upper, certified=True, witness=witness)
    return _uncertified(value, upper, witness, f"the search did not reach rtol={rtol:g}")


def _uncertified(value: float, upper: float, witness: complex, why: str) -> Bracket:
    warnings.warn(f"{why}: the value is a lower bound", ConvergenceWarning, stacklevel=4)
    return Bracket(value, value, upper, certified=False, witness=witness)


def _ratio(A: Array, time: _Time, gap: float, s: float) -> float:
    sigma = float(exact_sigma_min(A, time.sweep.point(time.edge + gap, s))[0])
    # A value that is rounding alone would pass for a resolvent of any size.
    return gap / sigma if sigma > 10 * len(A) * EPS else 0.0


def _first_guess(A: Array, time: _Time, reach: float) -> tuple[float, float]:
    """Best of a few curves next to the outermost eigenvalues: gap and parameter."""
    eigenvalues = np.linalg.eigvals(A).astype(complex)
    outer = np.abs(eigenvalues) if time is DISCRETE else eigenvalues.real
    parameters = time.sweep.parameter(eigenvalues[np.argsort(-outer)[:16]])
    gaps = reach * np.geomspace(1e-4, 10, 16)
    return max(
        ((float(g), float(s)) for g in gaps for s in parameters),
        key=lambda pair: _ratio(A, time, *pair),
    )


def _climb(A: Array, time: _Time, gap: float, s: float) -> tuple[float, float, float]:
    """Local maximum of the ratio, along the curve and across the curves in turn."""
    value = _ratio(A, time, gap, s)
    for _ in range(30):
        before = value
        width = time.sweep.width(time.edge + gap, gap / value)
        s, lowest = descend(lambda s, g=gap: -_ratio(A, time, g, s), s, width)  # type: ignore[misc]
        log_gap, lowest = descend(lambda u, s=s: -_ratio(A, time, exp(u), s), log(gap), 0.3)  # type: ignore[misc]
        gap, value = exp(log_gap), -lowest
        if value <= before * (1 + 1e-12):
            break
    return value, gap, s


def _log_resolvent(A: Array, time: _Time, gap: float, s: float, rtol: float) -> tuple[float, float]:
    """Upper bound of ``log max ||R||`` on a curve, and where sigma_min is least."""
    eigenvalues = np.linalg.eigvals(A).astype(complex)
    t = time.edge + gap
    away = np.abs(eigenvalues - time.sweep.point(t, time.sweep.parameter(eigenvalues)))
    near = time.sweep.parameter(eigenvalues[np.argsort(away)[:8]])
    found = lowest_on_curve(A, time.sweep, t, min(1e-6, rtol / 20), np.append(near, s))
    return -log(found.lower) if found.lower > 0 else inf, found.parameter


def _chord_bound(time: _Time, a: float, b: float, log_a: float, log_b: float) -> float:
    """Largest ``gap * M(gap)`` that convexity allows between gaps a and b."""
    if log_a == inf:
        return inf
    x_a, x_b = time.scale(a), time.scale(b)
    slope = (log_a - log_b) / (x_b - x_a)
    gap = min(max(time.peak(slope), a), b)
    return gap * exp(log_a - slope * (time.scale(gap) - x_a))
