"""The section of robustness: accuracy under perturbation, and smallest changes as figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from matplotlib.axes import Axes

from rnnspec import plots
from rnnspec._format import figures, percent
from rnnspec.plots.accuracy import draw_accuracy
from rnnspec.plots.style import legend, literal
from rnnspec.report.page.drawing import svg
from rnnspec.report.page.parts import Figure, Table
from rnnspec.robustness.attacks.table import ATTACKS
from rnnspec.robustness.smallest_changes import Example
from rnnspec.study.portrait import Portrait

OF = {
    "input": "largest change of any value of the input, in standard deviations",
    "state": "largest change of any entry of the initial state",
    "weights": "spectral norm of the perturbation of each recurrent matrix",
}
AXES = {
    "input": "ε (standard deviations)",
    "state": "ε (absolute)",
    "weights": "ε (spectral norm)",
}
DASHES = ("-", "--", ":", "-.")
SIZE = (5.0, 3.4)  # of a figure of accuracies, in inches
SMALL = (3.2, 1.5)  # of an example

Curves = Mapping[tuple[str, str], Sequence[Mapping[str, Any]]]  # rows by source and attack


def robustness_section(runs: Mapping[str, Portrait]) -> dict[str, Any] | None:
    """Curves of all sources together, then the examples of each; None if there is nothing."""
    known = {name: p for name, p in runs.items() if p.robustness is not None}
    left_out = {name: p.left_out for name, p in runs.items() if p.left_out}
    if not known and not left_out:
        return None
    return {
        "left_out": left_out,
        "minimal": _minimal(known) if known else None,
        "curves": [figure for target in OF if (figure := _curves(target, known))],
        "examples": {
            name: [_example(name, j, p) for j in range(len(p.examples))]
            for name, p in known.items()
            if p.examples
        },
        "several": len(known) > 1,
    }


def by_attack(rows: Iterable[Mapping[str, Any]], target: str) -> dict[str, list[Mapping[str, Any]]]:
    """Rows of a record of robustness on `target`, by their attack in words."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["target"] == target:
            found.setdefault(ATTACKS[row["attack"]].words, []).append(row)
    return found


def draw_accuracies(curves: Curves, label: str, ax: Axes) -> None:
    """Draw accuracy against size: several sources by colour, and their attacks by dashes."""
    sources = list(dict.fromkeys(source for source, _ in curves))
    attacks = list(dict.fromkeys(attack for _, attack in curves))
    for (source, attack), rows in curves.items():
        j, dashes = sources.index(source), DASHES[attacks.index(attack) % len(DASHES)]
        names = [literal(source)] * (len(sources) > 1) + [attack] * (len(attacks) > 1)
        if len(sources) == 1:
            j, dashes, names = attacks.index(attack), DASHES[0], [attack]
        interval = None
        if all("ci_low" in row for row in rows):
            interval = [row["ci_low"] for row in rows], [row["ci_high"] for row in rows]
        sizes, shares = ([row[key] for row in rows] for key in ("epsilon", "accuracy"))
        name = " · ".join(names)
        draw_accuracy(ax, sizes, shares, interval, j, linestyle=dashes, label=name)
    ax.set_xlabel(label)
    legend(ax)


def _curves(target: str, runs: Mapping[str, Portrait]) -> Figure | None:
    curves = {
        (name, attack): rows
        for name, p in runs.items()
        for attack, rows in by_attack((p.robustness or {})["results"], target).items()
    }
    if not curves:
        return None
    ends = "; ".join(
        f"{name}, {attack}: {percent(rows[0]['accuracy'])} at {rows[0]['epsilon']:g},"
        f" {percent(rows[-1]['accuracy'])} at {rows[-1]['epsilon']:g}"
        for (name, attack), rows in curves.items()
    )
    return Figure(
        f"Accuracy against the {OF[target]}. {ends}.",
        f"Accuracy as the {'weights are' if target == 'weights' else f'{target} is'} perturbed,"
        " with 95 % intervals",
        "curve",
        svg(partial(draw_accuracies, curves, AXES[target]), f"accuracy {target}", *SIZE),
    )


def _minimal(runs: Mapping[str, Portrait]) -> Table | None:
    rows = [
        [
            name,
            *(found[key] for key in ("norm", "median", "mean")),
            percent(found["mean_relative"]),
            percent(found["success_rate"]),
        ]
        for name, p in runs.items()
        for found in (p.robustness or {})["minimal"].values()
    ]
    columns = ("source", "norm", "median", "mean", "relative to the sequence", "found for")
    caption = "The smallest change that makes a right decision wrong (standard deviations)"
    return Table(caption, columns, rows) if rows else None


def _example(name: str, position: int, portrait: Portrait) -> Figure:
    one = portrait.examples[position]
    return Figure(
        f"A test sequence of class {one.was}, a change of Euclidean norm {one.size:.3g}, and their"
        f" sum, which the network takes for class {one.became}.",
        f"{one.was}, changed by {figures(one.size)} in norm, is taken for {one.became}",
        "example",
        svg(partial(_draw_example, one), f"example {position} of {name}", *SMALL),
    )


def _draw_example(one: Example, ax: Axes) -> None:
    plots.example(one, ax).set_title("")  # the caption says it
