r"""The rank correlation of weighted runs, pooled over strata, and the weights of a bootstrap.

Each run j has a weight :math:`w_j`: one, or in a bootstrap sample how often the run was drawn.
The centred midrank of run i among the runs of its own stratum, divided by their number, is

.. math:: r_i = \frac{\sum_j w_j \operatorname{sign}(x_i - x_j)}{2 \sum_j w_j}.

With :math:`s_i`, which is the same for y, the correlation pooled over the strata is

.. math:: \varrho = \frac{\sum_i w_i r_i s_i}{\sqrt{\sum_i w_i r_i^2 \sum_i w_i s_i^2}}.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Labels = NDArray[Any]


def pooled_correlation(w: Array, x: Array, y: Array, strata: Labels) -> Array:
    """Return the pooled correlation for each row of weights; NaN where no rank differs."""
    r, s = _ranks(w, x, strata), _ranks(w, y, strata)
    with np.errstate(invalid="ignore"):
        correlation = (w * r * s).sum(1) / np.sqrt((w * r**2).sum(1) * (w * s**2).sum(1))
    return np.asarray(correlation.clip(-1, 1))


def _ranks(w: Array, x: Array, strata: Labels) -> Array:
    """Return centred midranks, divided by their number, within strata.

    Signs come from comparisons, because inf - inf has none.
    """
    r = np.zeros_like(w)
    for stratum in np.unique(strata):
        here = strata == stratum
        signs = np.less.outer(x[here], x[here]) - np.greater.outer(x[here], x[here]).astype(float)
        r[:, here] = w[:, here] @ signs / (2 * w[:, here].sum(1, keepdims=True))
    return r


def bootstrap_weights(groups: Labels, strata: Labels, draws: int, seed: int) -> tuple[Array, int]:
    """Return how often each run is in each bootstrap sample, and the groups less the strata."""
    rng = np.random.default_rng(seed)
    drawn, freedom = np.zeros((draws, len(groups))), 0
    for stratum in np.unique(strata):
        here = np.flatnonzero(strata == stratum)
        labels, member = np.unique(groups[here], return_inverse=True)
        k = len(labels)
        drawn[:, here] = rng.multinomial(k, np.full(k, 1 / k), size=draws)[:, member]
        freedom += k - 1
    return drawn, freedom
