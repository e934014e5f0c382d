"""The numerical range (field of values) ``{x*Ax : ||x|| = 1}``: its outline and its radius."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnspec._checks import ConvergenceWarning, count, positive, square
from rnnspec.spectra.bracket import Bracket
from rnnspec.spectra.engine import EPS
from rnnspec.spectra.engine.crossings import circle_candidates, pencil_eigenvalues
from rnnspec.spectra.engine.curve import ROUNDS, descend
from rnnspec.spectra.engine.dense import one_thread_if_small

Array = NDArray[Any]
START = 24  # directions looked at before the first level test


@dataclass(frozen=True, eq=False)
class NumericalRange:
    """Two polygons, counterclockwise, with the numerical range between them."""

    angles: NDArray[np.float64]  # shape: (k,), directions of the supporting lines
    support: NDArray[np.float64]  # shape: (k,), largest real part of exp(-i angle) W(A)
    inner: NDArray[np.complex128]  # shape: (k,), points of the boundary
    outer: NDArray[np.complex128]  # shape: (k,), corners where neighbouring lines meet


@one_thread_if_small
def numerical_range(
    A: ArrayLike,  # shape: (n, n)
    directions: int = 360,
) -> NumericalRange:
    """Inner and outer polygon of the numerical range ``W(A) = {x*Ax : ||x|| = 1}``.

    W(A) is convex and holds the eigenvalues; of a normal matrix it is their convex hull.

    Parameters
    ----------
    A : array_like, shape (n, n)
    directions : int
        Number of supporting lines, at least 3; the gap between the polygons falls with its square.

    Returns
    -------
    NumericalRange

    Raises
    ------
    ValueError
        If `A` is not square or has non-finite entries, or `directions` is below 3.

    Notes
    -----
    Cost O(n^3) a direction: the top eigenpair of the Hermitian part of ``exp(-i angle) A``.

    References
    ----------
    .. [1] C. R. Johnson, SIAM J. Numer. Anal. 15 (1978), 595-602.

    Examples
    --------
    >>> numerical_range([[0.0, 2.0], [0.0, 0.0]], directions=4).inner.round(9) + 0
    array([ 1.+0.j,  0.+1.j, -1.+0.j,  0.-1.j])
    """
    A = square(A)
    directions = count(directions, "directions", least=3)
    angles = 2 * np.pi * np.arange(directions) / directions
    pairs = [np.linalg.eigh(_hermitian_part(A, angle)) for angle in angles]
    support = np.array([values[-1] for values, _ in pairs])
    tops = np.array([vectors[:, -1] for _, vectors in pairs])
    inner = np.einsum("ki,ij,kj->k", tops.conj(), A, tops)
    turn = 2 * np.pi / directions
    along = (np.roll(support, -1) - support * np.cos(turn)) / np.sin(turn)
    return NumericalRange(angles, support, inner, np.exp(1j * angles) * (support + 1j * along))


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
        Relative width of the bracket.

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
        If the search did not end; the value is then a lower bound.

    Notes
    -----
    The support function ``h(angle) = max eig of the Hermitian part of exp(-i angle) A`` is made as
    large as it gets near the best angle known; the level ``(1 + rtol) h`` is then met only at
    unimodular eigenvalues of ``z^2 A* - 2 level z I + A``, and the values there and between decide
    where to go on.  A disc about 0, for which every angle is best, needs no special case.  Cost
    O((2n)^3) a level test, one to three of them.

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
    else:
        warnings.warn(
            f"the search did not reach rtol={rtol:g}: the value is a lower bound",
            ConvergenceWarning,
            stacklevel=3,
        )
    top = np.linalg.eigh(_hermitian_part(unit, angle))[1][:, -1]
    upper = norm * ((1 + rtol) * value + rounding) if certified else norm
    lower = norm * (value - rounding)
    witness = complex(norm * (top.conj() @ unit @ top))
    return Bracket(norm * value, lower, upper, certified, witness)


def _hermitian_part(A: Array, angle: float) -> Array:
    turned = A if angle == 0 else np.exp(-1j * angle) * A
    return np.asarray((turned + turned.conj().T) / 2)


def _ascend(height: Any, angle: float) -> tuple[float, float]:
    angle, lowest = descend(lambda a: -height(a), angle, 2 * np.pi / START)
    return angle, -lowest


def _support_crossings(A: Array, level: float) -> Array:
    one, zero = np.eye(len(A)), np.zeros_like(A)
    left = np.block([[2 * level * one, -A], [one, zero]])
    right = np.block([[A.conj().T, zero], [zero, one]])
    alpha, beta = pencil_eigenvalues(left, right)
    return circle_candidates(alpha, beta, real=not np.iscomplexobj(A))
