"""Matrices with constant diagonals: the symbol decides their pseudospectra."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rnnspec._checks import count, positive

Matrix = NDArray[np.float64]  # shape: (n, n)


def grcar(n: int, k: int = 3) -> Matrix:
    """Grcar's Toeplitz matrix: -1 below the diagonal, 1 on it and on `k` diagonals above.

    Its eigenvalues look harmless on a curve, yet rounding alone moves them: the usual first
    example.

    Parameters
    ----------
    n : int
        Number of rows, at least 1.
    k : int
        Number of diagonals of ones above the main one.

    Returns
    -------
    ndarray, shape (n, n)

    Raises
    ------
    ValueError
        If `n` is below 1.

    References
    ----------
    .. [1] J. Grcar, Operator coefficient methods for linear equations, Sandia report
       SAND89-8691 (1989).

    Examples
    --------
    >>> grcar(3)
    array([[ 1.,  1.,  1.],
           [-1.,  1.,  1.],
           [ 0., -1.,  1.]])
    """
    n = count(n, "n")
    ones = np.ones((n, n))
    return np.tril(np.triu(ones), k) - np.eye(n, k=-1)


def limacon(n: int) -> Matrix:
    """Toeplitz matrix with symbol ``t + t**2``: ones on the first two upper diagonals.

    It is nilpotent, but its pseudospectra fill the limacon that the symbol draws.

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
    .. [1] L. N. Trefethen and M. Embree, Spectra and Pseudospectra (2005), ch. 7.

    Examples
    --------
    >>> limacon(3)
    array([[0., 1., 1.],
           [0., 0., 1.],
           [0., 0., 0.]])
    """
    n = count(n, "n")
    return np.eye(n, k=1) + np.eye(n, k=2)


def convection_diffusion(n: int, length: float = 40.0) -> Matrix:
    """Central differences for ``u'' + u'`` on ``(0, length)`` with zero ends.

    Its eigenvalues are real and negative, but solutions grow before they decay, and the more the
    longer the interval is.  It was the first non-normal differential operator that was studied
    through pseudospectra.

    Parameters
    ----------
    n : int
        Number of rows, at least 1.
    length : float
        Length of the interval, above zero.

    Returns
    -------
    ndarray, shape (n, n)

    Raises
    ------
    ValueError
        If `n` is below 1, or `length` is not above zero.

    References
    ----------
    .. [1] S. C. Reddy and L. N. Trefethen, SIAM J. Appl. Math. 54 (1994), 1634-1649.

    Examples
    --------
    >>> convection_diffusion(2, length=3.0)
    array([[-2. ,  1.5],
           [ 0.5, -2. ]])
    """
    n = count(n, "n")
    h = positive(length, "length") / (n + 1)
    above, below = 1 / h**2 + 1 / (2 * h), 1 / h**2 - 1 / (2 * h)
    return -2 / h**2 * np.eye(n) + above * np.eye(n, k=1) + below * np.eye(n, k=-1)
