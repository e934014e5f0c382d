r"""The few axes along which states vary most, for pictures of a state space.

.. math:: C = \frac{1}{m}\sum_i (s_i - \bar s)(s_i - \bar s)^T = V \Lambda V^T

The leading eigenvectors are the principal axes; no other k axes hold more of the variance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnspec._result import Result


@dataclass(frozen=True, eq=False, repr=False)
class PrincipalAxes(Result):
    """An origin, k orthonormal axes, and the share of the variance along each.

    Attributes
    ----------
    mean : array, shape (s,)
        The mean of the states, which is the origin.
    axes : array, shape (k, s)
        Orthonormal rows.
    shares : array, shape (k,)
        Shares of the whole variance, from the largest.
    """

    mean: NDArray[np.float64]
    axes: NDArray[np.float64]
    shares: NDArray[np.float64]

    def project(self, states: ArrayLike) -> NDArray[np.float64]:
        """Coordinates (..., k) of `states` (..., s) along the axes; NaN where a state has a NaN.

        Raises
        ------
        ValueError
            If a state is of another size.
        """
        s = np.asarray(states, dtype=np.float64)
        if s.shape[-1:] != self.mean.shape:
            raise ValueError(f"`states` must have shape (..., {len(self.mean)}), got {s.shape}")
        coordinates: NDArray[np.float64] = (s - self.mean) @ self.axes.T
        return coordinates


def principal_axes(states: ArrayLike, k: int = 3) -> PrincipalAxes:
    """The k orthonormal axes along which `states` vary most.

    Parameters
    ----------
    states : (..., s) array_like
        As `state_trajectory` gives them; states with a NaN, at padded steps, are left out.
    k : int, default 3
        Number of axes, for example 2 or 3 for a picture.

    Returns
    -------
    PrincipalAxes
        The largest entry of each axis is positive, so that the same states give the same
        picture.  The shares are 0 if no state differs from another.

    Raises
    ------
    ValueError
        If there is no state, one is infinite, or `k` is not from 1 to s.

    Notes
    -----
    Cost O(m s^2 + s^3) for m states.

    References
    ----------
    .. [1] I. T. Jolliffe, Principal Component Analysis, 2nd ed. (Springer, 2002), section 1.1.

    Examples
    --------
    >>> found = principal_axes([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]], k=1)
    >>> found.axes.round(9), found.shares.round(9)
    (array([[0.6, 0.8]]), array([1.]))
    >>> found.project([[3.0, 4.0], [6.0, 8.0]]).round(9) + 0
    array([[0.],
           [5.]])
    """
    s = np.asarray(states, dtype=np.float64)
    if s.ndim < 2:
        raise ValueError(f"`states` must have shape (..., s), got {s.shape}")
    s = s.reshape(-1, s.shape[-1])
    s = s[~np.isnan(s).any(axis=1)]
    if not len(s):
        raise ValueError("`states` must hold at least one state without NaN, got none")
    if np.isinf(s).any():
        raise ValueError("`states` must be finite, got an infinite one (a network that diverged?)")
    if not 1 <= k <= s.shape[1]:
        raise ValueError(f"`k` must be from 1 to {s.shape[1]}, the size of a state, got {k}")
    mean = s.mean(axis=0)
    variances, V = np.linalg.eigh((s - mean).T @ (s - mean) / len(s))
    axes = V.T[::-1][:k]
    largest = axes[np.arange(k), np.abs(axes).argmax(axis=1)]
    shares = np.maximum(variances[::-1][:k], 0) / (variances.sum() or 1.0)
    return PrincipalAxes(mean, axes * np.sign(largest)[:, None], shares)
