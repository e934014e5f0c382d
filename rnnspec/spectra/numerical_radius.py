"""Numerical radius: the largest modulus of a point of the numerical range."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnspec._checks import positive, square, warn_if_uncertified
from rnnspec.spectra.bracket import Bracket, why_unfinished
from rnnspec.spectra.engine import EPS
from rnnspec.spectra.engine.crossings import circle_candidates, pencil_eigenvalues
from rnnspec.spectra.engine.curve import ROUNDS, descend
from rnnspec.spectra.engine.dense import one_thread_if_small

Array = NDArray[Any]
# Angles at which the support function is looked at before the first level test.  A local maximum
# that they miss costs one more level test, which takes as long as some twenty of them.
START = 24


@warn_if_uncertified
@one_thread_if_small
def numerical_radius(
    A: ArrayLike,  # shape: (n, n)
    rtol: float = 1e-10,
) -> Bracket:
    """Numerical radius, the largest ``|x*Ax|`` over all x with ``||x|| = 1``.

    It lies between half the spectral norm and the spectral norm.

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
    of h.  Then h meets the level ``(1 + rtol) h`` only at angles of eigenvalues of
    ``z^2 A* - 2 level z I + A`` on the unit circle, and the values of h at these angles and between
    them either prove the maximum or show where to go on.  If the numerical range is a disc about 0,
    every angle is best, and the search needs no special case for it.  Cost O((2n)^3) for each level
    test; one to three are needed.

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
        return float(np.linalg.eigvalsh(hermitian_part(unit, angle))[-1])

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
    top = np.linalg.eigh(hermitian_part(unit, angle))[1][:, -1]
    upper = norm * ((1 + rtol) * value + rounding) if certified else norm
    lower = norm * (value - rounding)
    witness = complex(norm * (top.conj() @ unit @ top))
    why = "" if certified else why_unfinished(rtol, "a lower")
    return Bracket(norm * value, lower, upper, certified, witness, why=why)


def hermitian_part(
    A: Array,  # shape: (n, n)
    angle: float,
) -> Array:
    """Hermitian part of ``exp(-i angle) A``, whose largest eigenvalue is the support function.

    Examples
    --------
    >>> hermitian_part(np.array([[1.0, 2.0], [0.0, 3.0]]), 0.0)
    array([[1., 1.],
           [1., 3.]])
    """
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
