"""The numerical range (field of values) ``{x*Ax : ||x|| = 1}``: its outline and its radius."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnspec._checks import count, positive, square
from rnnspec._result import Result
from rnnspec.spectra.bracket import Bracket, warn_if_uncertified, why_unfinished
from rnnspec.spectra.engine.descent import descend
from rnnspec.spectra.engine.levelsets import EPS, ROUNDS, circle_candidates, pencil_eigenvalues
from rnnspec.spectra.engine.threads import one_thread_if_small

Array = NDArray[Any]
# Angles at which the support function is looked at before the first level test.  A local maximum
# that they miss costs one more level test, which takes as long as some twenty of them.
START = 24


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
    pairs = [np.linalg.eigh(_hermitian_part(A, angle)) for angle in at]
    support = np.array([values[-1] for values, _ in pairs])
    tops = np.array([vectors[:, -1] for _, vectors in pairs])
    inner = np.einsum("ki,ij,kj->k", tops.conj(), A, tops)
    along = (np.roll(support, -1) - support * np.cos(turn)) / np.sin(turn)
    return NumericalRange(at, support, inner, np.exp(1j * at) * (support + 1j * along))


@warn_if_uncertified
@one_thread_if_small
def numerical_radius(
    A: ArrayLike,  # shape: (n, n)
    rtol: float = 1e-10,
) -> Bracket:
    """Numerical radius ``max |x*Ax|``, ``||x|| = 1``: between half the spectral norm and all of it.

    Parameters
    ----------
    A : array_like, shape (n, n)
    rtol : float
        Relative width of the bracket at which the search ends.

    Returns
    -------
    Bracket
        ``witness`` is a point of the numerical range of that modulus.

    Raises
    ------
    ValueError
        If `A` is not square or has non-finite entries, or `rtol` is not above zero.

    Warns
    -----
    ConvergenceWarning
        If the search did not reach `rtol`; the value is then a lower bound.

    Notes
    -----
    The support function is ``h(angle)``, the largest eigenvalue of the Hermitian part of
    ``exp(-i angle) A``; its maximum is the numerical radius.  The search climbs to a local maximum
    of h.  Then h meets the level ``(1 + rtol) h`` only at angles of eigenvalues of ``z^2 A* - 2
    level z I + A`` on the unit circle, and the values of h at these angles and between them either
    prove the maximum or show where to go on.  A disc about 0, for which every angle is best, needs
    no special case.  Cost O((2n)^3) for each level test, of which one to three are needed.

    References
    ----------
    .. [1] E. Mengi and M. L. Overton, IMA J. Numer. Anal. 25 (2005), 648-669, theorem 3.1.
    .. [2] T. Mitchell, SIAM J. Sci. Comput. 45 (2023), A780-A806.

    Examples
    --------
    >>> round(float(numerical_radius([[0.0, 1.0], [0.0, 0.0]])), 12)
    0.5
    """
    A, rtol = square(A), positive(rtol, "rtol")
    norm = float(np.linalg.norm(A, 2))
    if norm == 0:
        return Bracket(0.0, 0.0, 0.0, certified=True, witness=0j)
    unit, rounding = A / norm, len(A) * EPS

    def height(angle: float) -> float:
        return float(np.linalg.eigvalsh(_hermitian_part(unit, angle))[-1])

    start = np.linspace(0, 2 * np.pi, START, endpoint=False)
    angle = float(start[int(np.argmax([height(a) for a in start]))])
    certified, value = False, 0.0
    for _ in range(ROUNDS):
        angle, value = _ascend(height, angle)
        level = (1 + rtol) * value
        candidates = _support_crossings(unit, level)
        heights = np.array([height(a) for a in candidates])
        if heights.max() <= level:
            certified = True
            break
        angle = float(candidates[heights.argmax()])
    top = np.linalg.eigh(_hermitian_part(unit, angle))[1][:, -1]
    upper = norm * ((1 + rtol) * value + rounding) if certified else norm
    lower = norm * (value - rounding)
    witness = complex(norm * (top.conj() @ unit @ top))
    why = "" if certified else why_unfinished(rtol, "a lower")
    return Bracket(norm * value, lower, upper, certified, witness, why=why)


def _hermitian_part(A: Array, angle: float) -> Array:
    turned = A if angle == 0 else np.exp(-1j * angle) * A
    return np.asarray((turned + turned.conj().T) / 2)


def _ascend(height: Callable[[float], float], angle: float) -> tuple[float, float]:
    angle, lowest = descend(lambda a: -height(a), angle, 2 * np.pi / START)
    return angle, -lowest


def _support_crossings(A: Array, level: float) -> Array:
    one, zero = np.eye(len(A)), np.zeros_like(A)
    left = np.block([[2 * level * one, -A], [one, zero]])
    right = np.block([[A.conj().T, zero], [zero, one]])
    alpha, beta = pencil_eigenvalues(left, right)
    return circle_candidates(alpha, beta, real=not np.iscomplexobj(A))
