r"""Products of Jacobians and their norms, in logarithms: however long, none overflows or vanishes.

.. math:: J_b \cdots J_a = e^{\ell} P,\qquad
          \log \|J_k \cdots J_1\|_2 \le \sum_j \log \|J_j\|_2
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnspec._checks import count, one_of
from rnnspec.dynamics.trajectory import DIRECTIONS

Array = NDArray[np.float64]


def jacobian_products(
    jacobians: ArrayLike,
    window: int | None = None,
    direction: str = "forward",
) -> tuple[Array, Array]:
    r"""Products :math:`J_{b} \cdots J_{a}` over windows of steps, however large or small.

    .. math:: J_{b} J_{b-1} \cdots J_{a} = e^{\ell}\, P,\qquad \|P\|_F = 1

    so that a growth beyond the range of floating point (a thousand steps at 10 %) is only a
    number :math:`\ell`.

    Parameters
    ----------
    jacobians : (n, t, s, s) array_like
        What `state_jacobians` gives; matrices of NaN, at padded steps, are left out.
    window : int, optional
        Number of steps from a to b in a product.  The windows follow one another, and the last
        may be shorter.  By default one window holds all t steps.
    direction : {"forward", "reverse"}
        ``reverse`` multiplies in the order in which a reverse direction reads,
        :math:`J_a \cdots J_b`.

    Returns
    -------
    P : (n, w, s, s) array, float64
        The product of each of the w = ceil(t / window) windows, scaled to Frobenius norm 1.  It is
        the scaled identity where a window has no real step, and 0 where the product is 0.
    log_scale : (n, w) array, float64
        Natural logarithms of the scales.

    Raises
    ------
    ValueError
        If the shape is wrong, `window` is below 1, or `direction` is unknown.

    Notes
    -----
    Cost O(n t s^3).

    Examples
    --------
    >>> P, log_scale = jacobian_products(np.full((1, 1000, 1, 1), 10.0))
    >>> P.ravel().tolist(), round(float(log_scale[0, 0] / np.log(10)), 9)
    ([1.0], 1000.0)
    """
    J = check_jacobians(jacobians)
    one_of(direction, "direction", DIRECTIONS)
    n, t, s, _ = J.shape
    window = t if window is None else count(window, "window")
    starts = range(0, t, window)
    P = np.broadcast_to(np.eye(s) / np.sqrt(s), (n, len(starts), s, s)).copy()
    log_scale = np.full((n, len(starts)), np.log(s) / 2)
    for k, start in enumerate(starts):
        for now in range(start, min(start + window, t)):
            real = ~np.isnan(J[:, now, 0, 0])
            left, right = (J[real, now], P[real, k])
            product = left @ right if direction == "forward" else right @ left
            size = _frobenius_norms(product)
            P[real, k] = product / size
            log_scale[real, k] += np.log(size[:, 0, 0])
    return P, log_scale


def check_jacobians(jacobians: ArrayLike) -> Array:
    """`jacobians` as an array (n, t, s, s), in which no size is 0.

    Raises
    ------
    ValueError
        If the shape is another.
    """
    J = np.asarray(jacobians, dtype=np.float64)
    if J.ndim != 4 or J.shape[2] != J.shape[3] or 0 in J.shape:
        raise ValueError(
            f"`jacobians` must have shape (n, t, s, s) as `state_jacobians` gives them, and no size"
            f" may be 0; got {J.shape}"
        )
    return J


def _frobenius_norms(A: Array) -> Array:
    """Norms (m, 1, 1) of matrices (m, s, s), with 1 in the place of 0: `A` is divided by them."""
    # The norm's own formula would square small entries, which then vanish.
    largest = np.abs(A).max((1, 2), keepdims=True)
    largest[largest == 0] = 1.0
    sizes: Array = largest * np.linalg.norm(A / largest, axis=(1, 2), keepdims=True)
    sizes[sizes == 0] = 1.0
    return sizes


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
