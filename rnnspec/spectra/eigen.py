"""Eigenvalues, and the three numbers that are easily confused: radius, abscissa, norm."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnspec._checks import square

# Trained weights are stored in float32.  Measured on orthogonal and on random matrices of spectral
# radius 1 with 16 to 512 rows, this rounding moves the radius by at most 1e-8; a matrix whose
# eigenvalues have condition numbers up to 100 is covered by 1e-6.  Nearer to 1 than this, rounding
# decides on which side of the unit circle the matrix lies.
EDGE = 1e-6


def on_edge(spectral_radius: float) -> bool:
    """Whether rounding in single precision decides if this spectral radius is below or above 1.

    Examples
    --------
    >>> on_edge(1 + 5e-8), on_edge(0.999)
    (True, False)
    """
    return abs(spectral_radius - 1) <= EDGE


def eigenvalues(
    A: ArrayLike,  # shape: (n, n)
) -> NDArray[np.complex128]:
    """Eigenvalues of `A` as LAPACK computes them.

    They are the exact eigenvalues of some A + E with ``||E||`` of about 1e-16 ``||A||``.

    Parameters
    ----------
    A : array_like, shape (n, n)

    Returns
    -------
    ndarray, shape (n,)
        Complex, in LAPACK's order, repeated by multiplicity.

    Raises
    ------
    ValueError
        If `A` is not square or has non-finite entries.

    Notes
    -----
    Cost O(n^3).  Golub and Van Loan, Matrix Computations, 4th ed. (2013), section 7.5.

    Examples
    --------
    >>> eigenvalues([[0.0, 1.0], [-1.0, 0.0]])
    array([0.+1.j, 0.-1.j])
    """
    return np.linalg.eigvals(square(A)).astype(np.complex128)


def spectral_radius(
    A: ArrayLike,  # shape: (n, n)
) -> float:
    """Spectral radius ``max |lambda_i|``: the asymptotic growth factor of ``A^k``.

    It is not the largest singular value, which `spectral_norm` returns and which is at least as
    large.

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
    Cost O(n^3).  Horn and Johnson, Matrix Analysis, 2nd ed. (2013), theorem 5.6.9.

    Examples
    --------
    >>> spectral_radius([[0.5, 3.0], [0.0, 0.5]])
    0.5
    """
    return float(np.abs(eigenvalues(A)).max())


def spectral_abscissa(
    A: ArrayLike,  # shape: (n, n)
) -> float:
    """Spectral abscissa ``max Re lambda_i``: the asymptotic growth rate of ``exp(tA)``.

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
    Cost O(n^3).  Trefethen and Embree, Spectra and Pseudospectra (2005), ch. 14.

    Examples
    --------
    >>> spectral_abscissa([[-1.0, 3.0], [0.0, -2.0]])
    -1.0
    """
    return float(eigenvalues(A).real.max())


def spectral_norm(
    A: ArrayLike,  # shape: (n, n)
) -> float:
    """Spectral norm ``max ||Ax|| / ||x||``: the largest singular value.

    It is the most by which one step can amplify a vector.

    It is not the largest modulus of an eigenvalue, which `spectral_radius` returns.

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
    Cost O(n^3).  Golub and Van Loan, Matrix Computations, 4th ed. (2013), section 2.3.

    Examples
    --------
    >>> spectral_norm([[0.0, 2.0], [0.0, 0.0]])
    2.0
    """
    values: NDArray[Any] = np.linalg.svd(square(A), compute_uv=False)
    return float(values[0])


def real_if_possible(A: NDArray[Any]) -> NDArray[Any]:
    """`A` itself, or its real part if all imaginary parts are 0.

    Examples
    --------
    >>> real_if_possible(np.array([1 + 0j, 2])), real_if_possible(np.array([1j]))
    (array([1., 2.]), array([0.+1.j]))
    """
    return A.real.copy() if np.iscomplexobj(A) and not A.imag.any() else A
