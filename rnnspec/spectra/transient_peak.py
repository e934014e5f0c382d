"""The largest norm of all powers of a matrix, and what proves that no later one is larger."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnspec._checks import square
from rnnspec.spectra.eigen import spectral_norm, spectral_radius
from rnnspec.spectra.engine.curve import CIRCLES, lowest_on_curve
from rnnspec.spectra.engine.dense import one_thread_if_small

Array = NDArray[Any]
STEPS = 10_000  # powers looked at before giving up, for small matrices
BEYOND = 1e150  # the norm of a larger power would overflow
WORK = 10**10  # their cost in units of n^3, for large ones


@dataclass(frozen=True)
class TransientPeak:
    """Largest norm of the powers looked at, the first step that has it, and the proof."""

    value: float
    step: int
    steps: int  # the last power looked at
    certified: bool  # whether no later power is larger
    why: str


@one_thread_if_small
def transient_peak(
    A: ArrayLike,  # shape: (n, n)
    max_steps: int | None = None,
) -> TransientPeak:
    """Largest of ``||A^k||``, k = 0, 1, 2, ...; ``inf`` if an eigenvalue lies outside the circle.

    The search ends at the first m known to have ``||A^m|| <= 1``: then the largest norm so far is
    that of all powers, since ``||A^(qm+r)|| <= ||A^m||^q ||A^r||``.

    Parameters
    ----------
    A : array_like, shape (n, n)
    max_steps : int, optional
        The last power looked at, at least 1.  By default 10000, fewer for more than 100 rows.

    Returns
    -------
    TransientPeak
        ``why`` says in words what is proved.

    Raises
    ------
    ValueError
        If `A` is not square or has non-finite entries, or `max_steps` is below 1.

    Notes
    -----
    An eigenvalue outside is a proof only if no matrix within rounding of A has one on the circle.
    Cost O(n^3) a step, a product.  A singular value is computed only where neither the Frobenius
    norm nor the Schatten 16-norm, both upper bounds, shows that the peak stays.

    References
    ----------
    .. [1] L. N. Trefethen and M. Embree, Spectra and Pseudospectra (2005), ch. 16.

    Examples
    --------
    >>> found = transient_peak([[0.5, 3.0], [0.0, 0.5]])
    >>> found.step, round(found.value, 3), found.certified
    (1, 3.081, True)
    """
    A = square(A)
    if max_steps is None:
        max_steps = max(100, min(STEPS, WORK // len(A) ** 3))
    if max_steps < 1:
        raise ValueError(f"`max_steps` must be an int >= 1, got {max_steps}")
    rounding, rho = 10 * len(A) * float(np.finfo(float).eps), spectral_radius(A)
    if rho > 1 + rounding:
        why = f"the powers grow for ever (spectral_radius > 1, by {rho - 1:.2g})"
        away = lowest_on_curve(A, CIRCLES, 1.0, rtol=0.5).lower
        if away <= rounding * max(1.0, spectral_norm(A)):
            why = f"{why}, unless it is rounding errors of A that put an eigenvalue outside"
            return TransientPeak(inf, 0, 0, False, why)
        return TransientPeak(inf, 0, 0, True, why)
    power, value, step = A, 1.0, 0
    for k in range(1, max_steps + 1):
        if not np.abs(power).max() < BEYOND:
            why = f"the entries of A^{k} are beyond {BEYOND:g}"
            return TransientPeak(inf, 0, k, False, why)
        bound = float(np.linalg.norm(power))
        # A norm for certain at every power of two: an orthogonal matrix never has a small bound.
        if k & (k - 1) == 0 or bound > value and _schatten(power) > value:
            bound = spectral_norm(power)
            if bound > value * (1 + 1e-12):
                value, step = bound, k
        if bound <= 1 + rounding:
            return TransientPeak(value, step, k, True, f"||A^{k}|| <= 1")
        power = A @ power
    why = f"the largest of the first {max_steps} powers, none is known to have norm <= 1"
    return TransientPeak(value, step, max_steps, False, why)


def _schatten(power: Array) -> float:
    """Schatten 16-norm: above the spectral norm by a factor of ``n^(1/16)`` at most."""
    size = float(np.linalg.norm(power))
    if not 0 < size < inf:
        return size
    gram = power / size
    for _ in range(3):
        gram = gram.conj().T @ gram
    return float(size * np.linalg.norm(gram) ** (1 / 8))
