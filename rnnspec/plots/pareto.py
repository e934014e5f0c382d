"""Accuracy, distance to instability and robustness of the settings of a study, in one figure."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from matplotlib.axes import Axes

from rnnspec.plots.runs import AXIS, keys_of, kinds_of
from rnnspec.plots.style import MARKERS, axes_or_new, colour, figure_style, legend
from rnnspec.study.pareto import Setting
from rnnspec.study.results import Row


def pareto(settings: Sequence[Setting], ax: Axes | None = None) -> Axes:
    """Draw accuracy against distance to instability, with areas in proportion to the median r*.

    A mark is filled if no other setting of its data set and cell is better in all three.

    Parameters
    ----------
    settings : sequence of Setting
        For example those of one data set.  The largest r* among them sets the scale of the areas.
    ax : matplotlib Axes, optional
        By default a new figure.

    Returns
    -------
    Axes

    Examples
    --------
    >>> ax = pareto([Setting("digits", "rnn", "plain", 0.9, 0.1, 1.5, True)])
    >>> ax.collections[0].get_offsets().tolist()
    [[0.1, 0.9]]
    """
    runs: list[Row] = [{"condition": one.condition, "cell": one.cell} for one in settings]
    conditions, cells = kinds_of(runs)
    largest = max((one.median_r for one in settings if isfinite(one.median_r)), default=1.0)
    with figure_style():
        ax = axes_or_new(ax, 6.4, 4.6)
        for one in sorted(settings, key=lambda one: -one.median_r):  # the small ones on top
            shade = colour(conditions.index(one.condition))
            ax.scatter(
                one.distance_to_instability, one.test_accuracy, s=200 * one.median_r / largest,
                marker=MARKERS[cells.index(one.cell)], edgecolors=shade,
                facecolors=shade if one.on_front else "none", alpha=0.8,
            )  # fmt: skip
        ax.set(xlabel=AXIS["distance_to_instability"], ylabel=AXIS["test_accuracy"])
        legend(ax, 4, keys_of(runs))
    return ax
