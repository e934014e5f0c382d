"""The Kreiss constant: the transient growth that the resolvent proves, between two bounds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, inf, log
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnspec._checks import one_of, positive, square, warn_if_uncertified
from rnnspec.spectra.bracket import Bracket, why_unfinished
from rnnspec.spectra.distance import TIMES
from rnnspec.spectra.engine import EPS
from rnnspec.spectra.engine.curve import lowest_on_curve, power_of_two
from rnnspec.spectra.engine.dense import one_thread_if_small
from rnnspec.spectra.kreiss_ascent import CONTINUOUS, DISCRETE, Time, climb, first_guess
from rnnspec.spectra.nonnormality import numerical_abscissa
from rnnspec.spectra.numerical_radius import numerical_radius

Array = NDArray[Any]
# Curves (circles or lines) that are looked at before the search gives up.  15 to 30 are usual; ten
# times as many mean that rounding, and not the number of curves, keeps the bounds apart.
CURVES = 400
# Between two curves whose gaps differ by less than this, relative, the bound exceeds the ratio of
# the inner curve by at most as much: if it is still too high, only rounding can be the cause.
SAME_GAP = 1e-9
LEAST_GAP = 1e-14  # some 50 roundings of the number 1: nearer curves are the boundary itself


@dataclass(frozen=True)
class Curve:
    """What is known of the resolvent R on one curve, a circle or a line of some gap.

    Attributes
    ----------
    log_top : float
        Upper bound of ``log max ||R||`` on the curve.
    parameter : float
        Where on the curve sigma_min is smallest.
    ratio : float
        ``gap / sigma_min`` there; 0 where rounding hides it.
    """

    log_top: float
    parameter: float
    ratio: float


@warn_if_uncertified
@one_thread_if_small
def kreiss_constant(
    A: ArrayLike,  # shape: (n, n)
    time: str = "discrete",
    rtol: float = 1e-4,
) -> Bracket:
    """Kreiss constant ``K(A) = sup (|z| - 1) / sigma_min(zI - A)`` over ``|z| > 1``.

    By the Kreiss matrix theorem ``K <= sup ||A^k|| <= e n K``.  In continuous time
    ``K(A) = sup Re z / sigma_min(zI - A)`` over ``Re z > 0``, and the theorem bounds
    ``||exp(tA)||``.  K is 1 if and only if the numerical range lies in the unit disk (in the left
    half plane), as for a normal contraction.  K is ``inf`` if an eigenvalue lies outside.

    Parameters
    ----------
    A : array_like, shape (n, n)
    time : {"discrete", "continuous"}
        Whether the powers of `A` or ``exp(tA)`` are bounded.
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
        If the search did not reach `rtol`, or if an eigenvalue lies on the boundary up to rounding,
        where K is finite only if that eigenvalue is semisimple; the value is then a lower bound.
        Also if an eigenvalue lies outside by so little that rounding may have put it there; the
        value is then ``inf``, without proof.

    Notes
    -----
    ``M(r) = max ||(zI - A)^-1||`` over the circle ``|z| = r`` is found with a level test (Byers;
    Boyd and Balakrishnan).  ``log M`` is convex in ``log r`` by Hadamard's three circles theorem
    (in ``Re z``, by the three lines theorem), so that two known circles bound ``(r - 1) M(r)``
    between them.  The interval with the largest bound is split until no bound exceeds the best
    value known by more than `rtol`.  Outside the last circle the bound ``sigma_min >= |z| - w(A)``
    suffices, where w is the numerical radius.  Cost O((2n)^3) for each circle; 15 to 30 are needed.

    References
    ----------
    .. [1] L. N. Trefethen and M. Embree, Spectra and Pseudospectra (2005), ch. 18.
    .. [2] T. Mitchell, SIAM J. Matrix Anal. Appl. 41 (2020), 1944-1975.

    Examples
    --------
    Here ``sigma_min = sqrt(r^2 + 4) - 2`` where ``|z| = r``; the ratio is largest at r = 8/3:

    >>> K = kreiss_constant([[0.0, 4.0], [0.0, 0.0]])
    >>> round(float(K), 6), K.certified, K.upper / K.lower <= 1 + 1e-4
    (1.25, True, True)
    >>> kreiss_constant([[0.5, 0.0], [0.0, -1.0]]).value
    1.0
    """
    A, rtol = square(A), positive(rtol, "rtol")
    discrete = one_of(time, "time", TIMES) == "discrete"
    # In continuous time K(cA) = K(A), and division by a power of two changes no digit.
    size = 1.0 if discrete else power_of_two(float(np.abs(A).max()))
    found = _search(A / size, rtol, discrete=discrete)
    return found if found.witness is None else replace(found, witness=size * found.witness)


def _search(A: Array, rtol: float, *, discrete: bool) -> Bracket:
    """Tell the cases that need no search: K is infinite, is 1, or rounding decides."""
    eigenvalues = np.linalg.eigvals(A).astype(complex)
    norm = float(np.linalg.norm(A, 2))
    excess = float((np.abs(eigenvalues) - 1 if discrete else eigenvalues.real).max())
    rounding = 10 * len(A) * EPS * (max(1.0, norm) if discrete else norm)
    kind = DISCRETE if discrete else CONTINUOUS
    if excess > rounding:
        return _unstable(A, kind, rounding)
    # How far the numerical range extends beyond the boundary.
    extent = numerical_abscissa(A)
    if discrete:
        w = numerical_radius(A)
        extent = w.upper - 1 if w.value - 1 > rounding else 0.0
    if extent <= rounding:
        return Bracket(1.0, 1.0, 1.0, certified=True)
    if excess >= -rounding:
        value, gap, s = climb(A, kind, *first_guess(A, kind, eigenvalues, extent))
        why = (
            "an eigenvalue of `A` is on the boundary up to rounding, and K is finite only if it is"
            " semisimple: the value is a lower bound"
        )
        return Bracket(value, value, inf, False, kind.witness(gap, s), why=why)
    return _between(A, kind, eigenvalues, rtol, extent)


def _unstable(A: Array, time: Time, rounding: float) -> Bracket:
    """Infinite; proved if the eigenvalue outside cannot have crossed the boundary by rounding."""
    if lowest_on_curve(A, time.sweep, time.edge, rtol=0.5).lower > rounding:
        return Bracket(inf, inf, inf, certified=True, why="an eigenvalue of `A` is outside")
    why = "an eigenvalue of `A` is outside, but rounding errors of `A` could bring it back"
    return Bracket(inf, 1.0, inf, certified=False, why=why)


def _between(A: Array, time: Time, eigenvalues: Array, rtol: float, extent: float) -> Bracket:
    """Split the gaps between known curves until no bound exceeds the best value by `rtol`."""
    value, gap, s = climb(A, time, *first_guess(A, time, eigenvalues, extent))
    value = max(value, 1.0)  # the limit at infinity

    def node(x: float) -> Curve:
        return _curve(A, time, eigenvalues, x, s, rtol)

    # Step 1: the far end, beyond which the bound of the numerical range is low enough.
    far = extent * (1 + rtol / 2) * value / ((1 + rtol / 2) * value - 1)
    nodes: dict[float, Curve] = {}
    new = [0.0, gap, max(far, 2 * gap)]
    # Step 2: split the interval with the largest bound.
    while True:
        for x in new:
            nodes[x] = node(x)
            if nodes[x].ratio > value * (1 + rtol / 10):
                value, gap, s = climb(A, time, x, nodes[x].parameter)
                nodes.setdefault(gap, node(gap))
        bound, split = _largest_bound(time, nodes, extent)
        upper = max(value, bound)
        if upper <= value * (1 + rtol):
            certified = True
            break
        if split is None or len(nodes) >= CURVES or _is_blurred(nodes, value * (1 + rtol)):
            certified = False
            break
        new = [split]
    witness = time.witness(gap, s) if value > 1 else None
    if certified:
        return Bracket(value, _proven(A, value, gap), upper, certified=True, witness=witness)
    return Bracket(value, value, upper, False, witness, why=why_unfinished(rtol, "a lower"))


def _largest_bound(
    time: Time, nodes: dict[float, Curve], extent: float
) -> tuple[float, float | None]:
    """Largest ratio that the known curves allow on the others, and the gap to look at next.

    There is no next gap, but None, if the interval of that bound is as narrow as rounding.
    """
    ends = sorted(nodes)
    bounds = [
        _chord_bound(time, a, b, nodes[a].log_top, nodes[b].log_top)
        for a, b in zip(ends, ends[1:], strict=False)
    ]
    tail = ends[-1] / (ends[-1] - extent) if ends[-1] > extent else inf
    worst = int(np.argmax(bounds))
    if tail >= bounds[worst]:
        return tail, 4 * ends[-1]
    a, b = ends[worst], ends[worst + 1]
    split = float(np.sqrt(a * b)) if a > 0 else b / 8
    narrow = b - a <= SAME_GAP * b or split <= LEAST_GAP
    return bounds[worst], None if narrow else split


def _is_blurred(nodes: dict[float, Curve], bound: float) -> bool:
    """Whether rounding makes the bound of some curve itself higher than `bound`."""
    return any(x > 0 and log(x) + curve.log_top > log(bound) for x, curve in nodes.items())


def _proven(A: Array, value: float, gap: float) -> float:
    """Lower bound of the ratio `value` if rounding has made ``sigma_min = gap / value`` too low."""
    return max(1.0, gap / (gap / value + EPS * float(np.linalg.norm(A, 2))))


def _curve(A: Array, time: Time, eigenvalues: Array, gap: float, s: float, rtol: float) -> Curve:
    """Look for the lowest sigma_min of a curve, from `s` and next to the 8 nearest eigenvalues."""
    t = time.edge + gap
    away = np.abs(eigenvalues - time.sweep.point(t, time.sweep.parameter(eigenvalues)))
    near = time.sweep.parameter(eigenvalues[np.argsort(away)[:8]])
    # A twentieth of `rtol` is what the bound of one curve may lose; a level test costs the same for
    # every tolerance, so that no curve is less exact than 1e-6.
    found = lowest_on_curve(A, time.sweep, t, min(1e-6, rtol / 20), np.append(near, s))
    if found.lower > 0:
        return Curve(-log(found.lower), found.parameter, gap / found.value)
    return Curve(inf, found.parameter, 0.0)


def _chord_bound(time: Time, a: float, b: float, log_a: float, log_b: float) -> float:
    """Largest ``gap * M(gap)`` that convexity allows between gaps a and b."""
    if log_a == inf:
        return inf
    x_a, x_b = time.scale(a), time.scale(b)
    slope = (log_a - log_b) / (x_b - x_a)
    gap = min(max(time.peak(slope), a), b)
    return gap * exp(log_a - slope * (time.scale(gap) - x_a))
