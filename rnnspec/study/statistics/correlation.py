r"""Spearman's rank correlation over several data sets, and an interval for it.

It is pooled over strata, see `rnnspec.study.statistics.midranks`: ranks are compared only within a
data set, so that one that is both easier and more robustly learnt makes no correlation.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from rnnspec._checks import seed_number
from rnnspec.study.statistics.estimate import Estimate
from rnnspec.study.statistics.midranks import bootstrap_weights, pooled_correlation

# Bootstrap samples.  Measured: the ends of an interval then vary from seed to seed by 0.002 to
# 0.007 (standard deviation; 54 and 12 groups), little beside their distance of 0.24 to 0.75.
DRAWS = 2000
# Least number of groups less strata.  Measured: at 4 the interval already has length 1.9 of the
# possible 2 (median, true correlation 1/2), so that with fewer groups it says nothing.
FEWEST = 4

Array = NDArray[np.float64]
Labels = NDArray[Any]


def spearman(
    x: ArrayLike,  # shape: (n,)
    y: ArrayLike,  # shape: (n,)
    groups: ArrayLike | None = None,  # shape: (n,)
    strata: ArrayLike | None = None,  # shape: (n,)
    *,
    name: str = "",
    seed: int = 0,
) -> Estimate:
    r"""Rank correlation of x and y with a 95 % interval from a bootstrap of groups of runs.

    .. math:: \tanh\bigl(\operatorname{artanh}\varrho \pm t_{0.975,\,\nu}\,\sigma\bigr)

    Here :math:`\sigma` is the standard deviation of :math:`\operatorname{artanh} \varrho^*` over
    the bootstrap samples, and :math:`\nu` is the number of groups less the number of strata.  The
    interval is never narrower than for n independent normal runs,
    :math:`1.96 \sqrt{(1 + \varrho^2/2)/(n-3)}` [2]_.

    Runs of one setting that differ only in their seed are not independent evidence about
    settings.  They form a group, which the bootstrap draws as a whole.

    Parameters
    ----------
    x, y : array_like, shape (n,)
        Two numbers of each run.  Infinite values rank at the ends; runs with a NaN are left out.
    groups : array_like, shape (n,), optional
        A label for each run; by default each run is a group by itself.
    strata : array_like, shape (n,), optional
        A label for each run, for example its data set; groups are drawn within their stratum.
    name : str
        The correlation in words, for the estimate.
    seed : int, default 0
        Seed of the 2000 bootstrap samples.

    Returns
    -------
    Estimate
        It has no value if x or y is constant in each stratum, and no interval if there are
        fewer than four groups more than strata; ``why`` then says so.  ``p`` is below 0.05
        exactly where the interval leaves out 0.

    Raises
    ------
    ValueError
        If the lengths differ, or `seed` is not an integer from 0 to 2**32 - 1.

    Notes
    -----
    Cost O(n^2) for each stratum of n runs and each sample, as matrix products.

    Measured on 36 runs in 12 groups that share 80 % of their variance, this interval holds the
    truth in 95 cases of 100.  The percentiles of the same samples hold it in 92, those of samples
    of single runs in 79.

    References
    ----------
    .. [1] C. Spearman, Am. J. Psychol. 15 (1904), 72-101.
    .. [2] D. G. Bonett and T. A. Wright, Psychometrika 65 (2000), 23-28.
    .. [3] A. C. Davison and D. V. Hinkley, Bootstrap Methods and their Application, Cambridge
       (1997), sections 2.4 and 3.8.

    Examples
    --------
    >>> x = np.arange(12.0)
    >>> found = spearman(x, x % 5)
    >>> round(found.value, 3), found.low < 0 < found.high
    (0.089, True)
    >>> spearman([1, 2, np.nan], [3, 3, 3])
    Estimate(name='', value=nan, ..., n=2, left_out=1, ..., why='one of the two is constant', ...)
    """
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    group: Labels = np.arange(len(x)) if groups is None else np.asarray(groups)
    stratum: Labels = np.zeros(len(x)) if strata is None else np.asarray(strata)
    lengths = [len(x), len(y), len(group), len(stratum)]
    if len({*lengths}) > 1:
        raise ValueError(f"`x`, `y`, `groups` and `strata` must be of one length, got {lengths}")
    seed_number(seed)
    known = ~(np.isnan(x) | np.isnan(y))
    group, stratum = group[known], stratum[known]
    a, b, n = x[known], y[known], len(group)
    (value,) = pooled_correlation(np.ones((1, n)), a, b, stratum)
    found = Estimate(name, float(value), n=n, left_out=len(known) - n)
    if np.isnan(value):
        return replace(found, why="one of the two is constant" if n > 1 else "too few runs")
    drawn, freedom = bootstrap_weights(group, stratum, DRAWS, seed)
    if freedom < FEWEST:
        return replace(found, why="too few for an interval")
    return _with_interval(found, pooled_correlation(drawn, a, b, stratum), freedom)


def _with_interval(found: Estimate, drawn: Array, freedom: int) -> Estimate:
    """Add the wider of two intervals: from the bootstrap, and for independent normal runs."""
    # A correlation of 1 is taken as that of ranks with two neighbours exchanged, the next below
    # it, because artanh(1) is infinite.
    limit = 1 - 12 / (found.n**3 - found.n)
    center, z = (np.arctanh(np.clip(r, -limit, limit)) for r in (found.value, drawn))
    independent = np.sqrt((1 + found.value**2 / 2) / (found.n - 3))
    laws = (stats.t(freedom), np.nanstd(z, ddof=1)), (stats.norm(), independent)
    law, sigma = max(laws, key=lambda one: one[0].ppf(0.975) * one[1])
    half_width = law.ppf(0.975) * sigma
    return replace(
        found,
        low=float(min(np.tanh(center - half_width), found.value)),
        high=float(max(np.tanh(center + half_width), found.value)),
        p=float(2 * law.sf(abs(center) / sigma)),
    )
