"""Runs of a study drawn: each has a point, its condition a colour, its cell a marker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from rnnspec.plots.style import MARKERS, axes_or_new, colour, figure_style, legend
from rnnspec.study.columns import column
from rnnspec.study.results import Row
from rnnspec.study.words import label

# Distances below are drawn to scale, those above by orders of magnitude: bounded radii leave
# thousandths, bounded norms hundredths.
NEAR = 1e-3
AXIS = {
    "median_r": "median r* (ℓ₂, standard deviations)",
    "test_accuracy": "test accuracy",
    "distance_to_instability": "distance to instability β (‖E‖₂)",
}


def study(
    runs: Sequence[Row],
    axes: NDArray[np.object_] | None = None,  # shape: (k, 2)
) -> NDArray[np.object_]:
    """Draw robustness against accuracy, and against distance to instability.

    Each data set has a row of two panels, each run a point.  Distances above 0.001 are on a
    logarithmic axis.

    Parameters
    ----------
    runs : sequence of dict
        Rows that `rnnspec.study.runs_of` returned.
    axes : array of matplotlib Axes, shape (k, 2), optional
        Two for each of the k data sets.  By default a new figure.

    Returns
    -------
    array of Axes, shape (k, 2)

    Raises
    ------
    ValueError
        If there is no run, or `axes` has another shape.

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
    with figure_style():
        if axes is None:
            size = (8.4, 0.8 + 3.2 * len(datasets))
            axes = plt.subplots(len(datasets), 2, figsize=size, squeeze=False)[1]
        if np.shape(axes) != (len(datasets), 2):
            raise ValueError(
                f"`axes` must have shape ({len(datasets)}, 2), two for each data set,"
                f" got {np.shape(axes)}"
            )
        axes[0, 0].figure.legend(
            handles=keys_of(runs), loc="outside upper center", ncols=5, handletextpad=0.3
        )
        for dataset, pair in zip(datasets, axes, strict=True):
            for ax, x in zip(pair, ("test_accuracy", "distance_to_instability"), strict=True):
                _draw(runs, x, "median_r", dataset, ax)
            pair[0].set_title(dataset, loc="left")
            pair[1].set_ylabel("")
            # Unstable matrices are at 0, a little inside the left edge.
            pair[1].set_xscale("symlog", linthresh=NEAR)
            pair[1].set_xlim(left=-NEAR / 5)
    return axes


def runs(
    runs: Sequence[Row],
    x: str = "test_accuracy",
    y: str = "median_r",
    *,
    dataset: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a number of each run against another.

    Parameters
    ----------
    runs : sequence of dict
        Rows that `rnnspec.study.runs_of` returned.  A run has no point if one of its two numbers
        is not finite.
    x, y : str
        Names of columns.
    dataset : str, optional
        Draw only the runs on this data set.
    ax : matplotlib Axes, optional
        By default a new figure.

    Returns
    -------
    Axes

    Examples
    --------
    >>> run = {"dataset": "digits", "cell": "rnn", "condition": "plain"}
    >>> ax = runs([run | {"henrici": 0.5, "area": 0.4}], "henrici", "area")
    >>> ax.get_xlabel(), ax.lines[0].get_xdata()
    ('Henrici departure', array([0.5]))
    """
    with figure_style():
        ax = axes_or_new(ax)
        _draw(runs, x, y, dataset, ax)
        legend(ax, 4, keys_of(runs))
    return ax


def _draw(runs: Sequence[Row], x: str, y: str, dataset: str | None, ax: Axes) -> None:
    conditions, cells = kinds_of(runs)
    for i, condition in enumerate(conditions):
        for j, cell in enumerate(cells):
            kind = [
                run
                for run in runs
                if (run["condition"], run["cell"]) == (condition, cell)
                and dataset in (None, run["dataset"])
            ]
            ax.plot(column(kind, x), column(kind, y), **mark_of(i, j))
    ax.set(xlabel=AXIS.get(x, label(x)), ylabel=AXIS.get(y, label(y)))


def kinds_of(runs: Sequence[Row]) -> tuple[list[str], list[str]]:
    """Conditions and cells of `runs`, each once."""
    conditions = dict.fromkeys(str(run["condition"]) for run in runs)
    return list(conditions), list(dict.fromkeys(str(run["cell"]) for run in runs))


def keys_of(runs: Sequence[Row]) -> list[Line2D]:
    """Entries of a legend: a colour for each condition, a marker for each cell."""
    conditions, cells = kinds_of(runs)
    keys = [Line2D([], [], label=name, **mark_of(i, 0)) for i, name in enumerate(conditions)]
    for j, name in enumerate(cells):
        keys.append(Line2D([], [], label=name, **mark_of(0, j) | {"color": "0.4"}))
    return keys


def mark_of(condition: int, cell: int) -> dict[str, Any]:
    """Colour and marker of the points of a condition and a cell, each by its position."""
    return {
        "color": colour(condition),
        "marker": MARKERS[cell],
        "linestyle": "",
        "markersize": 6,
        "alpha": 0.75,
    }
