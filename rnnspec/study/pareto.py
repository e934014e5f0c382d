"""Pareto fronts: points that no other point improves upon in everything at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnspec._result import Result
from rnnspec.study.columns import column, mean_known
from rnnspec.study.results import Row

AXES = ("test_accuracy", "distance_to_instability", "median_r")


def pareto_front(points: ArrayLike) -> NDArray[np.bool_]:
    r"""Mark the points that no other point dominates; in every coordinate, more is better.

    A point q dominates p if :math:`q_j \ge p_j` for all j and :math:`q_j > p_j` for one j.

    Parameters
    ----------
    points : array_like, shape (n, m)
        For example accuracy, distance to instability and robustness of n networks.  A point
        with a NaN is not on the front and dominates no other.

    Returns
    -------
    ndarray of bool, shape (n,)
        True for the points of the front.

    Raises
    ------
    ValueError
        If `points` does not have two axes.

    Notes
    -----
    Cost O(n^2 m).

    Examples
    --------
    >>> pareto_front([[0.9, 0.1], [0.8, 0.3], [0.7, 0.2]]).tolist()
    [True, True, False]
    """
    P = np.asarray(points, np.float64)
    if P.ndim != 2:
        raise ValueError(f"`points` must have shape (n, m), got shape {P.shape}")
    no_worse = (P[:, np.newaxis] >= P).all(2)  # [q, p]
    better = (P[:, np.newaxis] > P).any(2)
    return np.asarray(~(no_worse & better).any(0) & ~np.isnan(P).any(1))


@dataclass(frozen=True, eq=False, repr=False)
class Setting(Result):
    """One condition on one data set and cell, with means over its runs.

    Attributes
    ----------
    dataset, cell, condition : str
    test_accuracy, distance_to_instability, median_r : float
        Means over the runs of which the number is known; NaN if there is none.
    on_front : bool
        Whether no other condition on the same data set and cell is better in all three.
    """

    dataset: str
    cell: str
    condition: str
    test_accuracy: float
    distance_to_instability: float
    median_r: float
    on_front: bool


def settings(runs: Sequence[Row]) -> list[Setting]:
    """Return the settings of a study, each compared with those of its data set and cell.

    A setting with a number that none of its runs has is not on the front.

    Examples
    --------
    >>> run = {"dataset": "digits", "cell": "rnn", "condition": "plain", "median_r": 1.0}
    >>> run |= {"test_accuracy": 0.9, "distance_to_instability": 0.0}
    >>> found = settings([run, run | {"condition": "norm", "median_r": 0.5}])
    >>> [(one.condition, one.on_front) for one in found]
    [('plain', True), ('norm', False)]
    """
    found = []
    for dataset, cell in dict.fromkeys((run["dataset"], run["cell"]) for run in runs):
        rivals = [run for run in runs if (run["dataset"], run["cell"]) == (dataset, cell)]
        conditions = list(dict.fromkeys(run["condition"] for run in rivals))
        means = [_means([run for run in rivals if run["condition"] == one]) for one in conditions]
        for condition, mean, best in zip(conditions, means, pareto_front(means), strict=True):
            found.append(Setting(str(dataset), str(cell), str(condition), *mean, bool(best)))
    return found


def _means(runs: Sequence[Row]) -> tuple[float, float, float]:
    accuracy, distance, robustness = (mean_known(column(runs, name)) for name in AXES)
    return accuracy, distance, robustness
