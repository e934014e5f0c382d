r"""Paired differences over seeds: the signed-rank estimate, its exact interval and p-value.

Of differences :math:`d_1, \dots, d_n` take all Walsh averages :math:`(d_i + d_j)/2`,
:math:`i \le j`.  Their median is the Hodges-Lehmann estimate; how many of them are above zero
is Wilcoxon's statistic T, and under any symmetric distribution about zero, whatever its shape,

.. math:: T \sim \sum_{j=1}^n j\,B_j, \qquad B_j \text{ independent}, \quad P(B_j = 1) = 1/2.

Hence the k-th smallest and k-th largest average enclose the centre with the confidence
:math:`1 - 2 P(T < k)`, exactly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from rnnspec.study.estimate import Estimate

Array = NDArray[np.float64]


def paired(differences: ArrayLike, name: str = "") -> Estimate:
    r"""Centre of paired differences, with a 95 % interval, an effect size and a p-value.

    Bootstrap intervals of so few pairs are too narrow: of six normal differences those of
    percentiles hold the centre in 85 cases of 100, this one in 97.  Below six pairs no
    interval at 95 % is finite, and none is given.

    Parameters
    ----------
    differences : array_like, shape (n,)
        After less before, or one setting less another.  May be infinite: only the order of
        the averages counts.  NaN, for a pair of which one is unknown, is left out.
    name : str

    Returns
    -------
    Estimate
        ``value`` is the Hodges-Lehmann estimate, ``effect`` the rank-biserial correlation
        :math:`2T/T_{\max} - 1`, ``p`` that of Wilcoxon's signed-rank test: exact up to 50
        pairs without, and up to 13 with, differences of equal size.

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
    >>> found = paired([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    >>> found.value, found.low, found.high, found.p, found.effect
    (3.5, 1.0, 6.0, 0.03125, 1.0)
    >>> paired([1.0, 2.0]).why
    'too few for an interval'
    """
    d = np.asarray(differences, np.float64)
    known = d[~np.isnan(d)]
    n, left_out = len(known), len(d) - len(known)
    if not n:
        return Estimate(name, left_out=left_out, why="no pair")
    averages = _walsh(known)
    k = depth(n)
    return Estimate(
        name,
        value=_middle(averages),
        low=float(averages[k - 1]) if k else np.nan,
        high=float(averages[-k]) if k else np.nan,
        n=n,
        left_out=left_out,
        p=float(stats.wilcoxon(known).pvalue) if known.any() else 1.0,
        effect=float(np.sign(averages).mean()),
        why="" if k else "too few for an interval",
    )


def depth(n: int, confidence: float = 0.95) -> int:
    r"""The largest k with :math:`2 P(T < k) \le` 1 - `confidence`; 0 if there is none.

    Examples
    --------
    >>> depth(5), depth(6), depth(10)
    (0, 1, 9)
    """
    share = np.ones(1)
    for j in range(1, n + 1):
        share = (np.pad(share, (0, j)) + np.pad(share, (j, 0))) / 2
    return int(np.searchsorted(share.cumsum(), (1 - confidence) / 2, side="right"))


def holm(p: ArrayLike) -> Array:
    r"""Holm's step-down correction of p-values, in their order.

    .. math:: \tilde p_{(i)} = \max_{j \le i} \min\{1, (m - j + 1)\,p_{(j)}\}

    It bounds the chance of one false discovery among m by the level, under any dependence.
    NaN, of tests that could not be made, stay and do not count.

    References
    ----------
    .. [1] S. Holm, Scand. J. Statist. 6 (1979), 65-70.

    Examples
    --------
    >>> holm([0.01, 0.04, np.nan, 0.03]).tolist()
    [0.03, 0.06, nan, 0.06]
    """
    p = np.asarray(p, np.float64)
    order = np.argsort(p)[: np.count_nonzero(~np.isnan(p))]
    steps = np.arange(len(order), 0, -1) * p[order]
    corrected = np.full(p.shape, np.nan)
    corrected[order] = np.minimum(1, np.maximum.accumulate(steps))
    return corrected


def _walsh(d: Array) -> Array:
    i, j = np.triu_indices(len(d))
    with np.errstate(invalid="ignore"):  # inf - inf: neither sign, so 0
        return np.sort(np.nan_to_num((d[i] + d[j]) / 2, nan=0.0, posinf=np.inf, neginf=-np.inf))


def _middle(ordered: Array) -> float:
    """Median of what may hold infinities on both sides."""
    m = len(ordered)
    low, high = float(ordered[(m - 1) // 2]), float(ordered[m // 2])
    return low if low == high else (low + high) / 2
