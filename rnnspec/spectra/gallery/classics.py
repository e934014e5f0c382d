"""Matrices that became known for one property that eigenvalues hide."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import companion as scipy_companion

from rnnspec._checks import count, positive

Matrix = NDArray[np.float64]  # shape: (n, n)


def kahan(n: int) -> Matrix:
    """Kahan's triangular matrix, rows ``s**i * (1, -c, -c, ...)``, ``s**(n-1) = 0.1``.

    It is nearly singular, though no diagonal entry is small.

    Parameters
    ----------
    n : int
        Number of rows, at least 1.

    Returns
    -------
    ndarray, shape (n, n)

    Raises
    ------
    ValueError
        If `n` is below 1.

    References
    ----------
    .. [1] W. Kahan, Numerical linear algebra, Canad. Math. Bull. 9 (1966), 757-801.

    Examples
    --------
    >>> kahan(3).diagonal().round(3)
    array([1.   , 0.316, 0.1  ])
    """
    n = count(n, "n")
    s = 0.1 ** (1 / max(n - 1, 1))
    c = np.sqrt(1 - s**2)
    unit: Matrix = np.eye(n) - c * np.triu(np.ones((n, n)), 1)
    return np.asarray(s ** np.arange(n)[:, None] * unit)


def demmel(n: int = 3, corner: float = 1e4) -> Matrix:
    """Upper triangular Toeplitz matrix ``-B**(j-i)``, with ``-corner`` at the top right.

    All eigenvalues are -1, yet an unstable matrix is near: this is the counterexample to two
    conjectures on the distance to instability.

    Parameters
    ----------
    n : int
        Number of rows, at least 1.
    corner : float
        Size of the top right entry, above zero: B is its root of order n - 1.

    Returns
    -------
    ndarray, shape (n, n)

    Raises
    ------
    ValueError
        If `n` is below 1, or `corner` is not above zero.

    References
    ----------
    .. [1] J. W. Demmel, A counterexample for two conjectures about stability,
       IEEE Trans. Automat. Control 32 (1987), 340-342.

    Examples
    --------
    >>> demmel()
    array([[-1.e+00, -1.e+02, -1.e+04],
           [ 0.e+00, -1.e+00, -1.e+02],
           [ 0.e+00,  0.e+00, -1.e+00]])
    """
    n = count(n, "n")
    positive(corner, "corner")
    distance = np.subtract.outer(np.arange(n), np.arange(n)) * -1.0
    return np.where(distance < 0, 0.0, -(corner ** (distance / max(n - 1, 1))))


def companion(
    coefficients: ArrayLike,  # shape: (n + 1,)
) -> Matrix:
    """Companion matrix of a polynomial: its eigenvalues are the roots.

    Pseudospectra of (balanced) companion matrices match the sets of roots of nearby polynomials.

    Parameters
    ----------
    coefficients : array_like, shape (n + 1,)
        Coefficients of the polynomial, the highest power first; the first is not 0.

    Returns
    -------
    ndarray, shape (n, n)

    Raises
    ------
    ValueError
        If `coefficients` is no such vector.

    References
    ----------
    .. [1] K.-C. Toh and L. N. Trefethen, Numer. Math. 68 (1994), 403-425.

    Examples
    --------
    >>> companion([1, -3, 2])
    array([[ 3., -2.],
           [ 1.,  0.]])
    """
    values = np.asarray(coefficients, dtype=np.float64)
    if values.ndim != 1 or values.size < 2 or values[0] == 0:
        raise ValueError(
            "`coefficients` must be a vector of at least 2 numbers, the first not 0,"
            f" got {values.tolist()}"
        )
    return np.asarray(scipy_companion(values))


def godunov() -> Matrix:
    """Godunov's 7 x 7 integer matrix: exact eigenvalues 0, +-1, +-2, +-4.

    LAPACK returns numbers that are wrong by about one: the eigenvalues lie inside a pseudospectrum
    of size 1e-13 that is several units wide.

    Returns
    -------
    ndarray, shape (7, 7)

    References
    ----------
    .. [1] S. K. Godunov, Modern Aspects of Linear Algebra (1998), AMS.

    Examples
    --------
    >>> godunov().trace()
    np.float64(0.0)
    """
    return np.array(
        [
            [289, 2064, 336, 128, 80, 32, 16],
            [1152, 30, 1312, 512, 288, 128, 32],
            [-29, -2000, 756, 384, 1008, 224, 48],
            [512, 128, 640, 0, 640, 512, 128],
            [1053, 2256, -504, -384, -756, 800, 208],
            [-287, -16, 1712, -128, 1968, -30, 2032],
            [-2176, -287, -1565, -512, -541, -1152, -289],
        ],
        dtype=np.float64,
    )
