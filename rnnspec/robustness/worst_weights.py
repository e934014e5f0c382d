r"""The real perturbation of a matrix that drives its spectral radius out fastest.

The spectral radius of :math:`W + E` under :math:`\|E\| \le \varepsilon` is raised by updates of
steepest ascent that always use all of :math:`\varepsilon`.  At a simple dominant
eigenvalue :math:`\lambda` with left and right vectors y, x,

.. math:: d|\lambda| = \langle G, dE\rangle,\qquad
          G = \mathrm{Re}\,\frac{\bar\lambda}{|\lambda|}\,\frac{\bar y x^T}{y^* x},

real, of rank 2 where :math:`\lambda` is complex.  The next E maximises
:math:`\langle G, E\rangle`: in the spectral norm it is :math:`\varepsilon` times the polar
factor of G, in the Frobenius norm :math:`\varepsilon G / \|G\|_F`, and among the matrices of
rank one :math:`\varepsilon` times the leading singular pair of G.  An update that does not raise
the radius is tried again with :math:`G + c E`, which stays nearer to E as c grows.
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eig

from rnnspec._checks import ConvergenceWarning
from rnnspec.spectra.eigen import spectral_radius
from rnnspec.spectra.pseudospectral import pseudospectral_radius
from rnnspec.spectra.real_radius import stability_radius_real

Array = NDArray[np.float64]
# The most of one ascent.  Of 23 ascents from Gaussian matrices of size 4 to 32, 22 stopped before,
# half of them within 15.
ITERATIONS = 60
TIE = 1e-9  # relative; the two singular values of a G from a normal W may be equal


def steepest(G: Array, norm: str, *, rank_one: bool) -> Array:
    r"""The E with :math:`\|E\| = 1` of rank 1 or 2 that maximises :math:`\langle G, E\rangle`.

    Examples
    --------
    >>> steepest(np.diag([3.0, 2.0, 0.0]), "spectral", rank_one=False).diagonal()
    array([1., 1., 0.])
    >>> steepest(np.diag([3.0, 4.0]), "frobenius", rank_one=False).diagonal()
    array([0.6, 0.8])
    """
    U, sigma, Vh = np.linalg.svd(G)
    if norm == "frobenius" and not rank_one:
        E: Array = G / np.linalg.norm(G)
        return E
    rank = 1 if rank_one or len(sigma) == 1 or sigma[1] <= TIE * sigma[0] else 2
    return np.asarray(U[:, :rank] @ Vh[:rank])


def worst_perturbation(
    W: Array,  # shape: (h, h)
    epsilon: float,
    norm: str = "spectral",
    *,
    rank_one: bool = False,
) -> Array:
    r"""A real E with :math:`\|E\| = \varepsilon` and W + E of a spectral radius as large as found.

    The ascent starts from the real part of the complex perturbation that attains the
    pseudospectral radius, and, if W is stable, from the E of the real stability radius: at
    :math:`\varepsilon` equal to that radius, in the spectral norm, W + E is not stable.
    The result is the better of two local maxima.  No E makes the spectral radius larger than the
    pseudospectral radius, and where that is attained on the real axis, this E attains it.

    Parameters
    ----------
    W : ndarray, shape (h, h)
        Real.
    epsilon : float
        Size of E.
    norm : {"spectral", "frobenius"}
        How E is measured.
    rank_one : bool, default False
        Whether only matrices of rank one are tried, for which the two norms agree; otherwise E has
        rank 1 or 2.

    Returns
    -------
    ndarray, shape (h, h)
        E.

    Notes
    -----
    Cost: that of `rnnspec.pseudospectral_radius` and `rnnspec.stability_radius_real`, a few
    O((2h)^3), and up to 120 eigenvalue problems of size h for each start.

    References
    ----------
    .. [1] N. Guglielmi and M. L. Overton, SIAM J. Matrix Anal. Appl. 32 (2011), 1166-1192.
    .. [2] N. Guglielmi and C. Lubich, SIAM J. Matrix Anal. Appl. 34 (2013), 40-66 (real).

    Examples
    --------
    >>> E = worst_perturbation(np.diag([0.5, 0.3]), 0.1)
    >>> round(spectral_radius(np.diag([0.5, 0.3]) + E), 9)
    0.6
    """
    if epsilon == 0:
        return np.zeros_like(W)
    best, radius = np.zeros_like(W), -np.inf
    for start in _starts(W, epsilon, norm, rank_one):
        E, found = _climb(W, start, epsilon, norm, rank_one)
        if found > radius:
            best, radius = E, found
    return best


def _climb(W: Array, unit: Array, epsilon: float, norm: str, rank_one: bool) -> tuple[Array, float]:
    """A local maximum of the spectral radius from E = epsilon `unit`, and its value."""
    radius, pull = spectral_radius(W + epsilon * unit), 0.0
    G = _slope(W + epsilon * unit)
    for _ in range(ITERATIONS):
        if not np.isfinite(G).all() or not G.any():
            break
        trial = steepest(G + pull * unit, norm, rank_one=rank_one)
        found = spectral_radius(W + epsilon * trial)
        if found > radius:
            unit, radius, pull = trial, found, pull / 4
            G = _slope(W + epsilon * unit)
        elif np.abs(trial - unit).max() <= TIE:
            break
        else:
            pull = max(2 * pull, float(np.linalg.norm(G, 2)) / 4)
    return epsilon * unit, radius


def _starts(W: Array, epsilon: float, norm: str, rank_one: bool) -> list[Array]:
    with warnings.catch_warnings():
        # A start need not be exact.
        warnings.simplefilter("ignore", ConvergenceWarning)
        z = pseudospectral_radius(W, epsilon).witness
        real = stability_radius_real(W)
    assert z is not None
    U, _, Vh = np.linalg.svd(z * np.eye(len(W)) - W)
    move = np.outer(U[:, -1], Vh[-1])  # epsilon times that moves an eigenvalue to z
    part = move.real if np.linalg.norm(move.real) > TIE else move.imag
    starts = [steepest(part, norm, rank_one=rank_one)]
    E = real.perturbation
    if real.value > 0 and E is not None and not (rank_one and np.linalg.matrix_rank(E) > 1):
        starts.append(E.real / np.linalg.norm(E, 2 if norm == "spectral" else "fro"))
    return starts


def _slope(A: Array) -> Array:
    """(h, h) real gradient of the spectral radius; not finite where the eigenvalue is defective."""
    values, left, right = eig(A, left=True, right=True)
    i = int(np.abs(values).argmax())
    y, x = left[:, i], right[:, i]
    phase = values[i].conjugate() / abs(values[i]) if values[i] else 1.0
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        slope: Array = np.real(phase * np.outer(y.conj(), x) / np.vdot(y, x))
    return slope
