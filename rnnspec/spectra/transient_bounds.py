"""What the resolvent proves about the powers of a matrix: bounds from below and from above."""

from __future__ import annotations

from dataclasses import dataclass
from math import e

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnspec._checks import count, square
from rnnspec._result import Result
from rnnspec.spectra.eigen import spectral_norm
from rnnspec.spectra.engine.dense import exact_sigma_min, one_thread_if_small
from rnnspec.spectra.kreiss import kreiss_constant


@dataclass(frozen=True, eq=False, repr=False)
class TransientBounds(Result):
    """Bounds on ``||A^k||`` for k = 0 .. steps.

    Attributes
    ----------
    lower : ndarray, shape (steps + 1,)
        Lower bounds of ``||A^k||``; 0 where nothing is proved.
    lower_peak : ndarray, shape (steps + 1,)
        Lower bounds of the largest of ``||A^j||``, j <= k.
    upper : float
        Upper bound of every ``||A^k||``: e n K with the Kreiss constant K, ``inf`` if K is.
    """

    lower: NDArray[np.float64]
    lower_peak: NDArray[np.float64]
    upper: float


@one_thread_if_small
def transient_bounds(
    A: ArrayLike,  # shape: (n, n)
    steps: int = 100,
    points: ArrayLike | None = None,  # shape: (...)
    sigma_min: ArrayLike | None = None,  # the shape of `points`
) -> TransientBounds:
    """Bounds on ``||A^k||``, k = 0 .. `steps`, from resolvent norms outside the unit disk.

    Parameters
    ----------
    A : array_like, shape (n, n)
    steps : int
        The last power, at least 0.
    points : array_like of complex, any shape, optional
        Points z, for instance the grid of a pseudospectrum.  Those with ``|z| > 1`` are used.  By
        default 64 points on each of 12 circles, with radii from 1.001 to ``2 + ||A||``.
    sigma_min : array_like, the shape of `points`, optional
        Smallest singular values of ``zI - A`` at the points, if they are known already.

    Returns
    -------
    TransientBounds
        Lower bounds for each k, and one upper bound for all k.

    Raises
    ------
    ValueError
        If `A` is not square or has non-finite entries, `steps` is negative, or `sigma_min` comes
        without `points` or has another shape than `points`.

    Notes
    -----
    Let ``R = (zI - A)^-1``, ``r = |z|``, ``s = 1 / ||R||`` and ``a = ||A||``.  Two lower bounds
    follow from ``z^k R = A^k R + sum z^(k-1-j) A^j``, the sum over j = 0 .. k - 1.  The first is
    ``||A^k|| >= r^k - s (r^k - a^k) / (r - a)``, where the quotient is the sum over j of
    ``r^(k-1-j) a^j`` and so has a value at r = a too.  The second is
    ``max over j <= k of ||A^j|| >= r^k / (1 + s (r^k - 1) / (r - 1))``, and for large k it tends
    to ``(r - 1) / s``, the ratio whose supremum is the Kreiss constant.  The upper bound is the
    Kreiss matrix theorem.  Cost O(n^3) for each point without a known `sigma_min`, and the cost
    of the Kreiss constant.

    References
    ----------
    .. [1] L. N. Trefethen and M. Embree, Spectra and Pseudospectra (2005), theorems 16.4, 16.5,
       18.1.

    Examples
    --------
    For k = 1 the first bound is ``r - s``.  At z = 4 this is ``4 - (sqrt(20) - 2) = 1.53``:

    >>> bounds = transient_bounds([[0.0, 4.0], [0.0, 0.0]], steps=2, points=[2.0, 4.0])
    >>> bounds.lower.round(2), bool(bounds.lower_peak[-1] > 1)
    (array([1.  , 1.53, 0.  ]), True)
    """
    steps = count(steps, "steps", least=0)
    A = square(A)
    if points is None:
        if sigma_min is not None:
            raise ValueError("`points` must be given with `sigma_min`, got None")
        # From just outside the unit circle to beyond the norm, where the bounds say nothing new.
        radii = 1 + np.geomspace(1e-3, 1 + spectral_norm(A), 12)
        points = np.outer(radii, np.exp(2j * np.pi * np.arange(64) / 64))
    z = np.asarray(points, dtype=np.complex128)
    outside = np.abs(z) > 1
    if sigma_min is None:
        sigma = exact_sigma_min(A, z[outside]) if outside.any() else np.empty(0)
    else:
        sigma = np.asarray(sigma_min, dtype=np.float64)
        if sigma.shape != z.shape:
            raise ValueError(
                f"`sigma_min` must have the shape of `points`, {z.shape}, got {sigma.shape}"
            )
        sigma = sigma[outside]
    lower, lower_peak = _from_resolvent(np.abs(z[outside]), sigma, spectral_norm(A), steps)
    return TransientBounds(lower, lower_peak, e * len(A) * kreiss_constant(A).upper)


def _from_resolvent(
    r: NDArray[np.float64],  # shape: (m,), above 1
    s: NDArray[np.float64],  # shape: (m,)
    a: float,
    steps: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both lower bounds, in the letters of the formulas above, over all points."""
    lower, peak = np.zeros(steps + 1), np.ones(steps + 1)
    lower[0] = 1.0
    if not r.size:
        return lower, peak
    total = np.zeros_like(r)
    with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
        for k in range(1, steps + 1):
            # Both bounds are divided by r^k, so that nothing overflows before the last product.
            # The quotient of the first is a sum, which has a value at r = a too.
            total = 1 + a / r * total
            share = 1 - s * total / r
            below = np.where(share > 0, share * r**k, 0.0)
            lower[k] = np.nanmax(np.where(np.isfinite(below), below, 0.0))
            peak[k] = (1 / (r ** -float(k) + s * (1 - r ** -float(k)) / (r - 1))).max()
    return lower, np.maximum.accumulate(np.maximum(peak, lower))
