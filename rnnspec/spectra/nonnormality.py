"""How far a matrix is from normal: four numbers, of which none replaces another one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import schur

from rnnspec._checks import square
from rnnspec.spectra.engine.curve import power_of_two


def henrici_departure(
    A: ArrayLike,  # shape: (n, n)
) -> float:
    r"""Distance of A from normality, ``sqrt(||A||_F^2 - sum |lambda_i|^2)``.

    It is zero exactly when A is normal.  It is computed as the Frobenius norm of the strictly upper
    part of the Schur form, which loses no digits to the subtraction.  `henrici_relative` divides it
    by the Frobenius norm of A.

    Parameters
    ----------
    A : array_like, shape (n, n)

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If `A` is not square or has non-finite entries.

    Notes
    -----
    Cost O(n^3), one Schur form.

    References
    ----------
    .. [1] P. Henrici, Numer. Math. 4 (1962), 24-40.

    Examples
    --------
    >>> henrici_departure([[0.5, 3.0], [0.0, 0.5]])
    3.0
    """
    A, size = _divide_by_size(square(A))
    T, _ = schur(A, output="complex")
    return size * float(np.linalg.norm(np.triu(T, 1)))


def henrici_relative(
    A: ArrayLike,  # shape: (n, n)
) -> float:
    r"""Departure from normality relative to the size of A, ``henrici_departure(A) / ||A||_F``.

    It lies between 0, the value of a normal matrix, and 1, that of a nilpotent one.  For the zero
    matrix it is 0.

    Parameters
    ----------
    A : array_like, shape (n, n)

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If `A` is not square or has non-finite entries.

    Notes
    -----
    Cost O(n^3), one Schur form.

    References
    ----------
    .. [1] P. Henrici, Numer. Math. 4 (1962), 24-40.
    .. [2] L. N. Trefethen and M. Embree, Spectra and Pseudospectra (2005), ch. 48.

    Examples
    --------
    >>> henrici_relative([[0.0, 3.0], [0.0, 0.0]])
    1.0
    """
    A = square(A)
    departure, largest = henrici_departure(A), float(np.abs(A).max())
    # The entries are divided by the largest one first, since their squares may overflow.
    return departure / (largest * float(np.linalg.norm(A / largest))) if departure else 0.0


def commutator_norm(
    A: ArrayLike,  # shape: (n, n)
) -> float:
    """Frobenius norm of ``A A* - A* A``, which is zero exactly when A is normal.

    It grows with the square of A, and it is ``inf`` if it is beyond the largest float.

    Parameters
    ----------
    A : array_like, shape (n, n)

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If `A` is not square or has non-finite entries.

    Notes
    -----
    Cost O(n^3), two products.  The Henrici departure h and the commutator norm c satisfy
    ``c^2 / (6 ||A||_F^2) <= h^2 <= sqrt((n^3 - n) / 12) c``.

    References
    ----------
    .. [1] L. Elsner and M. H. C. Paardekooper, Linear Algebra Appl. 92 (1987), 107-124.

    Examples
    --------
    >>> round(commutator_norm([[0.0, 2.0], [0.0, 0.0]]), 12)
    5.656854249492
    """
    A, size = _divide_by_size(square(A))
    adjoint = A.conj().T
    return size * (size * float(np.linalg.norm(A @ adjoint - adjoint @ A)))


def eigenvector_condition(
    A: ArrayLike,  # shape: (n, n)
) -> float:
    """Condition number ``kappa(V) = ||V|| ||V^-1||`` of the matrix of unit eigenvectors.

    By Bauer and Fike, the epsilon-pseudospectrum lies within ``kappa(V) * epsilon`` of the
    eigenvalues.  It is 1 for a normal matrix with distinct eigenvalues, and ``inf`` if V is
    singular to working precision, which means that rounding cannot tell A from a matrix that is
    not diagonalisable.

    Parameters
    ----------
    A : array_like, shape (n, n)

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If `A` is not square or has non-finite entries.

    Notes
    -----
    Cost O(n^3).  The columns of V have norm 1, which is within a factor ``sqrt(n)`` of the best
    scaling.

    References
    ----------
    .. [1] F. L. Bauer and C. T. Fike, Numer. Math. 2 (1960), 137-141.

    Examples
    --------
    >>> eigenvector_condition([[1.0, 1.0], [0.0, 1.0]])
    inf
    >>> round(eigenvector_condition([[1.0, 1.0], [0.0, 2.0]]), 12)
    2.414213562373
    """
    _, V = np.linalg.eig(square(A))
    values = np.linalg.svd(V, compute_uv=False)
    rounding = len(V) * np.finfo(float).eps * values[0]
    return float(values[0] / values[-1]) if values[-1] > rounding else float("inf")


def numerical_abscissa(
    A: ArrayLike,  # shape: (n, n)
) -> float:
    """Numerical abscissa ``max eig (A + A*) / 2``: the growth rate of ``||exp(tA)||`` at t = 0.

    It is the largest real part of the numerical range, and at least the spectral abscissa.

    Parameters
    ----------
    A : array_like, shape (n, n)

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If `A` is not square or has non-finite entries.

    Notes
    -----
    Cost O(n^3).

    References
    ----------
    .. [1] L. N. Trefethen and M. Embree, Spectra and Pseudospectra (2005), theorem 17.4.

    Examples
    --------
    >>> numerical_abscissa([[-1.0, 4.0], [0.0, -1.0]])
    1.0
    """
    A = square(A)
    return float(np.linalg.eigvalsh((A + A.conj().T) / 2)[-1])


def _divide_by_size(A: NDArray[Any]) -> tuple[NDArray[Any], float]:
    """A divided by the power of two of its largest entry, and that power."""
    size = power_of_two(float(np.abs(A).max()))
    return A / size, size
