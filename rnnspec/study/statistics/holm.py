"""Correction of p-values for the number of comparisons in a family."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnspec.study.statistics.estimate import Estimate


def holm(p: ArrayLike) -> NDArray[np.float64]:
    r"""Holm's step-down correction of p-values.

    .. math:: \tilde p_{(i)} = \max_{j \le i} \min\{1, (m - j + 1)\,p_{(j)}\}

    It bounds the chance of one false discovery among m by the level, under any dependence.

    Parameters
    ----------
    p : array_like, shape (m,)
        NaN stands for a test that could not be made; it stays NaN and does not count.

    Returns
    -------
    ndarray, shape (m,)
        The corrected p-values, in the order of `p`.

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
    scaled = np.arange(len(order), 0, -1) * p[order]
    corrected = np.full(p.shape, np.nan)
    corrected[order] = np.minimum(1, np.maximum.accumulate(scaled))
    return corrected


def correct(family: Iterable[Estimate]) -> list[Estimate]:
    """Return the estimates of a family with ``p_corrected``, in their order.

    Examples
    --------
    >>> [one.p_corrected for one in correct([Estimate("a", p=0.01), Estimate("b", p=0.5)])]
    [0.02, 0.5]
    """
    family = list(family)
    p = holm([one.p for one in family])
    return [replace(one, p_corrected=float(q)) for one, q in zip(family, p, strict=True)]
