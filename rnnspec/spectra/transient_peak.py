"""The largest norm of all powers of a matrix, and what proves that no later one is larger."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnspec._checks import count, square, warn_if_uncertified
from rnnspec.spectra.bracket import Bracket
from rnnspec.spectra.eigen import spectral_norm, spectral_radius
from rnnspec.spectra.engine.curve import CIRCLES, lowest_on_curve
from rnnspec.spectra.engine.dense import one_thread_if_small

Array = NDArray[Any]
# Powers looked at before the search gives up: 10000 for small matrices, which takes under a second,
# and for larger ones as many as take 10^10 multiplications and additions, some seconds.
POWERS = 10_000
WORK = 10**10
BEYOND = 1e150  # the Gram matrix of a power with larger entries would overflow
SAME = 1e-12  # norms this close, relative, count as equal, so that the first of them is the peak


@warn_if_uncertified
@one_thread_if_small
def transient_peak(
    A: ArrayLike,  # shape: (n, n)
    max_steps: int | None = None,
) -> Bracket:
    """Largest of ``||A^k||``, k = 0, 1, 2, ...; ``inf`` if an eigenvalue lies outside the circle.

    The search ends at the first m for which ``||A^m|| <= 1`` is known: then the largest norm so far
    is that of all powers, since ``||A^(qm+r)|| <= ||A^m||^q ||A^r||``.

    Parameters
    ----------
    A : array_like, shape (n, n)
    max_steps : int, optional
        The last power looked at, at least 1.  By default 10000, fewer for more than 100 rows.

    Returns
    -------
    Bracket
        ``step`` is the first power whose norm is the value; None if the value is infinite.

    Raises
    ------
    ValueError
        If `A` is not square or has non-finite entries, or `max_steps` is below 1.

    Warns
    -----
    ConvergenceWarning
        If no power looked at is known to have a norm of at most 1; the value is then a lower bound.
        Also if an eigenvalue lies outside by so little that rounding may have put it there, or if
        the powers overflow; the value is then ``inf``, without proof.

    Notes
    -----
    An eigenvalue outside the circle proves growth only if every matrix that rounding cannot tell
    from `A` has an eigenvalue outside.  Cost O(n^3) for each power, one product.  The Frobenius
    norm and the Schatten 16-norm are upper bounds of the spectral norm; the spectral norm itself
    is computed only if both are above the largest norm so far.

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
        max_steps = max(100, min(POWERS, WORK // len(A) ** 3))
    count(max_steps, "max_steps")
    rounding, rho = 10 * len(A) * float(np.finfo(float).eps), spectral_radius(A)
    if rho > 1 + rounding:
        return _unstable(A, rho, rounding)
    power, value, step = A, 1.0, 0
    for k in range(1, max_steps + 1):
        if not np.abs(power).max() < BEYOND:
            why = f"the entries of A^{k} are beyond {BEYOND:g}"
            return Bracket(inf, BEYOND, inf, certified=False, why=why)
        bound = float(np.linalg.norm(power))
        # The norm itself at every power of two: the bounds of an orthogonal matrix stay above 1.
        if k & (k - 1) == 0 or bound > value and _schatten(power) > value:
            bound = spectral_norm(power)
            if bound > value * (1 + SAME):
                value, step = bound, k
        if bound <= 1 + rounding:
            return Bracket(value, value, value, certified=True, step=step)
        power = A @ power
    why = f"the largest of the first {max_steps} powers, none is known to have norm <= 1"
    return Bracket(value, value, inf, certified=False, step=step, why=why)


def _unstable(A: Array, rho: float, rounding: float) -> Bracket:
    why = f"the powers grow for ever (spectral_radius > 1, by {rho - 1:.2g})"
    away = lowest_on_curve(A, CIRCLES, 1.0, rtol=0.5).lower
    if away > rounding * max(1.0, spectral_norm(A)):
        return Bracket(inf, inf, inf, certified=True, why=why)
    why = f"{why}, unless it is rounding errors of A that put an eigenvalue outside"
    return Bracket(inf, 1.0, inf, certified=False, why=why)


def _schatten(power: Array) -> float:
    """Schatten 16-norm: above the spectral norm by a factor of ``n^(1/16)`` at most."""
    size = float(np.linalg.norm(power))
    if not 0 < size < inf:
        return size
    gram = power / size
    for _ in range(3):
        gram = gram.conj().T @ gram
    return float(size * np.linalg.norm(gram) ** (1 / 8))
