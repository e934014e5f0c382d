"""What compression does to a matrix: few bits, half precision, pruning.

Each function gives the compressed matrix.  What this means for the network's stability shows when
the spectral norm of the difference is compared with the distance to instability.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def round_to_bits(W: Array, bits: int) -> Array:
    r"""Symmetric integer quantisation with one scale for the matrix.

    .. math:: s \,\mathrm{round}(W / s),\qquad s = \max|W| / (2^{b-1} - 1)

    rounds each entry by at most s/2, so that :math:`\|E\|_F \le h s / 2`.

    Examples
    --------
    >>> round_to_bits(np.array([[7.0, 0.4], [-3.6, 0.0]]), bits=4)
    array([[ 7.,  0.], [-4.,  0.]])
    """
    scale = np.abs(W).max() / (2 ** (bits - 1) - 1)
    return W if scale == 0 else scale * (np.rint(W / scale) + 0.0)  # + 0.0: no negative zero


def to_half_precision(W: Array) -> Array:
    """Rounding to half precision (float16): entries above 6e-5 keep 11 bits.

    Examples
    --------
    >>> bool(to_half_precision(np.array([[1 + 2.0**-11]]))[0, 0] == 1)
    True
    """
    return W.astype(np.float16).astype(np.float64)


def prune_smallest(W: Array, fraction: float) -> Array:
    """Set the smallest `fraction` of the entries, in absolute value, to zero.

    Their number is rounded down; of equal entries, the first are set first.

    Examples
    --------
    >>> prune_smallest(np.array([[3.0, -1.0], [2.0, -4.0]]), 0.5)
    array([[ 3., 0.], [ 0., -4.]])
    """
    kept = W.copy()
    n_gone = int(np.floor(fraction * W.size + 1e-9))  # 0.29 * 100 is 28.999999999999996
    kept.flat[np.argsort(np.abs(W), axis=None, kind="stable")[:n_gone]] = 0
    return kept
