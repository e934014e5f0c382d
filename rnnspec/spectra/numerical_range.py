"""The numerical range (field of values) ``{x*Ax : ||x|| = 1}``: its outline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnspec._checks import count, square
from rnnspec._result import Result
from rnnspec.spectra.engine.dense import one_thread_if_small
from rnnspec.spectra.numerical_radius import hermitian_part


@dataclass(frozen=True, eq=False, repr=False)
class NumericalRange(Result):
    """Two polygons, counterclockwise, with the numerical range between them.

    Attributes
    ----------
    angles : ndarray, shape (k,)
        Angles of the supporting lines' outer normals, from 0 on.
    support : ndarray, shape (k,)
        Largest real part of ``exp(-i angle) W(A)``.
    inner : ndarray of complex, shape (k,)
        Points of the boundary: the corners of the inner polygon.
    outer : ndarray of complex, shape (k,)
        Points where neighbouring supporting lines meet: the corners of the outer polygon.
    """

    angles: NDArray[np.float64]
    support: NDArray[np.float64]
    inner: NDArray[np.complex128]
    outer: NDArray[np.complex128]


@one_thread_if_small
def numerical_range(
    A: ArrayLike,  # shape: (n, n)
    angles: int = 360,
) -> NumericalRange:
    """Inner and outer polygon of the numerical range ``W(A) = {x*Ax : ||x|| = 1}``.

    W(A) is convex and contains the eigenvalues; for a normal matrix it is their convex hull.

    Parameters
    ----------
    A : array_like, shape (n, n)
    angles : int
        Number of supporting lines, at least 3, at equally spaced angles.  The gap between the two
        polygons falls with the square of this number.

    Returns
    -------
    NumericalRange

    Raises
    ------
    ValueError
        If `A` is not square or has non-finite entries, or `angles` is below 3.

    Notes
    -----
    Cost O(n^3) for each angle: the eigenvector to the largest eigenvalue of the Hermitian part of
    ``exp(-i angle) A``.

    References
    ----------
    .. [1] C. R. Johnson, SIAM J. Numer. Anal. 15 (1978), 595-602.

    Examples
    --------
    >>> numerical_range([[0.0, 2.0], [0.0, 0.0]], angles=4).inner.round(9) + 0
    array([ 1.+0.j,  0.+1.j, -1.+0.j,  0.-1.j])
    """
    A = square(A)
    turn = 2 * np.pi / count(angles, "angles", least=3)
    at = turn * np.arange(angles, dtype=np.float64)
    pairs = [np.linalg.eigh(hermitian_part(A, angle)) for angle in at]
    support = np.array([values[-1] for values, _ in pairs])
    tops = np.array([vectors[:, -1] for _, vectors in pairs])
    inner = np.einsum("ki,ij,kj->k", tops.conj(), A, tops)
    along = (np.roll(support, -1) - support * np.cos(turn)) / np.sin(turn)
    return NumericalRange(at, support, inner, np.exp(1j * at) * (support + 1j * along))
