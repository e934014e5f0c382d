"""Figures of a study: its runs, its claims and axes in, axes out."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from rnnspec.plots.robustness import MARKERS
from rnnspec.plots.style import colour, styled
from rnnspec.study.pareto import Setting
from rnnspec.study.results import Row
from rnnspec.study.runs import column
from rnnspec.study.words import label

NEAR = 1e-3  # distances below are drawn to scale, those above by orders of magnitude
AXIS = {
    "median_r": "median r* (ℓ₂, standard deviations)",
    "test_accuracy": "test accuracy",
    "distance_to_instability": "distance to instability β (‖E‖₂)",
}


def study(runs: Sequence[Row]) -> NDArray[np.object_]:
    """The figure of a study: robustness against accuracy, and against distance to instability.

    A row of panels a data set, a colour a condition, a marker a cell, a point a run.  Distances
    above 0.001 are on a logarithmic axis.

    Parameters
    ----------
    runs : sequence of dict
        Of `rnnspec.study.runs.runs_of`.

    Returns
    -------
    ndarray of Axes, shape (data sets, 2)

    Raises
    ------
    ValueError
        If there is no run.

    Examples
    --------
    >>> run = {"dataset": "digits", "cell": "rnn", "condition": "plain", "median_r": 1.0}
    >>> axes = study([run | {"test_accuracy": 0.9, "distance_to_instability": 0.1}])
    >>> axes.shape, axes[0, 1].get_xlabel()
    ((1, 2), 'distance to instability β (‖E‖₂)')
    """
    if not runs:
        raise ValueError("`runs` must hold at least one run, got none")
    datasets = list(dict.fromkeys(str(run["dataset"]) for run in runs))
    with styled():
        figure, axes = plt.subplots(
            len(datasets), 2, figsize=(8.4, 0.8 + 3.2 * len(datasets)), squeeze=False
        )
        figure.legend(handles=_keys(runs), loc="outside upper center", ncols=5, handletextpad=0.3)
        for dataset, pair in zip(datasets, axes, strict=True):
            for ax, x in zip(pair, ("test_accuracy", "distance_to_instability"), strict=True):
                _draw(runs, x, "median_r", dataset, ax)
            pair[0].set_title(dataset, loc="left")
            pair[1].set_ylabel("")
            # Unstable matrices are at 0, bounded radii at thousandths, bounded norms at hundredths.
            pair[1].set_xscale("symlog", linthresh=NEAR)
            pair[1].set_xlim(left=-NEAR / 5)
    return np.asarray(axes)


def runs(
    runs: Sequence[Row],
    x: str = "test_accuracy",
    y: str = "median_r",
    *,
    dataset: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """A number of each run against another; colours are conditions, markers cells.

    Parameters
    ----------
    runs : sequence of dict
        Of `rnnspec.study.runs.runs_of`; runs with a number that is not finite have no point.
    x, y : str
        Columns.
    dataset : str, optional
        Draw its runs alone.
    ax : matplotlib Axes, optional
        By default a new figure, with a legend.

    Returns
    -------
    Axes

    Examples
    --------
    >>> run = {"dataset": "digits", "cell": "rnn", "condition": "plain"}
    >>> runs([run | {"henrici": 0.5, "area": 0.4}], "henrici", "area").get_xlabel()
    'Henrici departure'
    """
    with styled():
        alone = ax is None
        ax = plt.subplots(figsize=(6.4, 4.2))[1] if ax is None else ax
        _draw(runs, x, y, dataset, ax)
        if alone:
            ax.legend(handles=_keys(runs), loc="lower center", bbox_to_anchor=(0.5, 1), ncols=4)
    return ax


def _draw(runs: Sequence[Row], x: str, y: str, dataset: str | None, ax: Axes) -> None:
    conditions, cells = _kinds(runs)
    for i, condition in enumerate(conditions):
        for j, cell in enumerate(cells):
            kind = [
                run
                for run in runs
                if (run["condition"], run["cell"]) == (condition, cell)
                and dataset in (None, run["dataset"])
            ]
            ax.plot(column(kind, x), column(kind, y), **_mark(i, j))
    ax.set(xlabel=AXIS.get(x, label(x)), ylabel=AXIS.get(y, label(y)))


def pareto(settings: Sequence[Setting], ax: Axes | None = None) -> Axes:
    """Accuracy against distance to instability, areas in proportion to the median r*.

    Filled: on the front of the three in its data set and cell.

    Parameters
    ----------
    settings : sequence of Setting
        Of `rnnspec.study.pareto.settings`, say those of one data set; areas are to the scale
        of the largest r* among them.
    ax : matplotlib Axes, optional
        By default a new figure.

    Returns
    -------
    Axes

    Examples
    --------
    >>> ax = pareto([Setting("digits", "rnn", "plain", 0.9, 0.1, 1.5, True)])
    >>> ax.get_ylabel()
    'test accuracy'
    """
    runs: list[Row] = [{"condition": one.condition, "cell": one.cell} for one in settings]
    conditions, cells = _kinds(runs)
    largest = max((one.median_r for one in settings if isfinite(one.median_r)), default=1.0)
    with styled():
        ax = plt.subplots(figsize=(6.4, 4.6))[1] if ax is None else ax
        for one in sorted(settings, key=lambda one: -one.median_r):  # the small ones on top
            shade = colour(conditions.index(one.condition))
            ax.scatter(
                one.distance_to_instability, one.test_accuracy, s=200 * one.median_r / largest,
                marker=MARKERS[cells.index(one.cell)], edgecolors=shade,
                facecolors=shade if one.on_front else "none", alpha=0.8,
            )  # fmt: skip
        ax.set(xlabel=AXIS["distance_to_instability"], ylabel=AXIS["test_accuracy"])
        ax.legend(handles=_keys(runs), loc="lower center", bbox_to_anchor=(0.5, 1), ncols=4)
    return ax


def _kinds(runs: Sequence[Row]) -> tuple[list[str], list[str]]:
    conditions = dict.fromkeys(str(run["condition"]) for run in runs)
    return list(conditions), list(dict.fromkeys(str(run["cell"]) for run in runs))


def _keys(runs: Sequence[Row]) -> list[Line2D]:
    """The legend: a colour a condition, a marker a cell."""
    conditions, cells = _kinds(runs)
    keys = [Line2D([], [], label=name, **_mark(i, 0)) for i, name in enumerate(conditions)]
    for j, name in enumerate(cells):
        keys.append(Line2D([], [], label=name, **_mark(0, j) | {"color": "0.4"}))
    return keys


def _mark(condition: int, cell: int) -> dict[str, Any]:
    return {
        "color": colour(condition),
        "marker": MARKERS[cell],
        "linestyle": "",
        "markersize": 6,
        "alpha": 0.75,
    }
