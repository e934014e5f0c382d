"""Local maxima of the ratio of the Kreiss constant, on circles or on vertical lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, inf, log
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from rnnspec.spectra.engine import EPS
from rnnspec.spectra.engine.curve import CIRCLES, LINES, ROUNDS, Sweep
from rnnspec.spectra.engine.dense import Resolvent, exact_sigma_min

Array = NDArray[Any]


@dataclass(frozen=True)
class Time:
    """What differs between circles |z| = 1 + gap and lines Re z = gap."""

    sweep: Sweep
    edge: float  # curve of gap 0
    outward: Callable[[complex], complex]  # derivative of a point by the gap
    along: Callable[[complex], complex]  # and by the parameter
    scale: Callable[[float], float]  # coordinate of a gap in which log max ||R|| is convex
    peak: Callable[[float], float]  # gap at which gap * exp(-slope * scale(gap)) is largest


DISCRETE = Time(
    sweep=CIRCLES,
    edge=1.0,
    outward=lambda z: z / abs(z),
    along=lambda z: 1j * z,
    scale=np.log1p,
    peak=lambda slope: 1 / (slope - 1) if slope > 1 else inf,
)
CONTINUOUS = Time(
    sweep=LINES,
    edge=0.0,
    outward=lambda _: 1.0,
    along=lambda _: 1j,
    scale=lambda gap: gap,
    peak=lambda slope: 1 / slope if slope > 0 else inf,
)


def ratio(A: Array, time: Time, gap: float, s: float) -> float:
    """``gap / sigma_min`` at the point s of the curve of that gap.

    Examples
    --------
    >>> ratio(np.zeros((2, 2)), DISCRETE, 1.0, 0.0)
    0.5
    """
    sigma = float(exact_sigma_min(A, time.sweep.point(time.edge + gap, s))[0])
    # A value that is rounding alone would pass for a resolvent of any size.
    return gap / sigma if sigma > 10 * len(A) * EPS else 0.0


def first_guess(A: Array, time: Time, eigenvalues: Array, reach: float) -> tuple[float, float]:
    """Best of a few curves next to the outermost eigenvalues: gap and parameter."""
    outer = np.abs(eigenvalues) if time is DISCRETE else eigenvalues.real
    parameters = time.sweep.parameter(eigenvalues[np.argsort(-outer)[:16]])
    gaps = reach * np.geomspace(1e-4, 10, 16)
    z = time.sweep.point(time.edge + gaps[:, None], parameters)
    sigma, _ = Resolvent(A).sigma_min(z, tol=1e-3)  # enough for a guess
    ratios = np.where(sigma > 10 * len(A) * EPS, gaps[:, None] / np.maximum(sigma, 1e-300), 0.0)
    i, j = np.unravel_index(ratios.argmax(), ratios.shape)
    return float(gaps[i]), float(parameters[j])


def climb(A: Array, time: Time, gap: float, s: float) -> tuple[float, float, float]:
    """Local maximum of the ratio: value, gap and parameter; never below where it starts."""
    width = time.sweep.width(time.edge + gap, gap)

    def lowered(x: Array) -> tuple[float, Array]:
        gap, s = exp(x[0]), s_0 + width * x[1]
        z = complex(time.sweep.point(time.edge + gap, s))
        U, sigma, Vh = np.linalg.svd(z * np.eye(len(A)) - A)
        turn, low = np.vdot(U[:, -1], Vh[-1].conj()), max(float(sigma[-1]), 1e-300)
        rise = [gap * (time.outward(z) * turn).real, width * (time.along(z) * turn).real]
        return log(low) - x[0], np.array(rise) / low - [1.0, 0.0]

    s_0, best = s, (ratio(A, time, gap, s), gap, s)
    bounds = [(log(gap) - 3, log(gap) + 3), (-4.0, 4.0)]
    for _ in range(ROUNDS):
        start, s_0 = np.array([log(best[1]), 0.0]), best[2]
        found = minimize(
            lowered, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-15}
        )
        gap, s = exp(found.x[0]), s_0 + width * float(found.x[1])
        value = ratio(A, time, gap, s)
        if value <= best[0] * (1 + 1e-9):
            break
        best = (value, gap, s)
        bounds[0] = (log(gap) - 3, log(gap) + 3)
    return best
