"""The section of robustness: accuracy under perturbation, and smallest changes as pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from rnnspec.plots.style import number
from rnnspec.portrait.source import Portrait
from rnnspec.report.page.figures import accuracies
from rnnspec.report.page.html import figure, share, table, text
from rnnspec.report.page.sequence import example
from rnnspec.robustness.attacks.table import ATTACKS

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


def robustness_section(portraits: Mapping[str, Portrait]) -> str:
    """Curves of all sources together, then the examples of each; empty without any."""
    known = {name: p for name, p in portraits.items() if p.robustness is not None}
    left_out = "".join(
        f"<p class='note'><b>{escape(name)}</b>: the part that needs its data is left out"
        f" ({escape(p.left_out)}).</p>"
        for name, p in portraits.items()
        if p.left_out
    )
    if not known:
        return f"<section id='robustness'><h2>Robustness</h2>{left_out}</section>" * bool(left_out)
    curves = "".join(_curves(target, known) for target in OF)
    examples = "".join(_examples(name, p, len(known) > 1) for name, p in known.items())
    return f"""
<section id="robustness" aria-labelledby="robustness-title">
<h2 id="robustness-title">Robustness</h2>
{left_out}{_minimal(known)}<div class="side-by-side">{curves}</div>{examples}
</section>"""


def by_attack(rows: Iterable[Mapping[str, Any]], target: str) -> dict[str, list[Mapping[str, Any]]]:
    """Rows of a record of robustness on `target`, by what moved it, in words."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["target"] == target:
            found.setdefault(ATTACKS[row["attack"]].words, []).append(row)
    return found


def _curves(target: str, portraits: Mapping[str, Portrait]) -> str:
    curves = {
        (name, attack): rows
        for name, p in portraits.items()
        for attack, rows in by_attack((p.robustness or {})["results"], target).items()
    }
    if not curves:
        return ""
    ends = "; ".join(
        f"{name}, {attack}: {share(rows[0]['accuracy'])} at {rows[0]['epsilon']:g},"
        f" {share(rows[-1]['accuracy'])} at {rows[-1]['epsilon']:g}"
        for (name, attack), rows in curves.items()
    )
    return figure(
        accuracies(curves, AXES[target]),
        f"Accuracy against the {OF[target]}. {ends}.",
        f"Accuracy as the {'weights are' if target == 'weights' else f'{target} is'} perturbed,"
        " with 95 % intervals",
        "curve",
    )


def _minimal(portraits: Mapping[str, Portrait]) -> str:
    rows = [
        [
            escape(name),
            *(text(found[key]) for key in ("norm", "median", "mean")),
            share(found["mean_relative"]),
            share(found["success_rate"]),
        ]
        for name, p in portraits.items()
        for found in (p.robustness or {})["minimal"].values()
    ]
    columns = ("source", "norm", "median", "mean", "of the sequence's own size", "found for")
    caption = "The smallest change that makes a right decision wrong (standard deviations)"
    return table(caption, columns, rows) if rows else ""


def _examples(name: str, portrait: Portrait, several: bool) -> str:
    if not portrait.examples:
        return ""
    drawn = "".join(
        figure(
            example(one),
            f"A test sequence of {one.was}, a change of Euclidean norm {one.size:.3g}, and their"
            f" sum, which the network takes for {one.became}.",
            f"{one.was}, changed by {number(one.size)} in norm, is taken for {one.became}",
            "example",
        )
        for one in portrait.examples
    )
    of = f" of {escape(name)}" if several else ""
    return (
        f"<h3>The smallest changes found{of}</h3><p>From the easiest sequence to the hardest, in"
        " standard deviations. An image has a step in each row; the middle one is the change,"
        " enlarged.</p>"
        f"<div class='side-by-side examples'>{drawn}</div>"
    )
