"""Figures of a study: its runs, its claims and axes in, axes out."""

from collections.abc import Iterable, Sequence
from math import isfinite
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from rnnspec.report.robustness import MARKERS
from rnnspec.report.style import colour, legend, styled
from rnnspec.study.estimate import LEVEL, Claim, Estimate
from rnnspec.study.pareto import Setting
from rnnspec.study.ranking import STRONG
from rnnspec.study.results import Row
from rnnspec.study.runs import column, number
from rnnspec.study.words import label

AXIS = {
    "median_r": "median r* (ℓ₂, standard deviations)",
    "test_accuracy": "test accuracy",
    "distance_to_instability": "distance to instability β (‖E‖₂)",
}


def plot_study(runs: Sequence[Row]) -> NDArray[np.object_]:
    """The figure of a study: robustness against accuracy, and against distance to instability.

    A row of panels a data set, a colour a condition, a marker a cell, a point a run.

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
    >>> axes = plot_study([run | {"test_accuracy": 0.9, "distance_to_instability": 0.1}])
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
                plot_runs(runs, x, "median_r", dataset=dataset, ax=ax)
            pair[0].set_title(dataset, loc="left")
            pair[1].set_ylabel("")
    return np.asarray(axes)


def plot_runs(
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
    >>> plot_runs([run | {"henrici": 0.5, "area": 0.4}], "henrici", "area").get_xlabel()
    'Henrici departure'
    """
    with styled():
        alone = ax is None
        ax = plt.subplots(figsize=(6.4, 4.2))[1] if ax is None else ax
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
        if alone:
            ax.legend(handles=_keys(runs), loc="lower center", bbox_to_anchor=(0.5, 1), ncols=4)
    return ax


def plot_correlations(claim: Claim, ax: Axes | None = None) -> Axes:
    """The rank correlations of P1 with their intervals, a row a number.

    Filled: different from zero after correction.  Inside the shaded band lie correlations
    that are less than strong.

    Parameters
    ----------
    claim : Claim
        P1 of `rnnspec.study.claims.claims`.
    ax : matplotlib Axes, optional
        By default a new figure as tall as it has rows.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If `claim` is not P1.

    Examples
    --------
    >>> from rnnspec.study.estimate import Estimate
    >>> number = Estimate("test accuracy ~ median r*", 0.2, -0.1, 0.5, 36, p_corrected=0.7)
    >>> ax = plot_correlations(Claim("P1", "", "", "undecided", "", (number,)))
    >>> ax.get_xlabel()
    'rank correlation with robustness (95 % interval)'
    """
    if claim.name != "P1":
        raise ValueError(f"`claim` must be P1, got {claim.name}")
    known = [one for one in claim.numbers if isfinite(one.p_corrected)]
    split = [one.name.split(" ~ ") for one in known]
    rows = list(dict.fromkeys(number for number, _ in split))[::-1]
    outcomes = list(dict.fromkeys(outcome for _, outcome in split))
    with styled():
        ax = plt.subplots(figsize=(7.6, 1.6 + 0.28 * len(rows)))[1] if ax is None else ax
        ax.axvspan(-STRONG, STRONG, color="0.94", zorder=0)
        ax.axvline(0, color="0.6", linewidth=0.8, zorder=0)
        for (name, outcome), one in zip(split, known, strict=True):
            j = outcomes.index(outcome)
            _interval(ax, one, rows.index(name) + 0.15 - 0.3 * j, j)
        for j, outcome in enumerate(outcomes):
            ax.plot([], [], color=colour(j), marker=MARKERS[j], label=f"with the {outcome}")
        ax.set_yticks(range(len(rows)), rows)
        ax.set(xlim=(-1.02, 1.02), xlabel="rank correlation with robustness (95 % interval)")
        ax.set_ylim(-0.7, len(rows) - 0.3)
        legend(ax, columns=1)
    return ax


def plot_before_after(
    rows: Iterable[Row], measure: str = "henrici_relative", ax: Axes | None = None
) -> Axes:
    """A number of each recurrent matrix before training and after, gate by gate.

    A line a matrix; a colour an initialisation.

    Parameters
    ----------
    rows : iterable of dict
        Of ``results.csv``, say those of plain training.  Rows without the number before, such
        as those of Jacobians, or with one that is not finite have no line.
    measure : str
    ax : matplotlib Axes, optional
        By default a new figure.

    Returns
    -------
    Axes

    Examples
    --------
    >>> row = {"cell": "rnn", "matrix": "layer0", "init": "torch", "henrici_relative": 0.75}
    >>> ax = plot_before_after([row | {"henrici_relative_initial": 0.5}])
    >>> ax.lines[0].get_ydata().tolist()
    [0.5, 0.75]
    """
    drawn = [row for row in rows if np.isfinite(_change(row, measure)).all()]
    gates = list(dict.fromkeys(f"{row['cell']}\n{_gate(row)}" for row in drawn))
    inits = list(dict.fromkeys(str(row["init"]) for row in drawn))
    with styled():
        ax = plt.subplots(figsize=(max(5.2, 0.9 * len(gates)), 4.2))[1] if ax is None else ax
        for row in drawn:
            place = gates.index(f"{row['cell']}\n{_gate(row)}")
            j = inits.index(str(row["init"]))
            ax.plot(
                [place - 0.25, place + 0.25], _change(row, measure), marker=MARKERS[j],
                markersize=4, markevery=[1], color=colour(j), linewidth=1, alpha=0.7,
            )  # fmt: skip
        for j, init in enumerate(inits):
            ax.plot([], [], color=colour(j), marker=MARKERS[j], label=f"from {init} weights")
        ax.set_xticks(range(len(gates)), gates)
        ax.set(ylabel=label(measure), xlabel="recurrent matrix, before training and after (mark)")
        legend(ax)
    return ax


def plot_pareto(settings: Sequence[Setting], ax: Axes | None = None) -> Axes:
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
    >>> ax = plot_pareto([Setting("digits", "rnn", "plain", 0.9, 0.1, 1.5, True)])
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


def _interval(ax: Axes, one: Estimate, height: float, j: int) -> None:
    ax.plot([one.low, one.high], [height, height], color=colour(j), linewidth=1.2)
    face = colour(j) if one.p_corrected < LEVEL else "white"
    ax.plot(one.value, height, MARKERS[j], color=colour(j), markerfacecolor=face, markersize=5)


def _gate(row: Row) -> str:
    return str(row["matrix"]).removeprefix("layer0.")


def _change(row: Row, measure: str) -> list[float]:
    return [number(row, f"{measure}_initial"), number(row, measure)]
