"""The confidence interval of a share."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Z = 1.959963984540054  # of 95 % confidence


def wilson(share: ArrayLike, n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Wilson's 95 % interval of a share p that was measured on n sequences.

    .. math:: \frac{p + z^2/2n \pm z\sqrt{p(1-p)/n + z^2/4n^2}}{1 + z^2/n},\qquad z = 1.96

    Unlike :math:`p \pm z\sqrt{p(1-p)/n}` it stays in [0, 1] and has a width at p = 0 and
    p = 1, where robust accuracies end.

    Parameters
    ----------
    share : array_like, shape (m,)
        Shares in [0, 1].
    n : int
        Number of sequences, at least 1.

    Returns
    -------
    low, high : ndarray, shape (m,)
        Ends of the intervals.

    References
    ----------
    .. [1] E. B. Wilson, J. Amer. Statist. Assoc. 22 (1927), 209-212.

    Examples
    --------
    >>> low, high = wilson([0.0, 0.5], 100)
    >>> low.round(4).tolist(), high.round(4).tolist()
    ([0.0, 0.4038], [0.037, 0.5962])
    """
    p = np.asarray(share, np.float64)
    center = p + Z**2 / (2 * n)
    half = Z * np.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
    low, high = (center - half) / (1 + Z**2 / n), (center + half) / (1 + Z**2 / n)
    return np.where(p == 0, 0, low), np.where(p == 1, 1, high)  # exact but for rounding
