"""The real stability radius: the smallest real perturbation that makes a real matrix unstable."""

import heapq
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnspec._checks import ConvergenceWarning, positive, square
from rnnspec.spectra.bracket import Bracket
from rnnspec.spectra.descent import descend
from rnnspec.spectra.levelsets import (
    CIRCLES,
    EPS,
    circle_crossings,
    exact_sigma_min,
    lowest_on_curve,
)
from rnnspec.spectra.threads import one_thread_if_small

Array = NDArray[Any]
WORK = 20000  # rows of all arcs looked at before giving up; ten arcs are usual
UNSEEN = 30.0  # beyond exp(+-30) the weight changes nothing that rounding lets one see


@dataclass(frozen=True, order=True)
class _Arc:
    bound: float  # proven lower bound over the arc
    seen: bool  # whether the real distance was computed on it
    centre: float
    half: float
    weight: float  # inherited from the arc it was cut from


@one_thread_if_small
def stability_radius_real(
    A: ArrayLike,  # shape: (n, n), real
    rtol: float = 1e-2,
) -> Bracket:
    r"""Spectral norm of the smallest real E for which ``A + E`` has an eigenvalue on ``|z| = 1``.

    The radius that a perturbation of weights meets; at least `distance_to_instability`, whose E
    may be complex.  0 if `A` itself is not stable.

    Parameters
    ----------
    A : array_like, shape (n, n)
        Real.
    rtol : float
        Relative width of the bracket.  The value itself is a local minimum to about 1e-8.

    Returns
    -------
    Bracket
        ``witness`` is the point of the unit circle where ``A + E`` has an eigenvalue, and
        ``perturbation`` is E, of rank 1 or 2 (None if the singular space leaves E open).

    Raises
    ------
    ValueError
        If `A` is complex, not square or has non-finite entries, or `rtol` is not above zero.

    Warns
    -----
    ConvergenceWarning
        If `rtol` was not reached; the value is then an upper bound, and ``lower`` is proved.

    Notes
    -----
    At ``z = x + iy``, y not 0, the smallest E that makes z an eigenvalue has norm ``max over g > 0
    of sigma_{2n-1}([[xI - A, -g y I], [(y / g) I, xI - A]])``; at real z it is ``sigma_min(zI -
    A)``.  With ``g = kappa y`` and kappa fixed, the singular value changes by at most ``|dx| +
    kappa |d(y^2)|``: each arc of the circle gets a proven lower bound from its centre, or from the
    complex distance, and those with the smallest are cut in two.  Cost O((2n)^3) an arc, ten to
    some hundreds of them.

    References
    ----------
    .. [1] L. Qiu, B. Bernhardsson, A. Rantzer, E. J. Davison, P. M. Young and J. C. Doyle,
       Automatica 31 (1995), 879-890, theorem 1.

    Examples
    --------
    >>> found = stability_radius_real([[0.0, 0.5], [-0.5, 0.0]])
    >>> round(float(found), 6), found.certified
    (0.5, True)
    """
    A, rtol = square(A), positive(rtol, "rtol")
    if np.iscomplexobj(A) and A.imag.any():
        raise ValueError(
            "`A` must be real, got complex entries"
            " (for complex perturbations see distance_to_instability)"
        )
    A = np.ascontiguousarray(A.real)
    eigenvalues = np.linalg.eigvals(A).astype(complex)
    if np.abs(eigenvalues).max() >= 1:
        witness = complex(eigenvalues[np.abs(eigenvalues).argmax()])
        return Bracket(0.0, 0.0, 0.0, True, witness, np.zeros_like(A))
    ends = exact_sigma_min(A, np.array([1.0, -1.0]))
    value, angle = float(ends.min()), float(np.pi * ends.argmin())
    complex_one = lowest_on_curve(A, CIRCLES, 1.0, rtol / 10)
    nearest = abs(complex_one.parameter)
    if 0 < np.sin(nearest):
        value, angle = _polish(A, _Arc(0.0, False, nearest, value / 4, 1.0), 1.0, value, angle)
    value, angle, lower = _branch_and_bound(A, value, angle, complex_one.lower, rtol)
    rounding = len(A) * EPS * (1 + float(np.linalg.norm(A, 2)))
    certified = lower >= value * (1 - rtol) - rounding
    if not certified:
        warnings.warn(
            f"the search did not reach rtol={rtol:g}: the value is an upper bound",
            ConvergenceWarning,
            stacklevel=2,
        )
    lower, upper = max(0.0, min(lower, value) - rounding), value + rounding
    witness = complex(np.exp(1j * angle)) if np.sin(angle) > 1e-15 else complex(np.cos(angle))
    return Bracket(value, lower, upper, certified, witness, _perturbation(A, angle, value))


