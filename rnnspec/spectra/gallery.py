"""Named test matrices: what each one shows, and who wrote about it first.

Every function returns a new float64 array; the random ones take a seed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import companion as scipy_companion

from rnnspec._checks import positive

Matrix = NDArray[np.float64]  # shape: (n, n)


def grcar(n: int, k: int = 3) -> Matrix:
    """Grcar's Toeplitz matrix: -1 below the diagonal, 1 on it and on `k` diagonals above.

    Eigenvalues look harmless on a curve, and rounding alone moves them: the usual first example.

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
    _size(n)
    ones = np.ones((n, n))
    return np.tril(np.triu(ones), k) - np.eye(n, k=-1)


def jordan(n: int, eigenvalue: float = 0.0) -> Matrix:
    """One Jordan block: a single eigenvalue, as defective as a matrix can be.

    A perturbation of size epsilon moves the eigenvalue by about ``epsilon ** (1 / n)``.

    References
    ----------
    .. [1] L. Reichel and L. N. Trefethen, Linear Algebra Appl. 162-164 (1992), 153-185.

    Examples
    --------
    >>> jordan(2, 0.5)
    array([[0.5, 1. ],
           [0. , 0.5]])
    """
    _size(n)
    return eigenvalue * np.eye(n) + np.eye(n, k=1)


def delay_line(n: int, gain: float = 1.0) -> Matrix:
    """Feed-forward chain, each unit driving the next: the memory that eigenvalues cannot see.

    All eigenvalues are 0, yet a signal survives n - 1 steps, amplified by ``gain ** k``.

    References
    ----------
    .. [1] S. Ganguli, D. Huh and H. Sompolinsky, PNAS 105 (2008), 18970-18975.

    Examples
    --------
    >>> delay_line(2, gain=3.0)
    array([[0., 0.],
           [3., 0.]])
    """
    _size(n)
    return gain * np.eye(n, k=-1)


def cyclic_shift(n: int) -> Matrix:
    """Cyclic permutation: normal, eigenvalues the n-th roots of unity.

    Its epsilon-pseudospectrum is exactly n discs: the case where eigenvalues tell the whole truth.

    References
    ----------
    .. [1] L. N. Trefethen and M. Embree, Spectra and Pseudospectra (2005), ch. 2 and 3.

    Examples
    --------
    >>> cyclic_shift(3) @ [1, 2, 3]
    array([3., 1., 2.])
    """
    _size(n)
    return np.roll(np.eye(n), 1, axis=0)


def kahan(n: int) -> Matrix:
    """Kahan's triangular matrix, rows ``s**i * (1, -c, -c, ...)``, ``s**(n-1) = 0.1``.

    Nearly singular, though no diagonal entry is small.

    References
    ----------
    .. [1] W. Kahan, Numerical linear algebra, Canad. Math. Bull. 9 (1966), 757-801.

    Examples
    --------
    >>> kahan(3).diagonal().round(3)
    array([1.   , 0.316, 0.1  ])
    """
    _size(n)
    s = 0.1 ** (1 / max(n - 1, 1))
    c = np.sqrt(1 - s**2)
    unit: Matrix = np.eye(n) - c * np.triu(np.ones((n, n)), 1)
    return np.asarray(s ** np.arange(n)[:, None] * unit)


def demmel(n: int = 3, corner: float = 1e4) -> Matrix:
    """Upper triangular Toeplitz matrix ``-B**(j-i)``, with ``-corner`` at the top right.

    All eigenvalues are -1, and it is close to an unstable matrix: the counterexample to two
    conjectures on the distance to instability.

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
    _size(n)
    positive(corner, "corner")
    distance = np.subtract.outer(np.arange(n), np.arange(n)) * -1.0
    return np.where(distance < 0, 0.0, -(corner ** (distance / max(n - 1, 1))))


def limacon(n: int) -> Matrix:
    """Toeplitz matrix with symbol ``t + t**2``: ones on the first two upper diagonals.

    Nilpotent, but its pseudospectra fill the limacon that the symbol draws.

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
    _size(n)
    return np.eye(n, k=1) + np.eye(n, k=2)


def convection_diffusion(n: int, length: float = 40.0) -> Matrix:
    """Central differences for ``u'' + u'`` on ``(0, length)`` with zero ends.

    Real negative eigenvalues, but solutions grow before they decay, more so the longer the
    interval: the first non-normal differential operator that was studied through pseudospectra.

    References
    ----------
    .. [1] S. C. Reddy and L. N. Trefethen, SIAM J. Appl. Math. 54 (1994), 1634-1649.

    Examples
    --------
    >>> convection_diffusion(2, length=3.0)
    array([[-2. ,  1.5],
           [ 0.5, -2. ]])
    """
    _size(n)
    h = length / (n + 1)
    above, below = 1 / h**2 + 1 / (2 * h), 1 / h**2 - 1 / (2 * h)
    return -2 / h**2 * np.eye(n) + above * np.eye(n, k=1) + below * np.eye(n, k=-1)


def ginibre(n: int, seed: int) -> Matrix:
    """Independent normal entries of variance 1/n: what a recurrent layer starts from.

    Eigenvalues fill the unit disc while the norm tends to 2: radius and norm differ from day one.

    References
    ----------
    .. [1] J. Ginibre, J. Math. Phys. 6 (1965), 440-449.

    Examples
    --------
    >>> ginibre(2, seed=7).shape
    (2, 2)
    """
    _size(n)
    return np.asarray(np.random.default_rng(seed).standard_normal((n, n)) / np.sqrt(n))


def random_triangular(n: int, seed: int) -> Matrix:
    """Upper triangle of `ginibre`: condition number growing like ``2**n``.

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

    Normal; every eigenvalue and every singular value has modulus 1.

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


def companion(
    coefficients: ArrayLike,  # shape: (n + 1,), highest power first
) -> Matrix:
    """Companion matrix of a polynomial: its eigenvalues are the roots.

    Pseudospectra of (balanced) companion matrices match the sets of roots of nearby polynomials.

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

    LAPACK returns other numbers, off by about one: the eigenvalues sit inside a pseudospectrum
    of size 1e-13 that is several units wide.

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


def _size(n: int) -> None:
    if n < 1:
        raise ValueError(f"`n` must be at least 1, got {n}")
