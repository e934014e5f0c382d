"""The correlations of P1 and their intervals, drawn: a claim and axes in, axes out."""

from __future__ import annotations

from math import isfinite

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from rnnspec.plots.robustness import MARKERS
from rnnspec.plots.style import colour, legend, styled
from rnnspec.study.claims.claim import Claim
from rnnspec.study.claims.ranking import STRONG
from rnnspec.study.statistics.estimate import LEVEL, Estimate
from rnnspec.study.words import label


def correlations(claim: Claim, ax: Axes | None = None) -> Axes:
    """The rank correlations of P1 with their intervals, a row a number.

    Filled: different from zero after correction.  Inside the shaded band lie correlations
    that are less than strong.

    Parameters
    ----------
    claim : Claim
        P1 of `rnnspec.study.claims`.
    ax : matplotlib Axes, optional
        By default a new figure as tall as it has rows.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If `claim` is not P1, or its numbers do not say which columns they are of.

    Examples
    --------
    >>> from rnnspec.study.statistics.estimate import Estimate
    >>> keys = {"column": "test_accuracy", "against": "median_r"}
    >>> number = Estimate("test accuracy ~ median r*", 0.2, -0.1, 0.5, 36, p_corrected=0.7, **keys)
    >>> ax = correlations(Claim("P1", "", "", "undecided", "", (number,)))
    >>> ax.get_xlabel()
    'rank correlation with robustness (95 % interval)'
    """
    if claim.name != "P1":
        raise ValueError(f"`claim` must be P1, got {claim.name}")
    known = [one for one in claim.numbers if isfinite(one.p_corrected)]
    if not all(one.column and one.against for one in known):
        raise ValueError(
            "`claim` must say which columns its numbers are of, got numbers without (a claims.json"
            " of an older version?); compute it again: rnnspec.claims(rnnspec.study.read_results("
            '"results.csv"))'
        )
    rows = list(dict.fromkeys(one.column for one in known))[::-1]
    outcomes = list(dict.fromkeys(one.against for one in known))
    with styled():
        ax = plt.subplots(figsize=(7.6, 1.6 + 0.28 * len(rows)))[1] if ax is None else ax
        ax.axvspan(-STRONG, STRONG, color="0.94", zorder=0)
        ax.axvline(0, color="0.6", linewidth=0.8, zorder=0)
        for one in known:
            j = outcomes.index(one.against)
            _interval(ax, one, rows.index(one.column) + 0.15 - 0.3 * j, j)
        for j, outcome in enumerate(outcomes):
            ax.plot([], [], color=colour(j), marker=MARKERS[j], label=f"with the {label(outcome)}")
        ax.set_yticks(range(len(rows)), [label(name) for name in rows])
        ax.set(xlim=(-1.02, 1.02), xlabel="rank correlation with robustness (95 % interval)")
        ax.set_ylim(-0.7, len(rows) - 0.3)
        legend(ax, columns=1)
    return ax


def _interval(ax: Axes, one: Estimate, height: float, j: int) -> None:
    ax.plot([one.low, one.high], [height, height], color=colour(j), linewidth=1.2)
    face = colour(j) if one.p_corrected < LEVEL else "white"
    ax.plot(one.value, height, MARKERS[j], color=colour(j), markerfacecolor=face, markersize=5)
