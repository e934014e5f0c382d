"""The Kreiss constant: the least transient growth that the resolvent proves, between two bounds."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from math import exp, frexp, inf, log
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnspec._checks import ConvergenceWarning, one_of, positive, square
from rnnspec.spectra.bracket import Bracket
from rnnspec.spectra.distance import TIMES
from rnnspec.spectra.engine import EPS
from rnnspec.spectra.engine.curve import lowest_on_curve
from rnnspec.spectra.engine.dense import one_thread_if_small
from rnnspec.spectra.kreiss_ascent import CONTINUOUS, DISCRETE, Time, climb, first_guess
from rnnspec.spectra.nonnormality import numerical_abscissa
from rnnspec.spectra.numerical_range import numerical_radius

Array = NDArray[Any]
CURVES = 400  # circles or lines looked at before giving up; 15 to 30 are usual


@dataclass(frozen=True)
class Circle:
    """A curve of known gap: what is known of ``max ||R||`` there."""

    top: float  # an upper bound of its logarithm
    parameter: float  # where sigma_min is least
    ratio: float  # gap / sigma_min there; 0 where rounding hides it


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
        finite only if that eigenvalue is semisimple: the value is then a lower bound.  If an
        eigenvalue lies outside by so little that rounding may have put it there: the value is
        ``inf``, without proof.

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
    # Continuous time knows no scale: K(cA) = K(A), and a power of two changes no digit.
    size = 1.0 if discrete else 2.0 ** (frexp(float(np.abs(A).max()))[1] - 1)
    found, why = _search(A / size, rtol, discrete=discrete)
    if why:
        warnings.warn(why, ConvergenceWarning, stacklevel=3)
    return found if found.witness is None else replace(found, witness=size * found.witness)


def _search(A: Array, rtol: float, *, discrete: bool) -> tuple[Bracket, str]:
    """What is known of K, and why that is not all."""
    eigenvalues = np.linalg.eigvals(A).astype(complex)
    norm = float(np.linalg.norm(A, 2))
    excess = float((np.abs(eigenvalues) - 1 if discrete else eigenvalues.real).max())
    rounding = 10 * len(A) * EPS * (max(1.0, norm) if discrete else norm)
    numbers = DISCRETE if discrete else CONTINUOUS
    if excess > rounding:
        return _unstable(A, numbers, rounding)
    reach = numerical_abscissa(A)
    if discrete:
        w = numerical_radius(A)
        reach = w.upper - 1 if w.value - 1 > rounding else 0.0
    if reach <= rounding:
        return Bracket(1.0, 1.0, 1.0, certified=True), ""
    if excess >= -rounding:
        value, gap, s = climb(A, numbers, *first_guess(A, numbers, eigenvalues, reach))
        witness = complex(numbers.sweep.point(numbers.edge + gap, s))
        why = (
            "an eigenvalue of `A` is on the boundary to rounding, where K is finite only if it is"
            " semisimple"
        )
        return _uncertified(value, inf, witness, why)
    return _between(A, numbers, eigenvalues, rtol, reach)


def _unstable(A: Array, time: Time, rounding: float) -> tuple[Bracket, str]:
    """An eigenvalue outside stays there in exact arithmetic if the boundary is far enough."""
    if lowest_on_curve(A, time.sweep, time.edge, rtol=0.5).lower > rounding:
        return Bracket(inf, inf, inf, certified=True), ""
    why = "an eigenvalue of `A` is outside, but rounding errors of `A` could bring it back"
    return Bracket(inf, 1.0, inf, certified=False), why


def _between(
    A: Array, time: Time, eigenvalues: Array, rtol: float, reach: float
) -> tuple[Bracket, str]:
    value, gap, s = climb(A, time, *first_guess(A, time, eigenvalues, reach))
    value = max(value, 1.0)  # the limit at infinity

    def node(x: float) -> Circle:
        return _circle(A, time, eigenvalues, x, s, rtol)

    # Step 1: the far end, beyond which the numerical range is bound enough.
    far = reach * (1 + rtol / 2) * value / ((1 + rtol / 2) * value - 1)
    nodes: dict[float, Circle] = {}
    new = [0.0, gap, max(far, 2 * gap)]
    # Step 2: split the interval with the largest bound.
    while True:
        for x in new:
            nodes[x] = node(x)
            if nodes[x].ratio > value * (1 + rtol / 10):
                value, gap, s = climb(A, time, x, nodes[x].parameter)
                nodes.setdefault(gap, node(gap))
        bound, split = _largest_bound(time, nodes, reach)
        upper = max(value, bound)
        if upper <= value * (1 + rtol):
            certified = True
            break
        if split is None or len(nodes) >= CURVES or _blurred(nodes, value * (1 + rtol)):
            certified = False
            break
        new = [split]
    witness = complex(time.sweep.point(time.edge + gap, s)) if value > 1 else None
    if certified:
        lower = _proven(A, value, gap)
        return Bracket(value, lower, upper, certified=True, witness=witness), ""
    return _uncertified(value, upper, witness, f"the search did not reach rtol={rtol:g}")


def _largest_bound(
    time: Time, nodes: dict[float, Circle], reach: float
) -> tuple[float, float | None]:
    """Largest ratio that the known curves allow on the others, and the gap to look at next.

    None if the interval of that bound is as narrow as rounding.
    """
    ends = sorted(nodes)
    bounds = [
        _chord_bound(time, a, b, nodes[a].top, nodes[b].top)
        for a, b in zip(ends, ends[1:], strict=False)
    ]
    tail = ends[-1] / (ends[-1] - reach) if ends[-1] > reach else inf
    worst = int(np.argmax(bounds))
    if tail >= bounds[worst]:
        return tail, 4 * ends[-1]
    a, b = ends[worst], ends[worst + 1]
    split = float(np.sqrt(a * b)) if a > 0 else b / 8
    narrow = b - a <= 1e-9 * b or split <= 1e-14
    return bounds[worst], None if narrow else split


def _blurred(nodes: dict[float, Circle], bound: float) -> bool:
    """Whether a curve's own bound is too high although its value is not: by rounding."""
    return any(x > 0 and log(x) + circle.top > log(bound) for x, circle in nodes.items())


