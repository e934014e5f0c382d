"""The real stability radius: the smallest real perturbation that makes a real matrix unstable."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnspec._checks import positive, square, warn_if_uncertified
from rnnspec.spectra.bracket import Bracket, why_unfinished
from rnnspec.spectra.eigen import real_if_possible
from rnnspec.spectra.engine import EPS
from rnnspec.spectra.engine.crossings import NEAR, pencil_eigenvalues, without_dust
from rnnspec.spectra.engine.curve import CIRCLES, STARTS, lowest_on_curve
from rnnspec.spectra.engine.dense import WORK, exact_sigma_min, one_thread_if_small
from rnnspec.spectra.real_distance import (
    WEIGHT,
    RealDistance,
    real_distance,
    real_form,
    real_perturbation,
    turning_point,
)

Array = NDArray[Any]
Span = tuple[float, float]  # angles between which the value may still be below the level
TESTS = 60  # level tests before the search gives up; two to ten are usual
AXIS = 1e-9  # a point nearer to the real axis than this angle counts as real
# A level with a relative error of a quarter or more is not tested: it would have to be lowered by
# twice its error, to less than half of the value, where the complex distance is as good a bound.
BLURRED = 0.25
STRIDE = 0.5  # first stride of the descent, in radians: a sixth of the half circle
# For a bracket of relative width w the level ``(1 - 0.9 w) value`` is tested.  A crossing counts as
# low only if its value is below that level by 0.1 w, since otherwise an error of its angle would
# keep every span.  What is proved is then ``(1 - w) value``.
SHARE = 0.9


@warn_if_uncertified
@one_thread_if_small
def stability_radius_real(
    A: ArrayLike,  # shape: (n, n), real
    rtol: float = 1e-4,
) -> Bracket:
    r"""Spectral norm of the smallest real E for which ``A + E`` has an eigenvalue on ``|z| = 1``.

    Perturbations of weights are real, and this is the size from which they can end stability.  It
    is at least `distance_to_instability`, whose E may be complex, and 0 if `A` itself is not
    stable.

    Parameters
    ----------
    A : array_like, shape (n, n)
        Real.
    rtol : float
        Relative width of the bracket at which the search ends.  The value itself is a local minimum
        over the points z, with a relative error of about 1e-8.

    Returns
    -------
    Bracket
        ``witness`` is the point of the unit circle where ``A + E`` has an eigenvalue, and
        ``perturbation`` is E, of rank 1 or 2 (None if rounding makes E impossible to compute).

    Raises
    ------
    ValueError
        If `A` is not square, is complex or has non-finite entries, or `rtol` is not above zero.

    Warns
    -----
    ConvergenceWarning
        If the search did not reach `rtol`; the value is then an upper bound, and ``lower`` is still
        proved.

    Notes
    -----
    At ``z = x + iy`` with y not 0, the smallest E that makes z an eigenvalue has norm
    ``max over 0 < g <= 1 of sigma_{2n-1}([[xI - A, -g y I], [(y / g) I, xI - A]])``, where
    ``sigma_{2n-1}`` is the second smallest singular value; at real z the norm is
    ``sigma_min(zI - A)``.  To test whether the distance is at least some level, the search keeps
    the spans of angles where this singular value is below the level for every g tried so far.  For
    one g the ends of its spans are eigenvalues of a pencil of size 2n.  The middle of the longest
    span is looked at next: either the distance there is below the level, which is then lowered, or
    its best g shortens the span.  If no span is left, the level is proved.  Below about
    ``1e-6 ||A||`` rounding blurs the ends of the spans.  Then only a lower level can be proved; the
    last one is the complex distance.  Cost O((2n)^3) for each level test; two to ten are needed.

    References
    ----------
    .. [1] L. Qiu, B. Bernhardsson, A. Rantzer, E. J. Davison, P. M. Young and J. C. Doyle,
       Automatica 31 (1995), 879-890, theorem 1.
    .. [2] J. Sreedhar, P. Van Dooren and A. L. Tits, Int. Series Numer. Math. 121 (1996), 219-230.

    Examples
    --------
    The eigenvalues are 0.5i and -0.5i, and ``E = A``, of norm 0.5, moves them to i and -i:

    >>> found = stability_radius_real([[0.0, 0.5], [-0.5, 0.0]])
    >>> round(float(found), 6), found.certified
    (0.5, True)
    """
    A, rtol = real_if_possible(square(A)), positive(rtol, "rtol")
    if np.iscomplexobj(A):
        raise ValueError(
            "`A` must be real, got complex entries: take `distance_to_instability`, whose"
            " perturbations are complex"
        )
    A = without_dust(A)
    eigenvalues = np.linalg.eigvals(A).astype(complex)
    if np.abs(eigenvalues).max() >= 1:
        witness = complex(eigenvalues[np.abs(eigenvalues).argmax()])
        return Bracket(0.0, 0.0, 0.0, True, witness, np.zeros_like(A))
    value, angle, lower, certified = _two_level(A, eigenvalues, rtol)
    rounding = len(A) * EPS * (1 + float(np.linalg.norm(A, 2)))
    if not certified:
        lower = max(lower, lowest_on_curve(A, CIRCLES, 1.0).lower)
        certified = lower >= (1 - rtol) * value - rounding
    why = "" if certified else why_unfinished(rtol, "an upper")
    # The angle of the local minimum is right to 1e-9, and the value to the square of that.
    lower, upper = max(0.0, min(lower, value) - rounding), value * (1 + 1e-9) + rounding
    witness = complex(np.exp(1j * angle)) if 0 < angle < np.pi else complex(np.cos(angle))
    E = real_perturbation(A, angle)
    return Bracket(value, lower, upper, certified, witness, E, why=why)


def _two_level(A: Array, eigenvalues: Array, rtol: float) -> tuple[float, float, float, bool]:
    """Find the value, its angle, a lower bound, and whether the bound is within `rtol`."""
    norm = 1 + float(np.linalg.norm(A, 2))
    value, angle = _first_value(A, eigenvalues, norm)
    weight, spans = 1.0, [(AXIS, np.pi - AXIS)]
    for _ in range(TESTS):
        blur = _blur(len(A), norm, value)
        if blur > BLURRED:
            return value, angle, 0.0, False
        width = max(rtol, 2 * blur)
        # Step 1: the spans below the level, for this weight as for those before.
        level, slack = (1 - SHARE * width) * value, (1 - SHARE) * width * value
        spans = _below(A, weight, level, slack, spans)
        if not spans:
            return value, angle, level - slack, width == rtol
        # Step 2: the middle of the longest span gives a better value or the next weight.
        a, b = max(spans, key=lambda span: span[1] - span[0])
        found = real_distance(A, (a + b) / 2, weight, xtol=1e-3)
        if found.value < value:
            at, found = _descend(A, (a + b) / 2, (b - a) / 4, (a, b), found.weight)
            if found.value < value:
                value, angle = found.value, at
        weight = found.weight
    return value, angle, 0.0, False


def _first_value(A: Array, eigenvalues: Array, norm: float) -> tuple[float, float]:
    """The least of the values at 1, at -1 and in the valley of an eigenvalue; its angle."""
    ends = exact_sigma_min(A, np.array([1.0, -1.0]))
    value, angle = float(ends.min()), float(np.pi * ends.argmin())
    angles = np.abs(np.angle(eigenvalues[np.argsort(-np.abs(eigenvalues))[:STARTS]]))
    angles = angles[(angles > AXIS) & (angles < np.pi - AXIS)]
    if angles.size:
        start = float(angles[exact_sigma_min(A, np.exp(1j * angles)).argmin()])
        # A hundredth is exact enough for the weight here: its error enters the value squared.
        if _blur(len(A), norm, real_distance(A, start, xtol=0.01).value) > BLURRED:
            at = abs(lowest_on_curve(A, CIRCLES, 1.0).parameter)
            found = real_distance(A, float(np.clip(at, AXIS, np.pi - AXIS)))
        else:
            at, found = _descend(A, start, STRIDE, (AXIS, np.pi - AXIS))
        if found.value < value:
            value, angle = found.value, at
    return value, angle


def _blur(n: int, norm: float, level: float) -> float:
    """Relative error of a level by rounding: the pencil of the crossings holds ``A^2``."""
    return n * EPS * norm**2 / max(level, 1e-150) ** 2


def _descend(
    A: Array, angle: float, stride: float, ends: Span, weight: float = WEIGHT
) -> tuple[float, RealDistance]:
    """Local minimum over the angle: where it is, and the distance there.

    The weight is found to 1e-6 on the way, since its error enters the value squared.
    """
    best, at = real_distance(A, angle, weight, xtol=1e-6), angle

    def fall(s: float) -> float:
        nonlocal best, at
        found = real_distance(A, s, best.weight, xtol=1e-6)
        if found.value < best.value:
            best, at = found, s
        return -found.slope

    turning_point(fall, angle, stride, ends, xtol=1e-9)
    return at, real_distance(A, at, best.weight)


def _below(A: Array, weight: float, level: float, slack: float, spans: list[Span]) -> list[Span]:
    """Parts of `spans` that contain all angles at which the weight does not prove the level.

    The value at the middle of two neighbouring crossings decides.  A crossing whose own value is
    below the level by more than `slack` keeps the parts on both its sides.
    """
    crossings = _weighted_crossings(A, weight, level)
    kept: list[Span] = []
    for a, b in spans:
        nodes = np.array([a, *crossings[(crossings > a) & (crossings < b)], b])
        middles = (nodes[1:] + nodes[:-1]) / 2
        low_node = _second_smallest(A, nodes, weight) < level - slack
        low = (_second_smallest(A, middles, weight) < level) | low_node[1:] | low_node[:-1]
        for start, end in zip(nodes[:-1][low], nodes[1:][low], strict=True):
            if kept and kept[-1][1] == start:
                kept[-1] = (kept[-1][0], float(end))
            else:
                kept.append((float(start), float(end)))
    return kept


def _weighted_crossings(A: Array, g: float, level: float) -> Array:
    """Angles that contain all those at which the singular value of weight g meets `level`.

    Two of the four blocks of singular vectors can be eliminated, and with ``x^2 + y^2 = 1`` the
    rest is linear in x.
    """
    one, r = np.eye(len(A)), level / g
    skew = r * (A.T - g * g * A)
    square_of_A = A @ A + one
    constant = np.block(
        [[skew, r * r * one - square_of_A], [square_of_A.T - (r * g * g) ** 2 * one, skew]]
    )
    linear = np.block([[(g * g - 1) * r * one, 2 * A], [-2 * A.T, (g * g - 1) * r * one]])
    alpha, beta = pencil_eigenvalues(constant, -linear)
    # A cosine of modulus above 4 belongs to no angle that is near a real one.
    finite = np.abs(beta) * 4 > np.abs(alpha)
    angles = np.arccos((alpha[finite] / beta[finite]).astype(complex))
    return np.unique(np.abs(angles.real[np.abs(angles.imag) <= NEAR]))


def _second_smallest(A: Array, angles: Array, weight: float) -> Array:
    """The bound that this weight proves at each angle, ``sigma_{2n-1}`` of the real form."""
    if weight == 1:
        return exact_sigma_min(A, np.exp(1j * angles))
    size = max(1, WORK // (2 * len(A)) ** 2)
    parts = [real_form(A, angles[i : i + size], weight) for i in range(0, len(angles), size)]
    return np.concatenate([np.linalg.svd(part, compute_uv=False)[:, -2] for part in parts])
