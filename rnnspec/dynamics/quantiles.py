"""Quantiles over sequences at each step, where not every sequence reaches every step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)  # the median, the middle half, and nine tenths


def step_quantiles(
    values: ArrayLike,  # shape: (n, t)
    levels: Sequence[float] = LEVELS,
) -> NDArray[np.float64]:
    """Quantiles (q, t) over the values of each step that are not NaN; NaN where all are.

    A quantile is one of the values: the smallest that at least a share `levels` of them do not
    exceed.  Nothing is interpolated, so that some of the values may be infinite.

    Raises
    ------
    ValueError
        If there is no level, or the levels do not increase from 0 to 1.

    References
    ----------
    .. [1] R. J. Hyndman and Y. Fan, Amer. Statist. 50 (1996), 361-365, definition 1.

    Examples
    --------
    >>> step_quantiles([[1.0, 5.0], [2.0, np.nan], [-np.inf, np.nan]], [0.5]).tolist()
    [[1.0, 5.0]]
    """
    shares = np.asarray(levels, dtype=np.float64)
    rising = shares.ndim == 1 and len(shares) and (np.diff(shares) > 0).all()
    if not rising or not (shares[0] >= 0 and shares[-1] <= 1):
        raise ValueError(f"`levels` must be increasing, from 0 to 1, got {levels}")
    ordered = np.sort(np.asarray(values, dtype=np.float64), axis=0)  # NaN come last
    counts = (~np.isnan(ordered)).sum(0)
    # A share of 0.95 of 20 is the 19th, but the product of the two is rounded to more than 19.
    ranks = np.ceil(np.outer(shares, counts) * (1 - 1e-12)).astype(int) - 1
    found: NDArray[np.float64] = np.take_along_axis(ordered, np.maximum(ranks, 0), axis=0)
    return found