def real_distance(
    A: Array,  # shape: (n, n), real
    angle: float,
    weight: float = 1.0,
    xtol: float = 1e-7,
) -> tuple[float, float]:
    """Norm of the smallest real E that puts an eigenvalue at ``exp(i angle)``, and its weight g.

    The singular value is unimodal in g (theorem 1 of Qiu et al.), so one local search, from
    `weight`, is global.

    Examples
    --------
    >>> value, _ = real_distance(np.zeros((2, 2)), np.pi / 2)
    >>> round(value, 9)
    1.0
    """

    def lowered(u: float) -> float:
        return -_second_smallest(A, angle, float(np.exp(np.clip(u, -UNSEEN, UNSEEN))))

    u, lowest = descend(lowered, float(np.log(weight)), 0.5, xtol)
    return -lowest, float(np.exp(np.clip(u, -UNSEEN, UNSEEN)))


def _doubled(A: Array, angle: float, weight: float) -> Array:
    shifted, y = np.cos(angle) * np.eye(len(A)) - A, np.sin(angle) * np.eye(len(A))
    return np.block([[shifted, -weight * y], [y / weight, shifted]])


def _second_smallest(A: Array, angle: float, weight: float) -> float:
    return float(np.linalg.svd(_doubled(A, angle, weight), compute_uv=False)[-2])


def _branch_and_bound(
    A: Array, value: float, angle: float, floor: float, rtol: float
) -> tuple[float, float, float]:
    """Least value found on the circle, its angle, and a lower bound of all values.

    `floor` is a lower bound known beforehand, the complex distance.
    """
    # Step 1: only where the complex distance is below the value can the real one be.
    arcs, target = _arcs_below(A, floor, value), value * (1 - rtol)
    for _ in range(max(100, WORK // len(A))):
        # Step 2: the arc with the smallest bound, at its centre; a new best value is polished.
        if not arcs or arcs[0].bound >= target and arcs[0].seen:
            break
        arc = heapq.heappop(arcs)
        found, weight = real_distance(A, arc.centre, arc.weight, xtol=0.02)
        if found < value:
            value, angle = _polish(A, arc, weight, value, angle)
            target = min(target, value * (1 - rtol))
        # Step 3: what the centre proves for the arc; cut it if that is not enough.
        bound = max(arc.bound, found - _spread(arc.centre, arc.half, weight))
        if bound < target:
            for side in (-1, 1):
                centre = arc.centre + side * arc.half / 2
                heapq.heappush(arcs, _Arc(bound, True, centre, arc.half / 2, weight))
        else:
            heapq.heappush(arcs, _Arc(bound, True, arc.centre, arc.half, weight))
    return value, angle, min([value, *(arc.bound for arc in arcs)])


def _arcs_below(A: Array, floor: float, level: float) -> list[_Arc]:
    """Arcs of the upper half circle that hold all points with complex distance below `level`."""
    nodes = circle_crossings(A, 1.0, level)
    below = exact_sigma_min(A, np.exp(1j * nodes)) < level
    touched = [
        (a, b) for a, b, hit in zip(nodes, nodes[1:], below[1:] | below[:-1], strict=False) if hit
    ]
    return sorted(_Arc(floor, False, (a + b) / 2, (b - a) / 2, 1.0) for a, b in touched)


def _spread(centre: float, half: float, weight: float) -> float:
    """Most that the singular value can change over the arc, at fixed ``kappa = weight / y``."""
    dx = abs(np.sin(centre)) * half + half**2 / 2
    dy2 = abs(np.sin(2 * centre)) * half + half**2
    return float(dx + weight / np.sin(centre) * dy2)


def _polish(A: Array, arc: _Arc, weight: float, value: float, angle: float) -> tuple[float, float]:
    """Local minimum over the angle from the centre of `arc`, if it is below `value`."""
    end = 1e-9

    def distance(theta: float) -> float:
        return real_distance(A, float(np.clip(theta, end, np.pi - end)), weight, xtol=1e-4)[0]

    theta, _ = descend(distance, arc.centre, arc.half, xtol=1e-6)
    theta = float(np.clip(theta, end, np.pi - end))
    lowest, _ = real_distance(A, theta, weight)
    return (lowest, theta) if lowest < value else (value, angle)


def _perturbation(A: Array, angle: float, value: float) -> Array | None:
    """Real E of norm `value` that puts an eigenvalue at ``exp(i angle)``, if it can be read off."""
    n, y = len(A), np.sin(angle)
    if y <= 1e-15:
        U, sigma, Vh = np.linalg.svd(np.cos(angle) * np.eye(n) - A)
        return np.asarray(sigma[-1] * np.outer(U[:, -1], Vh[-1]))
    _, weight = real_distance(A, angle)
    U, sigma, Vh = np.linalg.svd(_doubled(A, angle, weight))
    left, right = U[:, -2].reshape(2, n).T, Vh[-2].reshape(2, n).T
    E = np.asarray(sigma[-2] * left @ np.linalg.pinv(right))
    return E if np.linalg.norm(E, 2) <= value * (1 + 1e-4) else None
