"""Runs of a study drawn: each has a point, its condition a colour, its cell a marker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from rnnspec.plots.style import MARKERS, axes_or_new, colour, figure_style, legend
from rnnspec.study.columns import column
from rnnspec.study.results import Row
from rnnspec.study.words import label

AXIS = {
    "median_r": "median r* (ℓ₂, standard deviations)",
    "test_accuracy": "test accuracy",
    "distance_to_instability": "distance to instability β (‖E‖₂)",
}


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
        draw_runs(runs, x, y, dataset, ax)
        legend(ax, 4, keys_of(runs))
    return ax


def draw_runs(runs: Sequence[Row], x: str, y: str, dataset: str | None, ax: Axes) -> None:
    """Draw a point for each run, with the names of the two columns at the axes."""
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
