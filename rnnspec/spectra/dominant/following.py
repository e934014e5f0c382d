r"""The dominant eigenvalue and singular value of matrices that move a little at a time.

From one update of the weights to the next a block V of vectors is kept.  Each time it is widened
to a block Krylov space of the present matrix,

.. math:: \mathcal B = \operatorname{span}\{V, W V_{1:4}, W^2 V_{1:4}, \dots\},

on which W is a small matrix H.  The dominant pair of H is read off a high power of H; the next
block is this pair and columns of :math:`H^{64}`.  A second space, of W transposed, gives the left
vector u, and with the right one v the two-sided quotient :math:`u^\top W v/u^\top v`, whose error
is the product of the two vectors' errors (Ostrowski, 1959).  A matrix of order 96 or less is its
own H.

As in `rnnspec.spectra.dominant.estimate` the pair is returned by the factors u and w of the
gradient, :math:`q = \sum_r u_r^\top W w_r`.  The sums are compiled; `kernels` says why.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec.spectra.dominant.estimate import exact_pair
from rnnspec.spectra.dominant.kernels import (
    SQUARED,
    both_sides,
    high_power,
    krylov,
    leading_pair,
    pair,
    stretch,
)

Array = NDArray[Any]

SMALL = 96  # orders that are squared as they are: a space would cost as much, and be less exact
# Vectors beyond the block: for the radius so many in all, shared by the gates, so that an update
# costs the same with few or many; for the norm, of a symmetric matrix, 8 are enough.
GROWN, AT_MOST, GROWN_SYMMETRIC = 48, 32, 8
# How far from the growth of powers a quotient is believed: the growth errs by 0.2 % on W itself,
# and by more on a space, whose powers are fewer.
AGREE_ON_SPACE, AGREE = 0.03, 0.002


def follow_radius(W: Array, right: Array, left: Array) -> tuple[Array, Array, Array]:
    """Spectral radius of each matrix of a stack, after one more update.

    Where no eigenvalue stands out from the others, an orthogonal matrix say, LAPACK decides up to
    n = 96; beyond, q is the growth of powers, and the factors are those of a vector that grows so.

    Parameters
    ----------
    W : ndarray, shape (g, n, n)
    right, left : ndarray, shape (g, b, n)
        The blocks, changed in place.

    Returns
    -------
    q : ndarray, shape (g,)
    u, w : ndarray, shape (g, 2, n)

    Notes
    -----
    About 10 n^3 flops up to n = 96, and 100 n^2 beyond.

    Examples
    --------
    >>> W, block = np.array([[[0.0, -0.9], [0.9, 0.0]]]), np.eye(2)[None]
    >>> follow_radius(W, block, block)[0].round(12)
    array([0.9])
    """
    g, n, _ = W.shape
    q, sure, u, w = np.zeros(g), np.zeros(g, bool), np.zeros((g, 2, n)), np.zeros((g, 2, n))
    if n > SMALL:
        both_sides(W, right, left, min(AT_MOST, GROWN // g), AGREE_ON_SPACE, q, u, w)
        return q, u, w
    for k in range(g):
        A = W[k].astype(np.float64)
        growth, P = high_power(A, np.zeros((n, 0)))
        w[k] = leading_pair(A, P)[2]
        u[k] = leading_pair(np.ascontiguousarray(A.T), np.ascontiguousarray(P.T))[2]
        q[k], sure[k] = pair(W[k], growth, AGREE, u[k], w[k])
    if not sure.all():
        rows = ~sure
        q[rows], u[rows], w[rows] = exact_pair(W[rows].astype(np.float64), "radius")
    return q, u, w


@np.errstate(invalid="ignore", over="ignore")  # of weights that overflowed the norm is inf or NaN
def follow_norm(W: Array, right: Array) -> tuple[Array, Array, Array]:
    """Spectral norm of each matrix of a stack, after one more update; never above the true one.

    As `follow_radius`, with u and w of shape (g, 1, n), and one block.

    Examples
    --------
    >>> W = np.array([[[0.0, 3.0], [0.5, 0.0]]])
    >>> follow_norm(W, np.eye(2)[None])[0].round(12)
    array([3.])
    """
    g, n, _ = W.shape
    q, u, w, leader = np.zeros(g), np.zeros((g, 1, n)), np.zeros((g, 1, n)), np.zeros((2, n))
    for k in range(g):
        if n <= SMALL:
            H = W[k].T.astype(np.float64) @ W[k]
            leader = leading_pair(H, high_power(H, np.zeros((n, 0)))[1])[2]
        else:
            krylov(W[k], right[k], SQUARED, GROWN_SYMMETRIC, leader)
        q[k] = stretch(W[k], leader, u[k, 0], w[k, 0])
    return q, u, w
