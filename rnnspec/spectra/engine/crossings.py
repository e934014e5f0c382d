"""Where a curve meets a level of ``sigma_min(zI - A)``: eigenvalues of a pencil of size 2n.

A point z of a circle or of a vertical line has ``sigma_min(zI - A) = level`` only if its parameter
is an eigenvalue of a matrix pencil of size 2n.  Every eigenvalue near the curve is taken as a
candidate.  Whether it is a crossing, or an eigenvalue that only came close, is not decided here by
a tolerance, but in `curve` by the values at the candidates and between them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eig, eigvals

Array = NDArray[Any]
# An eigenvalue this close to the curve, relative, may be a crossing: rounding moves defective ones
# far, and a candidate too many costs only one value.
NEAR = 0.1
SAME = 1e-11  # two eigenvalues mirrored in the curve have one parameter, to rounding
DUST = 1e-100  # relative size of what is taken for zero, far below rounding


def circle_crossings(A: Array, radius: float, level: float) -> Array:
    """Angles that hold every crossing of the circle ``|z| = radius``, and one between any two.

    With ``z = radius w``, a crossing ``(zI - A) v = level u``, ``(zI - A)* u = level v`` makes w
    an eigenvalue of modulus 1 of the pencil ``[[A, level I], [0, radius I]] - w [[radius I, 0],
    [level I, A*]]``.  For a real matrix the angles are those of the upper half plane.

    Parameters
    ----------
    A : ndarray, shape (n, n)
    radius, level : float

    Notes
    -----
    Cost O((2n)^3), the QZ algorithm.

    References
    ----------
    .. [1] E. Mengi and M. L. Overton, IMA J. Numer. Anal. 25 (2005), 648-669, theorem 2.4.
    .. [2] R. Byers, SIAM J. Sci. Stat. Comput. 9 (1988), 875-881.

    Examples
    --------
    >>> angles = circle_crossings(np.array([[0.5]]), radius=1.0, level=np.sqrt(1.25))
    >>> bool(np.isclose(angles, np.pi / 2).any())
    True
    """
    one, zero = np.eye(len(A)), np.zeros_like(A)
    size = max(radius, level, float(np.abs(A).max()))
    A, radius, level = without_dust(A / size), radius / size, level / size
    left = np.block([[A, level * one], [zero, radius * one]])
    right = np.block([[radius * one, zero], [level * one, A.conj().T]])
    alpha, beta = pencil_eigenvalues(left, right)
    return circle_candidates(alpha, beta, real=not np.iscomplexobj(A))


def pencil_eigenvalues(left: Array, right: Array) -> tuple[Array, Array]:
    """Eigenvalues ``alpha / beta`` of the pencil ``left - w right``, by the QZ algorithm.

    Columns that are a multiple of 512 bytes apart fight for the same lines of the cache, which is
    up to five times slower.  Then a decoupled row is added, with an infinite eigenvalue.

    Examples
    --------
    >>> alpha, beta = pencil_eigenvalues(np.diag([1.0, 3.0]), np.eye(2))
    >>> alpha / beta
    array([1.+0.j, 3.+0.j])
    """
    if len(left) % 64 == 0:
        left, right = np.pad(left, (0, 1)), np.pad(right, (0, 1))
        left[-1, -1] = 1.0
    alpha, beta = eig(left, right, right=False, homogeneous_eigvals=True, check_finite=False)
    return alpha, beta


def without_dust(A: Array) -> Array:
    """A with 0 for entries below 1e-100: with them LAPACK may not converge.

    Examples
    --------
    >>> without_dust(np.array([[1e-300, 1e-20]]))
    array([[0.e+00, 1.e-20]])
    """
    return np.where(np.abs(A) < DUST, 0.0, A)


def circle_candidates(alpha: Array, beta: Array, *, real: bool) -> Array:
    """Angles of the eigenvalues ``alpha / beta`` near the unit circle, and one between any two.

    Examples
    --------
    >>> circle_candidates(np.array([1j, 9.0]), np.array([1.0, 1.0]), real=True) / np.pi
    array([0.  , 0.25, 0.5 , 0.75, 1.  ])
    """
    a, b = np.abs(alpha), np.abs(beta)
    angles = np.angle(alpha * beta.conj())[np.abs(a - b) <= NEAR * (a + b)]
    if real:
        nodes = _sort_distinct(np.concatenate([[0.0], np.abs(angles), [np.pi]]))
        return _with_middles(nodes)
    nodes = _sort_distinct(angles) if angles.size else np.zeros(1)
    return _with_middles(np.append(nodes, nodes[0] + 2 * np.pi))


def line_crossings(A: Array, x: float, level: float) -> Array:
    """Imaginary parts that hold every crossing of ``Re z = x``, and one between any two.

    At a crossing, iy is an eigenvalue of the Hamiltonian matrix ``[[A - xI, level I], [-level I,
    xI - A*]]``.  For a real matrix the imaginary parts are those of the upper half plane.

    Parameters
    ----------
    A : ndarray, shape (n, n)
    x, level : float

    Notes
    -----
    Cost O((2n)^3), one eigenvalue problem.

    References
    ----------
    .. [1] R. Byers, SIAM J. Sci. Stat. Comput. 9 (1988), 875-881, theorem 1.

    Examples
    --------
    >>> line_crossings(np.array([[-1.0]]), x=0.0, level=np.sqrt(2)).round(9)
    array([0. , 0.5, 1. ])
    """
    one = np.eye(len(A))
    shifted = A - x * one
    found = eigvals(
        np.block([[shifted, level * one], [-level * one, -shifted.conj().T]]), check_finite=False
    )
    y = found.imag[np.abs(found.real) <= NEAR * np.abs(found).max()]
    if not np.iscomplexobj(A):
        return _with_middles(_sort_distinct(np.concatenate([[0.0], np.abs(y)])))
    return _with_middles(_sort_distinct(y)) if y.size else np.zeros(1)


def _sort_distinct(s: Array) -> Array:
    """`s` in increasing order, without repetitions."""
    s = np.sort(s)
    return s[np.diff(s, prepend=-np.inf) > SAME * (1 + np.abs(s))]


def _with_middles(s: Array) -> Array:
    """`s`, increasing, and the middle between any two neighbours."""
    return np.sort(np.concatenate([s, (s[1:] + s[:-1]) / 2]))
