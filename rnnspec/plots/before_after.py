"""Numbers of the recurrent matrices of a study drawn before and after training."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes

from rnnspec.plots.style import MARKERS, axes_or_new, colour, figure_style, legend
from rnnspec.study.columns import number
from rnnspec.study.results import Row
from rnnspec.study.words import label


def before_after(
    rows: Iterable[Row], measure: str = "henrici_relative", ax: Axes | None = None
) -> Axes:
    """Draw a number of each recurrent matrix before and after training, gate by gate.

    Each matrix has a line, each initialisation a colour.

    Parameters
    ----------
    rows : iterable of dict
        Rows of ``results.csv``, for example those of plain training.  A row has no line if one of
        its two numbers is missing, as for Jacobians, or not finite.
    measure : str
        Name of a column.
    ax : matplotlib Axes, optional
        By default a new figure.

    Returns
    -------
    Axes

    Examples
    --------
    >>> row = {"cell": "rnn", "matrix": "layer0", "init": "torch", "henrici_relative": 0.75}
    >>> ax = before_after([row | {"henrici_relative_initial": 0.5}])
    >>> ax.lines[0].get_ydata().tolist()
    [0.5, 0.75]
    """
    drawn = [row for row in rows if np.isfinite(_change(row, measure)).all()]
    gates = list(dict.fromkeys(f"{row['cell']}\n{_gate(row)}" for row in drawn))
    inits = list(dict.fromkeys(str(row["init"]) for row in drawn))
    with figure_style():
        ax = axes_or_new(ax, max(5.2, 0.9 * len(gates)))
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


def _gate(row: Row) -> str:
    return str(row["matrix"]).removeprefix("layer0.")


def _change(row: Row, measure: str) -> list[float]:
    return [number(row, f"{measure}_initial"), number(row, measure)]
