r"""Norms of products of matrices, in logarithms: however long, none overflows or vanishes.

.. math:: \log \|J_k \cdots J_1\|_2 \le \sum_j \log \|J_j\|_2
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def log_product_norms(
    J: Array,  # shape: (n, t, s, s)
) -> tuple[Array, Array]:
    r"""Natural logarithms of :math:`\|J_k \cdots J_1\|_2`, and the vectors most amplified.

    Returns
    -------
    log_norms : (n, t + 1) array
        Column k is of k factors, and 0 for k = 0.  It is -inf where the product is 0, and NaN from
        a matrix of NaN on; if that is the first, in the whole row.
    vectors : (n, s) array
        Unit vectors v with :math:`\|J_k \cdots J_1 v\| = \|J_k \cdots J_1\|`, for the first k >= 1
        at which that is largest.

    Notes
    -----
    Cost O(s^3) for each factor: one product and one norm.

    Examples
    --------
    >>> shear = np.array([[0.0, 4.0], [0.0, 0.0]])
    >>> log_norms, v = log_product_norms(np.stack([shear, shear])[None])
    >>> np.exp(log_norms).round(12).tolist(), abs(v).tolist()
    ([[1.0, 4.0, 0.0]], [[0.0, 1.0]])
    """
    n, t, s, _ = J.shape
    log_norms = np.full((n, t + 1), np.nan)
    log_norms[~np.isnan(J[:, 0, 0, 0]), 0] = 0.0
    P, scale = np.broadcast_to(np.eye(s), (n, s, s)), np.zeros(n)
    peak, largest = P.copy(), np.full(n, -np.inf)
    for k in range(t):
        P = J[:, k] @ P
        size = spectral_norms(P)
        log_norms[:, k + 1] = scale + log(size)
        P = P / np.where(size > 0, size, 1.0)[:, None, None]
        scale += log(np.where(size > 0, size, 1.0))
        rises = log_norms[:, k + 1] > largest
        peak[rises], largest[rises] = P[rises], log_norms[rises, k + 1]
    return log_norms, np.linalg.svd(peak)[2][:, 0]


def log_norm_products(
    J: Array,  # shape: (n, t, s, s)
) -> Array:
    r"""Natural logarithms (n, t + 1) of :math:`\prod_j \|J_j\|_2`; NaN as in `log_product_norms`.

    Examples
    --------
    >>> log_norm_products(np.array([[[[0.5]], [[np.e]]]])).round(9).tolist()
    [[0.0, -0.693147181, 0.306852819]]
    """
    sizes = log(spectral_norms(J))
    start = np.where(np.isnan(sizes[:, :1]), np.nan, 0.0)
    return np.concatenate([start, np.cumsum(sizes, axis=1)], axis=1)


def spectral_norms(J: Array) -> Array:
    """Spectral norms (...) of matrices (..., s, s); that of a matrix of NaN is NaN."""
    found, real = np.full(J.shape[:-2], np.nan), ~np.isnan(J[..., 0, 0])  # LAPACK rejects NaN
    found[real] = np.linalg.norm(J[real], 2, axis=(1, 2))
    return found


def log(sizes: Array) -> Array:
    """Natural logarithms; the logarithm of 0 is -inf, without a warning."""
    with np.errstate(divide="ignore"):
        return np.log(sizes)
