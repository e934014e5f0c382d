"""What compression does to a matrix: few bits, half precision, pruning.

Each function gives the compressed matrix; what it did to the network's stability is the
spectral norm of the difference, beside the distance to instability.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def rounded(W: Array, bits: int) -> Array:
    r"""Symmetric integer quantisation with one scale for the matrix.

    .. math:: s \,\mathrm{round}(W / s),\qquad s = \max|W| / (2^{b-1} - 1)

    rounds each entry by at most s/2, so that :math:`\|E\|_F \le h s / 2`.

    Examples
    --------
    >>> rounded(np.array([[7.0, 0.4], [-3.6, 0.0]]), bits=4)
    array([[ 7.,  0.], [-4.,  0.]])
    """
    scale = np.abs(W).max() / (2 ** (bits - 1) - 1)
    return W if scale == 0 else scale * (np.rint(W / scale) + 0.0)  # + 0.0: no negative zero


def halved(W: Array) -> Array:
    """Half precision (float16): entries above 6e-5 keep 11 bits.

    Examples
    --------
    >>> bool(halved(np.array([[1 + 2.0**-11]]))[0, 0] == 1)
    True
    """
    return W.astype(np.float16).astype(np.float64)


def pruned(W: Array, fraction: float) -> Array:
    """The smallest `fraction` of the entries, in absolute value, set to zero.

    Rounded down to whole entries; of equal ones, the first go first.

    Examples
    --------
    >>> pruned(np.array([[3.0, -1.0], [2.0, -4.0]]), 0.5)
    array([[ 3., 0.], [ 0., -4.]])
    """
    kept = W.copy()
    n_gone = int(np.floor(fraction * W.size + 1e-9))  # 0.29 * 100 is 28.999999999999996
    kept.flat[np.argsort(np.abs(W), axis=None, kind="stable")[:n_gone]] = 0
    return kept
