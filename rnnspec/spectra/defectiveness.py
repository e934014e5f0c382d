"""How near a matrix is to one that is not diagonalisable, for each eigenvalue and as a whole."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import eig

from rnnspec._checks import square
from rnnspec.spectra.bracket import Bracket
from rnnspec.spectra.nonnormality import eigenvector_condition

Array = NDArray[Any]


def eigenvalue_conditions(
    A: ArrayLike,  # shape: (n, n)
) -> NDArray[np.float64]:
    """Condition numbers ``1 / |y* x|`` of the eigenvalues, with unit left and right eigenvectors.

    A perturbation of size epsilon moves a simple eigenvalue by at most its condition number times
    epsilon, to first order.  It is 1 for every eigenvalue of a normal matrix.

    Parameters
    ----------
    A : array_like, shape (n, n)

    Returns
    -------
    ndarray, shape (n,)
        In the order of `eigenvalues`; ``inf`` where the eigenvalue is defective to working
        precision.

    Raises
    ------
    ValueError
        If `A` is not square or has non-finite entries.

    Notes
    -----
    Cost O(n^3).  The eigenvectors of a semisimple multiple eigenvalue are not unique; the value is
    then that of the eigenvectors which LAPACK returns.

    References
    ----------
    .. [1] L. N. Trefethen and M. Embree, Spectra and Pseudospectra (2005), ch. 52.

    Examples
    --------
    >>> eigenvalue_conditions([[1.0, 1.0], [0.0, 2.0]]).round(9)
    array([1.41421356, 1.41421356])
    >>> eigenvalue_conditions([[1.0, 1.0], [0.0, 1.0]])
    array([inf, inf])
    """
    return _conditions(square(A))[1]


def distance_to_defective(
    A: ArrayLike,  # shape: (n, n)
) -> Bracket:
    """Bounds on the smallest ``||E||`` for which ``A + E`` has a multiple eigenvalue.

    Every matrix with a multiple eigenvalue is a limit of matrices that are not diagonalisable.  So
    no perturbation smaller than ``lower`` makes `A` lose its basis of eigenvectors, and some
    perturbation of size ``upper``, or only slightly larger, does.

    Parameters
    ----------
    A : array_like, shape (n, n)
        At least two rows.

    Returns
    -------
    Bracket
        ``value`` is the upper bound.  ``certified`` says whether the two bounds agree to 1e-10,
        relative, as they do for a normal matrix.  ``witness`` is the eigenvalue that the upper
        bound makes multiple.

    Raises
    ------
    ValueError
        If `A` is not square, is 1 by 1, or has non-finite entries.

    Notes
    -----
    Cost O(n^3).  The lower bound is ``min |lambda_i - lambda_j| / (2 kappa(V))``.  For a smaller
    change the discs of Bauer and Fike stay apart, and each holds one eigenvalue.  The upper bound
    is the least of three sizes, each of which suffices to make two eigenvalues equal.  The first
    is half the gap between two eigenvalues on the diagonal of the Schur form.  The second is
    ``gap^2 / (4 |t|)``, for a change below the diagonal, where t is the entry of the Schur form
    that couples the two.  The third is Wilkinson's ``||A - lambda I|| / sqrt(kappa^2 - 1)`` with
    the condition number kappa of lambda.  No bound needs a search, so there is no tolerance to
    choose.

    References
    ----------
    .. [1] J. H. Wilkinson, Utilitas Math. 25 (1984), 5-76.
    .. [2] F. L. Bauer and C. T. Fike, Numer. Math. 2 (1960), 137-141.

    Examples
    --------
    >>> found = distance_to_defective([[1.0, 0.0], [0.0, 2.0]])
    >>> found.lower, found.upper, found.certified
    (0.5, 0.5, True)
    >>> float(distance_to_defective([[1.0, 5.0], [0.0, 1.0]]))
    0.0
    """
    A = square(A)
    n = len(A)
    if n == 1:
        raise ValueError("`A` must have at least two rows, got shape (1, 1): it has one eigenvalue")
    values, conditions = _conditions(A)
    gaps = np.abs(values[:, None] - values) + np.where(np.eye(n), np.inf, 0.0)
    lower = float(gaps.min()) / (2 * eigenvector_condition(A))
    joined = gaps / 2 * np.minimum(1.0, _corner(A))
    upper, witness = float(joined.min()), complex(values[int(joined.min(axis=0).argmin())])
    worst = int(conditions.argmax())
    # Nearer to 1, the square root would be of rounding alone.
    if conditions[worst] > 1 + 1e-8:
        shifted = float(np.linalg.norm(A - values[worst] * np.eye(n), 2))
        wilkinson = shifted / np.sqrt(float(conditions[worst]) ** 2 - 1)
        if wilkinson < upper:
            upper, witness = float(wilkinson), complex(values[worst])
    lower = min(lower, upper)
    if upper - lower <= 1e-10 * upper:
        return Bracket(upper, lower, upper, certified=True, witness=witness)
    why = "the two bounds differ: the value is an upper bound"
    return Bracket(upper, lower, upper, certified=False, witness=witness, why=why)


def _corner(A: Array) -> NDArray[np.float64]:
    """``gap / (2 |t|)`` of each pair of eigenvalues, with the entry t between them.

    The entry is that of a Schur form which begins with the pair.  It satisfies
    ``|t| = gap |c| / sqrt(1 - |c|^2)`` with the inner product c of the unit eigenvectors.
    """
    _, V = np.linalg.eig(A)
    cosine = np.minimum(np.abs(V.conj().T @ V), 1.0)
    sine = np.sqrt(np.maximum(1 - cosine**2, 4 * len(A) * np.finfo(float).eps))
    return np.asarray(sine / (2 * np.maximum(cosine, 1e-300)))


def _conditions(A: Array) -> tuple[NDArray[np.complex128], NDArray[np.float64]]:
    values, left, right = eig(A, left=True, right=True)
    inner = np.abs((left.conj() * right).sum(axis=0))
    rounding = len(A) * np.finfo(float).eps
    # An inner product below rounding cannot be told from 0.
    conditions = np.full(len(A), np.inf)
    np.divide(1.0, inner, out=conditions, where=inner > rounding)
    return values.astype(np.complex128), np.maximum(conditions, 1.0)
