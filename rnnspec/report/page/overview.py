"""The first section of a page: what was trained, and the few numbers to begin with."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from rnnspec.plots.style import number
from rnnspec.portrait.source import Portrait
from rnnspec.report.page.html import share, slug, table, text
from rnnspec.study.words import label

ACCURACIES = ("test", "validation", "train")
MEASURES = (  # of the table of all matrices
    *("spectral_radius", "distance_to_instability", "spectral_norm"),
    *("transient_peak", "kreiss_constant", "henrici_relative"),
)


def overview_section(runs: Mapping[str, Portrait]) -> str:
    """A card for each source, and a table of all matrices."""
    cards = "".join(_card(name, portrait) for name, portrait in runs.items())
    return f"""
<section id="overview" aria-labelledby="overview-title"><h2 id="overview-title">Overview</h2>
<div class="cards">{cards}</div>{_all_matrices(runs)}</section>"""


def _card(name: str, portrait: Portrait) -> str:
    """What was trained, and the few numbers to begin with."""
    config, summary = (portrait.records.get(key, {}) for key in ("config", "summary"))
    n = max(p.measures.n for p in portrait.matrices.values())
    what = f"{len(portrait.matrices)} matrices of up to {n} rows; no data"
    if len(portrait.matrices) == 1:
        what = f"one matrix of {n} rows; no data"
    if config:
        what = (
            f"{str(config['cell']).upper()} of {config['hidden']} units on {config['dataset']},"
            f" {config['epochs']} epochs, normalisation {config['normalize']},"
            f" initialisation {config['init']}, seed {config['seed']}"
        )
    facts = {
        f"{part} accuracy": share(summary[f"{part}_accuracy"])
        for part in ACCURACIES
        if summary.get(f"{part}_accuracy") is not None
    }
    if portrait.robustness:
        facts |= _withstood(portrait.robustness)
    distances = [p.measures.distance_to_instability for p in portrait.matrices.values()]
    facts["least distance to instability"] = number(min(distances))
    facts["matrices unstable by themselves"] = f"{distances.count(0)} of {len(distances)}"
    listed = "".join(f"<div><dt>{escape(k)}</dt><dd>{v}</dd></div>" for k, v in facts.items())
    return f"""
<article class="card"><h3>{escape(name)}</h3><p>{escape(what)}</p><dl>{listed}</dl></article>"""


def _withstood(robustness: Mapping[str, Any]) -> dict[str, str]:
    """Accuracy under the first attack that hurts, and the median smallest change."""
    facts = {
        f"accuracy attacked, ε = {row['epsilon']:g}": share(row["accuracy"])
        for row in robustness["results"]
        if (row["target"], row["attack"], row["epsilon"]) == ("input", "pgd", 0.1)
    }
    for found in robustness["minimal"].values():
        facts["median smallest change"] = text(found["median"])
    return facts


def _all_matrices(runs: Mapping[str, Portrait]) -> str:
    """A row per matrix, the numbers that matter most."""
    several = len(runs) > 1
    rows = [
        [
            f"<a href='#{slug(name)}'>{escape(f'{source}: {name}' if several else name)}</a>",
            *(number(getattr(m, measure)).replace("inf", "∞") for measure in MEASURES),
            next((number(r.moved) for r in shown.roundings if r.name == "int8"), "–"),
        ]
        for name in names_of(runs)
        for source, portrait in runs.items()
        if (shown := portrait.matrices.get(name)) and (m := shown.measures)
    ]
    columns = ("matrix", *(label(measure) for measure in MEASURES), "int8 moves it by")
    return table("All matrices", columns, rows)


def names_of(runs: Mapping[str, Portrait]) -> list[str]:
    """Names of matrices of any source, in order, each once."""
    return list(dict.fromkeys(name for p in runs.values() for name in p.matrices))
