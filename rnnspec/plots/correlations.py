"""The rank correlations of claim P1 drawn with their intervals."""

from __future__ import annotations

from math import isfinite

from matplotlib.axes import Axes

from rnnspec.plots.style import MARKERS, axes_or_new, colour, figure_style, legend, paper
from rnnspec.study.claims.claim import Claim
from rnnspec.study.claims.ranking import STRONG
from rnnspec.study.statistics.estimate import LEVEL, Estimate
from rnnspec.study.words import label


def correlations(claim: Claim, ax: Axes | None = None) -> Axes:
    """Draw the rank correlations of P1 with their intervals, a row for each number.

    A mark is filled if its correlation differs from zero after correction.  Correlations inside
    the shaded band do not count as strong.

    Parameters
    ----------
    claim : Claim
        P1 of `rnnspec.study.claims`.
    ax : matplotlib Axes, optional
        By default a new figure, which is as tall as it has rows.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If `claim` is not P1.

    Examples
    --------
    >>> from rnnspec.study.statistics.estimate import Estimate
    >>> found = Estimate("accuracy ~ r*", 0.2, -0.1, 0.5, 36, p_corrected=0.7,
    ...                  column="test_accuracy", against="median_r")
    >>> ax = correlations(Claim("P1", "", "", "undecided", "", (found,)))
    >>> ax.get_xlabel()
    'rank correlation with robustness (95 % interval)'
    """
    if claim.name != "P1":
        raise ValueError(f"`claim` must be P1, got {claim.name}")
    known = [one for one in claim.numbers if isfinite(one.p_corrected)]
    rows = list(dict.fromkeys(_row(one) for one in known))[::-1]
    outcomes = list(dict.fromkeys(one.against for one in known))
    with figure_style():
        ax = axes_or_new(ax, 7.6, 1.6 + 0.28 * len(rows))
        ax.axvspan(-STRONG, STRONG, color="0.5", alpha=0.12, linewidth=0, zorder=0)
        ax.axvline(0, color="0.6", linewidth=0.8, zorder=0)
        for one in known:
            j = outcomes.index(one.against)
            _interval(ax, one, rows.index(_row(one)) + 0.15 - 0.3 * j, j)
        for j, outcome in enumerate(filter(None, outcomes)):
            name = f"with the {label(outcome)}"
            ax.plot([], [], color=colour(j), marker=MARKERS[j], label=name)
        ax.set_yticks(range(len(rows)), rows)
        ax.set(xlim=(-1.02, 1.02), xlabel="rank correlation with robustness (95 % interval)")
        ax.set_ylim(-0.7, len(rows) - 0.3)
        legend(ax, columns=1)
    return ax


def _row(one: Estimate) -> str:
    """The number in words; older records of claims hold no column, and have their whole name."""
    return label(one.column) if one.column else one.name


def _interval(ax: Axes, one: Estimate, height: float, j: int) -> None:
    ax.plot([one.low, one.high], [height, height], color=colour(j), linewidth=1.2)
    face = colour(j) if one.p_corrected < LEVEL else paper()
    ax.plot(one.value, height, MARKERS[j], color=colour(j), markerfacecolor=face, markersize=5)
