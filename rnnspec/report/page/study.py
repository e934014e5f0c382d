"""The part of a page that tells of a study: claims, settings side by side, what failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from statistics import fmean, median
from typing import Any

from rnnspec.plots.style import number
from rnnspec.portrait.study import SETTING, Study
from rnnspec.report.page.figures import accuracies, scatter
from rnnspec.report.page.html import figure, share, slug, table, text
from rnnspec.report.page.reproduce import versions
from rnnspec.report.page.robustness import AXES, OF
from rnnspec.robustness.attacks.table import ATTACKS
from rnnspec.study.estimate import Claim
from rnnspec.study.results import Row
from rnnspec.study.words import label, said

OF_RUN = ("test_accuracy", "area", "median_r")
OF_MATRIX = ("spectral_radius", "distance_to_instability", "henrici_relative", "kreiss_constant")


def study_section(study: Study) -> str:
    """Claims first, then what they rest on."""
    runs = study.record["runs"]
    done = sum(run["state"] == "done" for run in runs)
    name = study.record["name"]
    anchor = f"study-{slug(name)}"
    claims = "".join(_claim(claim, anchor) for claim in study.claims)
    return f"""
<section class="study" id="{anchor}" aria-labelledby="{anchor}-title">
<h2 id="{anchor}-title">The study {escape(name)}</h2>
<p>{done} of {len(runs)} runs are done. A verdict follows from the rule and the numbers alone.</p>
<div class="claims">{claims}</div>
<h3>Accuracy and robustness</h3>
<div class="side-by-side">{_scatter(study.rows)}{_curves(study)}</div>
{_settings(study.rows)}{_failures(runs)}
<h3>To reproduce</h3>
<details><summary>study.toml</summary><pre tabindex="0">{escape(study.settings)}</pre></details>
<details><summary>versions</summary>{versions({name: study.record["versions"]})}</details>
</section>"""


def _claim(claim: Claim, anchor: str) -> str:
    anchor = f"{anchor}-{slug(claim.name)}"
    rows = [
        [
            escape(one.name),
            escape(said(one)),
            *(number(p) if p == p else "–" for p in (one.p_corrected, one.effect)),
        ]
        for one in claim.numbers
    ]
    columns = ("number", "value [95 % interval] (n)", "corrected p", "effect")
    return f"""
<article class="claim" aria-labelledby="{anchor}">
<h3 id="{anchor}">{escape(claim.name)}: {escape(claim.question)}</h3>
<p class="verdict {slug(claim.verdict)}">{escape(claim.verdict)}</p>
<p>{escape(claim.sentence)}</p>
<details><summary>the rule, and {len(rows)} numbers</summary><p>{escape(claim.rule)}</p>
{table(f"Numbers of {claim.name}", columns, rows)}</details></article>"""


def _runs(rows: Iterable[Row]) -> list[Row]:
    """One row of each run: accuracies are the same in all of them."""
    return list({row["run"]: row for row in rows}.values())


def _scatter(rows: Iterable[Row]) -> str:
    points = [
        {
            **{"x": row["test_accuracy"], "y": row["median_r"], "group": row["condition"]},
            "text": f"{row['dataset']}, {row['cell']}, {row['condition']}, seed {row['seed']}",
        }
        for row in _runs(rows)
        if row["median_r"] is not None
    ]
    if not points:
        return ""
    return figure(
        scatter(points, "test accuracy", "median r*"),
        f"Median smallest perturbation against test accuracy of {len(points)} runs, by condition.",
        "Each run: its accuracy, and the median of the smallest changes that fool it",
        "scatter",
    )


def _curves(study: Study) -> str:
    """Mean accuracy over the runs of each condition, under the worst case."""
    setting = {row["run"]: row for row in _runs(study.rows)}
    drawn = ""
    for dataset in sorted({str(row["dataset"]) for row in setting.values()}):
        sizes: dict[tuple[str, str], dict[float, list[float]]] = {}
        for row in study.curves:
            run = setting.get(row["run"])
            chosen = (row["target"], row["attack"]) == ("input", "pgd")
            if run is not None and run["dataset"] == dataset and chosen:
                by_size = sizes.setdefault((str(run["condition"]), ATTACKS["pgd"].words), {})
                by_size.setdefault(_float(row["epsilon"]), []).append(_float(row["accuracy"]))
        curves = {
            key: [{"epsilon": e, "accuracy": fmean(all_)} for e, all_ in sorted(found.items())]
            for key, found in sorted(sizes.items())  # a condition's colour in each figure
        }
        if curves:
            drawn += figure(
                accuracies(curves, AXES["input"]),
                f"{dataset}: mean accuracy against the {OF['input']}, a line per condition.",
                f"{dataset}: mean accuracy over cells and seeds, worst case (PGD)",
                "curve",
            )
    return drawn


def _settings(rows: Sequence[Row]) -> str:
    """A row per setting: medians over its seeds, and over the recurrent matrices of its runs."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[key] for key in SETTING), []).append(row)
    body = [
        [
            escape(", ".join(map(str, setting))),
            text(len(_runs(group))),
            *(_median(_runs(group), key) for key in OF_RUN),
            *(_median([r for r in group if "@" not in str(r["matrix"])], key) for key in OF_MATRIX),
        ]
        for setting, group in groups.items()
    ]
    columns = ["setting", "seeds", *(label(key) for key in (*OF_RUN, *OF_MATRIX))]
    return table("Medians over seeds; of matrices, over the recurrent ones", columns, body)


def _median(rows: Iterable[Row], key: str) -> str:
    values = [_float(row[key]) for row in rows if row.get(key) is not None]
    if not values:
        return "–"
    middle = median(values)
    return share(middle) if key.endswith("accuracy") else number(middle).replace("inf", "∞")


def _failures(runs: Iterable[Mapping[str, Any]]) -> str:
    rows = [
        [
            escape(", ".join(str(run[key]) for key in SETTING)),
            *(text(run.get(key)) for key in ("seed", "state", "reason")),
        ]
        for run in runs
        if run["state"] != "done"
    ]
    columns = ("setting", "seed", "state", "reason")
    return table("Runs that are missing here", columns, rows) if rows else ""


def _float(value: Any) -> float:
    return float(value)
