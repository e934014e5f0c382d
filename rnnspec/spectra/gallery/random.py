"""Random matrices, those from which recurrent layers start among them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rnnspec._checks import count, seed_number

Matrix = NDArray[np.float64]  # shape: (n, n)


def ginibre(n: int, seed: int) -> Matrix:
    """Independent normal entries of variance 1/n: what a recurrent layer starts from.

    The eigenvalues fill the unit disc, but the norm tends to 2: they differ before any training.

    Parameters
    ----------
    n : int
        Number of rows, at least 1.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    ndarray, shape (n, n)

    Raises
    ------
    ValueError
        If `n` is below 1, or `seed` is no integer from 0 to 2**32 - 1.

    References
    ----------
    .. [1] J. Ginibre, J. Math. Phys. 6 (1965), 440-449.

    Examples
    --------
    >>> ginibre(2, seed=7).shape
    (2, 2)
    """
    n = count(n, "n")
    return np.asarray(np.random.default_rng(seed_number(seed)).standard_normal((n, n)) / np.sqrt(n))


def random_triangular(n: int, seed: int) -> Matrix:
    """Upper triangle of `ginibre`; its condition number grows like ``2**n``.

    Parameters
    ----------
    n : int
        Number of rows, at least 1.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    ndarray, shape (n, n)

    Raises
    ------
    ValueError
        If `n` is below 1, or `seed` is no integer from 0 to 2**32 - 1.

    References
    ----------
    .. [1] D. Viswanath and L. N. Trefethen, SIAM J. Matrix Anal. Appl. 19 (1998), 564-581.

    Examples
    --------
    >>> random_triangular(2, seed=7)[1, 0]
    np.float64(0.0)
    """
    return np.triu(ginibre(n, seed))


def random_orthogonal(n: int, seed: int) -> Matrix:
    """Orthogonal matrix with Haar measure: the other usual start of a recurrent layer.

    It is normal, and every eigenvalue and every singular value has modulus 1.

    Parameters
    ----------
    n : int
        Number of rows, at least 1.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    ndarray, shape (n, n)

    Raises
    ------
    ValueError
        If `n` is below 1, or `seed` is no integer from 0 to 2**32 - 1.

    References
    ----------
    .. [1] F. Mezzadri, Notices Amer. Math. Soc. 54 (2007), 592-604.

    Examples
    --------
    >>> Q = random_orthogonal(4, seed=7)
    >>> bool(np.allclose(Q.T @ Q, np.eye(4)))
    True
    """
    Q, R = np.linalg.qr(ginibre(n, seed))
    return np.asarray(Q * np.sign(R.diagonal()))
