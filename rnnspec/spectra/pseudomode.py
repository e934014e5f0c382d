"""Pseudomodes: vectors that almost are eigenvectors, and the perturbation that makes them so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnspec._checks import square
from rnnspec._result import Result


@dataclass(frozen=True, eq=False, repr=False)
class Pseudomode(Result):
    """Smallest singular triplet of ``zI - A``: ``(zI - A) right = sigma_min left``.

    Attributes
    ----------
    z : complex
        The point.
    sigma_min : float
        Smallest singular value of ``zI - A``.
    right : ndarray of complex, shape (n,)
        The pseudomode, of norm 1; its largest entry is real and positive.
    left : ndarray of complex, shape (n,)
        The left singular vector, of norm 1.
    """

    z: complex
    sigma_min: float
    right: NDArray[np.complex128]
    left: NDArray[np.complex128]

    @property
    def perturbation(self) -> NDArray[Any]:
        """Matrix E of rank one with ``||E|| = sigma_min`` such that z is an eigenvalue of A + E."""
        return np.asarray(self.sigma_min * np.outer(self.left, self.right.conj()))


def pseudomode(
    A: ArrayLike,  # shape: (n, n)
    z: complex,
) -> Pseudomode:
    """Smallest singular value of ``zI - A`` with its singular vectors, for one point z.

    The right vector v is the pseudomode.  Since ``||A v - z v|| = sigma_min``, it is an eigenvector
    of A to within sigma_min.  With the left vector u, ``E = sigma_min u v*``, where ``v*`` is the
    conjugate transpose, is a matrix of smallest spectral norm for which ``(A + E) v = z v``.

    Parameters
    ----------
    A : array_like, shape (n, n)
    z : complex
        A point of the plane.

    Returns
    -------
    Pseudomode
        Its ``perturbation`` is E, shape (n, n).

    Raises
    ------
    ValueError
        If `A` is not square or has non-finite entries, or `z` is not finite.

    Notes
    -----
    Cost O(n^3), one SVD.

    References
    ----------
    .. [1] L. N. Trefethen and M. Embree, Spectra and Pseudospectra (2005), theorem 2.1.

    Examples
    --------
    The value is ``sqrt(0.5) - 0.5``, and z = 0.5 is an eigenvalue of the perturbed matrix:

    >>> mode = pseudomode([[0.0, 1.0], [0.0, 0.0]], 0.5)
    >>> round(mode.sigma_min, 6)
    0.207107
    >>> np.linalg.eigvals(np.array([[0, 1], [0, 0]]) + mode.perturbation).real.round(6)
    array([-0.353553,  0.5     ])
    """
    A = square(A)
    z = complex(z)
    if not np.isfinite(z):
        raise ValueError(f"`z` must be finite, got {z}")
    U, s, Vh = np.linalg.svd(z * np.eye(len(A)) - A)
    u, v = U[:, -1].astype(complex), Vh[-1].conj().astype(complex)
    largest = v[np.abs(v).argmax()]
    phase = abs(largest) / largest
    return Pseudomode(z=z, sigma_min=float(s[-1]), right=v * phase, left=u * phase)
