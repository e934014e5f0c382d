"""Distance to instability: the smallest complex perturbation that ends stability."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rnnspec._checks import one_of, positive, square, warn_if_uncertified
from rnnspec.spectra.bracket import Bracket, why_unfinished
from rnnspec.spectra.engine import EPS
from rnnspec.spectra.engine.curve import CIRCLES, LINES, lowest_on_curve
from rnnspec.spectra.engine.dense import one_thread_if_small

TIMES = ("discrete", "continuous")


@warn_if_uncertified
@one_thread_if_small
def distance_to_instability(
    A: ArrayLike,  # shape: (n, n)
    time: str = "discrete",
    rtol: float = 1e-10,
) -> Bracket:
    """Spectral norm of the smallest complex E for which ``A + E`` is not stable.

    It is the minimum of ``sigma_min(zI - A)`` over the unit circle in discrete time, and over the
    imaginary axis in continuous time.  It is 0 if `A` itself is not stable.  Changes of weights are
    real, and for them `stability_radius_real` is the right number, which is at least as large.

    Parameters
    ----------
    A : array_like, shape (n, n)
    time : {"discrete", "continuous"}
        Stable means all eigenvalues inside the unit circle, or left of the imaginary axis.
    rtol : float
        Relative width of the bracket at which the search ends, as far as rounding allows.

    Returns
    -------
    Bracket
        ``witness`` is the point of the circle (its ``angle``) or axis where ``A + E`` has an
        eigenvalue, and ``perturbation`` is E, of rank 1.

    Raises
    ------
    ValueError
        If `A` is not square or has non-finite entries, `time` is unknown, or `rtol` is not above
        zero.

    Warns
    -----
    ConvergenceWarning
        If the search did not reach `rtol`; the value is then an upper bound.

    Notes
    -----
    Cost O((2n)^3) for each level test; one to four are needed.

    References
    ----------
    .. [1] R. Byers, SIAM J. Sci. Stat. Comput. 9 (1988), 875-881.
    .. [2] S. Boyd and V. Balakrishnan, Systems Control Lett. 15 (1990), 1-7.

    Examples
    --------
    >>> found = distance_to_instability([[0.0, 1.0], [0.0, 0.0]])
    >>> round(float(found), 9), found.certified
    (0.618033989, True)
    >>> distance_to_instability([[-3.0]], time="continuous").value
    3.0
    """
    A, rtol = square(A), positive(rtol, "rtol")
    discrete = one_of(time, "time", TIMES) == "discrete"
    eigenvalues = np.linalg.eigvals(A).astype(complex)
    excess = np.abs(eigenvalues) - 1 if discrete else eigenvalues.real
    if excess.max() >= 0:
        witness = complex(eigenvalues[excess.argmax()])
        return Bracket(0.0, 0.0, 0.0, True, witness, np.zeros_like(A))
    sweep, t = (CIRCLES, 1.0) if discrete else (LINES, 0.0)
    found = lowest_on_curve(A, sweep, t, rtol)
    z = complex(sweep.point(t, found.parameter))
    U, sigma, Vh = np.linalg.svd(z * np.eye(len(A)) - A)
    E = sigma[-1] * np.outer(U[:, -1], Vh[-1])
    upper = found.value + len(A) * EPS * (1 + float(np.linalg.norm(A, 2)))
    why = "" if found.certified else why_unfinished(rtol, "an upper")
    return Bracket(found.value, found.lower, upper, found.certified, z, E, why=why)
