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
from rnnspec.spectra.engine.dense import exact_sigma_min

Array = NDArray[Any]


@dataclass(frozen=True)
class Time:
    """What differs between circles ``|z| = 1 + gap`` and lines ``Re z = gap``.

    Attributes
    ----------
    sweep : Sweep
        The family of curves.
    edge : float
        The curve of gap 0, which bounds the stable eigenvalues.
    outward, along : callable
        Derivatives of a point z by the gap and by the parameter.
    scale : callable
        The coordinate of a gap in which ``log max ||R||`` is convex.
    peak : callable
        The gap at which ``gap * exp(-slope * scale(gap))`` is largest, for a slope.
    """

    sweep: Sweep
    edge: float
    outward: Callable[[complex], complex]
    along: Callable[[complex], complex]
    scale: Callable[[float], float]
    peak: Callable[[float], float]

    def witness(self, gap: float, s: float) -> complex:
        """Return the point s of the curve of that gap."""
        return complex(self.sweep.point(self.edge + gap, s))


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


def ratio(
    A: Array,  # shape: (n, n)
    time: Time,
    gaps: Array,  # shape: (m,)
    s: Array,  # shape: (m,)
) -> Array:
    """``gap / sigma_min`` at the points s of the curves of these gaps; 0 where rounding hides it.

    Examples
    --------
    >>> ratio(np.zeros((2, 2)), DISCRETE, np.array([1.0, 3.0]), np.zeros(2))
    array([0.5 , 0.75])
    """
    sigma = exact_sigma_min(A, time.sweep.point(time.edge + gaps, s))
    # A sigma_min that is nothing but rounding would pass for a resolvent of any size.
    seen = sigma > 10 * len(A) * EPS
    return np.divide(gaps, sigma, out=np.zeros_like(sigma), where=seen)


def first_guess(A: Array, time: Time, eigenvalues: Array, extent: float) -> tuple[float, float]:
    """Gap and parameter of the best point among 128, next to the 8 outermost eigenvalues.

    The gaps go from 1e-4 to 10 times `extent`, by which the numerical range lies outside.  Farther
    out the ratio is close to 1; nearer to the boundary `climb` goes by itself.  Measured on 32
    matrices with 6 to 48 rows, 16 eigenvalues lead to the same constants as 8.
    """
    outer = np.abs(eigenvalues) if time is DISCRETE else eigenvalues.real
    parameters = time.sweep.parameter(eigenvalues[np.argsort(-outer)[:8]])
    gaps = np.repeat(extent * np.geomspace(1e-4, 10, 16), len(parameters))
    parameters = np.resize(parameters, gaps.shape)
    best = int(ratio(A, time, gaps, parameters).argmax())
    return float(gaps[best]), float(parameters[best])


def climb(A: Array, time: Time, gap: float, s: float) -> tuple[float, float, float]:
    """Local maximum of the ratio: its value, gap and parameter, never below where it starts."""
    width = time.sweep.width(time.edge + gap, gap)

    def log_inverse(x: Array) -> tuple[float, Array]:
        """Logarithm of ``sigma_min / gap`` and its gradient, by log gap and by scaled parameter."""
        gap, s = exp(x[0]), s_0 + width * x[1]
        z = complex(time.sweep.point(time.edge + gap, s))
        U, sigma, Vh = np.linalg.svd(z * np.eye(len(A)) - A)
        turn, low = np.vdot(U[:, -1], Vh[-1].conj()), max(float(sigma[-1]), 1e-300)
        rise = [gap * (time.outward(z) * turn).real, width * (time.along(z) * turn).real]
        return log(low) - x[0], np.array(rise) / low - [1.0, 0.0]

    def ratio_at(gap: float, s: float) -> float:
        return float(ratio(A, time, np.array([gap]), np.array([s]))[0])

    s_0, best = s, (ratio_at(gap, s), gap, s)
    # One round changes the gap by a factor of at most 20 and the parameter by at most 4 widths, so
    # that it does not jump to another peak; the next round goes on from there.
    bounds = [(log(gap) - 3, log(gap) + 3), (-4.0, 4.0)]
    for _ in range(ROUNDS):
        start, s_0 = np.array([log(best[1]), 0.0]), best[2]
        found = minimize(
            log_inverse, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-15}
        )
        gap, s = exp(found.x[0]), s_0 + width * float(found.x[1])
        value = ratio_at(gap, s)
        if value <= best[0] * (1 + 1e-9):
            break
        best = (value, gap, s)
        bounds[0] = (log(gap) - 3, log(gap) + 3)
    return best
