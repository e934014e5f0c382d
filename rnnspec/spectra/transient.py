"""Growth of the powers of a matrix before the eigenvalues take over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from math import frexp

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnspec._checks import count, square
from rnnspec._result import Result
from rnnspec.spectra.eigen import spectral_norm, spectral_radius


@dataclass(frozen=True, eq=False, repr=False)
class TransientGrowth(Result):
    """Norms of the powers of a matrix, and the largest of them.

    Attributes
    ----------
    norms : ndarray, shape (steps + 1,)
        ``||A^k||`` for k = 0 .. steps; ``inf`` where it is beyond the largest float.
    spectral_radius : float
        Spectral radius of A.
    """

    norms: NDArray[np.float64]
    spectral_radius: float

    @property
    def peak(self) -> float:
        """The largest norm among the computed steps."""
        return float(self.norms.max())

    @property
    def peak_step(self) -> int:
        """The first step whose norm is the peak, up to rounding."""
        return int((self.norms >= (1 - 1e-12) * self.peak).argmax())

    @property
    def prediction(self) -> NDArray[np.float64]:
        """Norms that the eigenvalues alone predict, ``spectral_radius ** k``."""
        with np.errstate(over="ignore", under="ignore"):
            return np.asarray(self.spectral_radius ** np.arange(len(self.norms)))


def transient_growth(
    A: ArrayLike,  # shape: (n, n)
    steps: int = 100,
) -> TransientGrowth:
    """Spectral norms ``||A^k||`` for k = 0 .. `steps`.

    Each is the most by which k steps of ``h -> A h`` can amplify a state.  The eigenvalues only say
    what happens as k grows without end.  A non-normal matrix whose spectral radius is below 1 may
    amplify a state a great deal before that.

    Parameters
    ----------
    A : array_like, shape (n, n)
    steps : int
        The last power, at least 0.

    Returns
    -------
    TransientGrowth
        The norms, their ``peak`` and its ``peak_step``.

    Raises
    ------
    ValueError
        If `A` is not square or has non-finite entries, or `steps` is negative.

    Notes
    -----
    Cost O(n^3) for each step: one product and one norm.

    References
    ----------
    .. [1] L. N. Trefethen and M. Embree, Spectra and Pseudospectra (2005), ch. 16.

    Examples
    --------
    >>> transient_growth([[0.0, 4.0], [0.0, 0.0]], steps=3).norms
    array([1., 4., 0., 0.])
    """
    steps = count(steps, "steps", least=0)
    A = square(A)
    norms = np.fromiter(islice(power_norms(A), steps + 1), float, count=steps + 1)
    return TransientGrowth(norms, spectral_radius(A))


def power_norms(
    A: ArrayLike,  # shape: (n, n)
) -> Iterator[float]:
    """``||A^k||`` for k = 0, 1, 2, ..., without end.

    The powers are divided by powers of two, so that nothing but the norm itself can overflow.

    Examples
    --------
    >>> list(islice(power_norms([[1e200]]), 3))
    [1.0, 1e+200, inf]
    """
    A = square(A)
    unit = max(frexp(spectral_norm(A))[1], -1000)
    A = A * 2.0**-unit
    power, exponent = np.eye(len(A), dtype=A.dtype), 0
    yield 1.0
    while True:
        power = A @ power
        mantissa, shift = frexp(spectral_norm(power))
        power, exponent = power * 2.0**-shift, exponent + shift + unit
        with np.errstate(over="ignore", under="ignore"):
            yield float(np.ldexp(mantissa, exponent))