def _proven(A: Array, value: float, gap: float) -> float:
    """What is left of the ratio `value` when rounding has raised ``sigma_min = gap / value``."""
    return max(1.0, gap / (gap / value + EPS * float(np.linalg.norm(A, 2))))


def _uncertified(
    value: float, upper: float, witness: complex | None, why: str
) -> tuple[Bracket, str]:
    found = Bracket(value, value, upper, certified=False, witness=witness)
    return found, f"{why}: the value is a lower bound"


def _circle(A: Array, time: Time, eigenvalues: Array, gap: float, s: float, rtol: float) -> Circle:
    t = time.edge + gap
    away = np.abs(eigenvalues - time.sweep.point(t, time.sweep.parameter(eigenvalues)))
    near = time.sweep.parameter(eigenvalues[np.argsort(away)[:8]])
    found = lowest_on_curve(A, time.sweep, t, min(1e-6, rtol / 20), np.append(near, s))
    if found.lower > 0:
        return Circle(-log(found.lower), found.parameter, gap / found.value)
    return Circle(inf, found.parameter, 0.0)


def _chord_bound(time: Time, a: float, b: float, log_a: float, log_b: float) -> float:
    """Largest ``gap * M(gap)`` that convexity allows between gaps a and b."""
    if log_a == inf:
        return inf
    x_a, x_b = time.scale(a), time.scale(b)
    slope = (log_a - log_b) / (x_b - x_a)
    gap = min(max(time.peak(slope), a), b)
    return gap * exp(log_a - slope * (time.scale(gap) - x_a))
