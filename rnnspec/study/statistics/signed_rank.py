r"""The centre of paired differences: signed-rank estimate, exact interval and p-value.

Of differences :math:`d_1, \dots, d_n` take all Walsh averages :math:`(d_i + d_j)/2`,
:math:`i \le j`.  Their median is the Hodges-Lehmann estimate.  The number of averages above zero
is Wilcoxon's statistic T, and for every distribution that is symmetric about zero

.. math:: T \sim \sum_{j=1}^n j\,B_j, \qquad B_j \text{ independent}, \quad P(B_j = 1) = 1/2.

Hence the k-th smallest and k-th largest average enclose the centre with the confidence
:math:`1 - 2 P(T < k)`, exactly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from rnnspec.study.statistics.estimate import Estimate

Array = NDArray[np.float64]


def signed_rank(differences: ArrayLike, name: str = "") -> Estimate:
    r"""Centre of paired differences, with a 95 % interval, an effect size and a p-value.

    The interval is exact.  Bootstrap intervals of so few pairs are too narrow: for six normal
    differences the percentile interval holds the centre in 85 cases of 100, this one in 97.  With
    fewer than six pairs every interval at 95 % is infinite, and none is given.

    Parameters
    ----------
    differences : array_like, shape (n,)
        After less before, or one setting less another.  They may be infinite, because only the
        order of the averages counts.  NaN stands for a pair of which one number is unknown, and
        is left out.
    name : str
        The number in words, for the estimate.

    Returns
    -------
    Estimate
        ``value`` is the Hodges-Lehmann estimate, ``effect`` the rank-biserial correlation
        :math:`2T/T_{\max} - 1`, and ``p`` that of Wilcoxon's signed-rank test.  The p-value is
        exact for up to 50 pairs, or up to 13 if some differences have equal size.

    Notes
    -----
    Cost O(n^2).  If the differences are skew, the centre is that of the averages.

    References
    ----------
    .. [1] F. Wilcoxon, Biometrics Bull. 1 (1945), 80-83.
    .. [2] M. Hollander, D. A. Wolfe and E. Chicken, Nonparametric Statistical Methods, 3rd ed.,
       Wiley (2014), sections 3.1 to 3.3.

    Examples
    --------
    >>> found = signed_rank([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    >>> found.value, found.low, found.high, found.p, found.effect
    (3.5, 1.0, 6.0, 0.03125, 1.0)
    >>> signed_rank([1.0, 2.0]).why
    'too few for an interval'
    """
    d = np.asarray(differences, np.float64)
    known = d[~np.isnan(d)]
    n, left_out = len(known), len(d) - len(known)
    if not n:
        return Estimate(name, left_out=left_out, why="no pair")
    averages = _walsh_averages(known)
    k = depth(n)
    return Estimate(
        name,
        value=_median(averages),
        low=float(averages[k - 1]) if k else np.nan,
        high=float(averages[-k]) if k else np.nan,
        n=n,
        left_out=left_out,
        p=float(stats.wilcoxon(known).pvalue) if known.any() else 1.0,
        effect=float(np.sign(averages).mean()),
        why="" if k else "too few for an interval",
    )


def depth(n: int, confidence: float = 0.95) -> int:
    r"""Largest k with :math:`2 P(T < k) \le` 1 - `confidence`, or 0 if there is none.

    Examples
    --------
    >>> depth(5), depth(6), depth(10)
    (0, 1, 9)
    """
    share = np.ones(1)
    for j in range(1, n + 1):
        share = (np.pad(share, (0, j)) + np.pad(share, (j, 0))) / 2
    return int(np.searchsorted(share.cumsum(), (1 - confidence) / 2, side="right"))


def _walsh_averages(d: Array) -> Array:
    """Return all averages of two differences, in order; that of inf and -inf is 0."""
    i, j = np.triu_indices(len(d))
    with np.errstate(invalid="ignore"):
        return np.sort(np.nan_to_num((d[i] + d[j]) / 2, nan=0.0, posinf=np.inf, neginf=-np.inf))


def _median(ordered: Array) -> float:
    """Median of ordered numbers, which may hold infinities on both sides."""
    m = len(ordered)
    low, high = float(ordered[(m - 1) // 2]), float(ordered[m // 2])
    return low if low == high else (low + high) / 2
