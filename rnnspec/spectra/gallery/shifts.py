"""Matrices that shift: Jordan blocks, chains, and the cycle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rnnspec._checks import count

Matrix = NDArray[np.float64]  # shape: (n, n)


def jordan(n: int, eigenvalue: float = 0.0) -> Matrix:
    """One Jordan block: a single eigenvalue, as defective as a matrix can be.

    A perturbation of size epsilon moves the eigenvalue by about ``epsilon ** (1 / n)``.

    Parameters
    ----------
    n : int
        Number of rows, at least 1.
    eigenvalue : float
        The entry of the diagonal.

    Returns
    -------
    ndarray, shape (n, n)

    Raises
    ------
    ValueError
        If `n` is below 1.

    References
    ----------
    .. [1] L. Reichel and L. N. Trefethen, Linear Algebra Appl. 162-164 (1992), 153-185.

    Examples
    --------
    >>> jordan(2, 0.5)
    array([[0.5, 1. ],
           [0. , 0.5]])
    """
    n = count(n, "n")
    return eigenvalue * np.eye(n) + np.eye(n, k=1)


def delay_line(n: int, gain: float = 1.0) -> Matrix:
    """Feed-forward chain in which each unit drives the next: memory that eigenvalues cannot see.

    All eigenvalues are 0, yet a signal survives n - 1 steps and is amplified by ``gain ** k``.

    Parameters
    ----------
    n : int
        Number of rows, at least 1.
    gain : float
        Factor from one unit to the next.

    Returns
    -------
    ndarray, shape (n, n)

    Raises
    ------
    ValueError
        If `n` is below 1.

    References
    ----------
    .. [1] S. Ganguli, D. Huh and H. Sompolinsky, PNAS 105 (2008), 18970-18975.

    Examples
    --------
    >>> delay_line(2, gain=3.0)
    array([[0., 0.],
           [3., 0.]])
    """
    n = count(n, "n")
    return gain * np.eye(n, k=-1)


def cyclic_shift(n: int) -> Matrix:
    """Cyclic permutation, a normal matrix whose eigenvalues are the n-th roots of unity.

    Its epsilon-pseudospectrum is exactly n discs: here the eigenvalues tell the whole truth.

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
    .. [1] L. N. Trefethen and M. Embree, Spectra and Pseudospectra (2005), ch. 2 and 3.

    Examples
    --------
    >>> cyclic_shift(3) @ [1, 2, 3]
    array([3., 1., 2.])
    """
    n = count(n, "n")
    return np.roll(np.eye(n), 1, axis=0)
