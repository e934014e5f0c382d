r"""Products of Jacobians over windows of steps, however large or small.

.. math:: J_b \cdots J_a = e^{\ell} P,\qquad \|P\|_F = 1
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

    so that even a growth beyond the range of floating point, for example by a factor of 10 in each
    of a thousand steps, is an ordinary number :math:`\ell`.

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
