"""The ratio of two means over the same pairs, and Fieller's interval for it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from rnnspec.study.statistics.estimate import Estimate


def fieller(given: ArrayLike, gained: ArrayLike, name: str = "") -> Estimate:
    r"""Ratio of two means over the same pairs, with Fieller's 95 % interval.

    :math:`\theta = \bar a / \bar b` is what is given for a unit of what is gained, on average.  At
    the true :math:`\theta` the differences :math:`a_i - \theta b_i` have mean zero; the interval
    holds each :math:`\theta` for which Student's test does not reject this:

    .. math:: (\bar a - \theta \bar b)^2 \le t_{0.975,\,n-1}^2\,
              (s_{aa} - 2\theta s_{ab} + \theta^2 s_{bb})/n.

    This is a quadratic inequality.  Its solutions form an interval only if :math:`\bar b` itself
    differs from zero, :math:`\bar b^2 > t^2 s_{bb}/n`; otherwise there is no ratio to speak of.

    Parameters
    ----------
    given, gained : array_like, shape (n,)
        Two numbers of each pair; pairs with a number that is not finite are left out.
    name : str
        The ratio in words, for the estimate.

    Returns
    -------
    Estimate
        It has no value if the mean gain is not positive beyond doubt; ``why`` then says so.

    Raises
    ------
    ValueError
        If the lengths differ.

    References
    ----------
    .. [1] E. C. Fieller, J. Roy. Statist. Soc. B 16 (1954), 175-185.

    Examples
    --------
    >>> found = fieller([0.1, 0.2, 0.3, 0.2], [1.0, 2.0, 3.0, 2.2])
    >>> round(found.value, 4), round(found.low, 4), round(found.high, 4)
    (0.0976, 0.0868, 0.107)
    >>> fieller([0.1, 0.2], [1.0, -1.0]).why
    'nothing gained beyond doubt'
    """
    a, b = np.asarray(given, np.float64), np.asarray(gained, np.float64)
    if a.shape != b.shape:
        raise ValueError(f"`given` and `gained` must be of one length, got {a.shape} and {b.shape}")
    known = np.isfinite(a) & np.isfinite(b)
    a, b, n = a[known], b[known], int(known.sum())
    left_out = len(known) - n
    if n < 2:
        return Estimate(name, n=n, left_out=left_out, why="too few")
    (s_aa, s_ab), (_, s_bb) = stats.t.ppf(0.975, n - 1) ** 2 * np.cov(a, b) / n
    certain = b.mean() ** 2 - s_bb
    if certain <= 0 or b.mean() <= 0:
        return Estimate(name, n=n, left_out=left_out, why="nothing gained beyond doubt")
    center = a.mean() * b.mean() - s_ab
    half_width = np.sqrt(max(0.0, center**2 - certain * (a.mean() ** 2 - s_aa)))
    low, high = (center - half_width) / certain, (center + half_width) / certain
    return Estimate(name, float(a.mean() / b.mean()), float(low), float(high), n, left_out)
