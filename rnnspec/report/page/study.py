"""The part of a page that tells of a study: claims, settings side by side, what failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import isnan
from statistics import median
from typing import Any

from rnnspec._format import figures, percent
from rnnspec.report.page.parts import Table, anchor
from rnnspec.report.page.reproduce import versions
from rnnspec.report.page.study_figures import mean_curves, rows_of_runs, scatter
from rnnspec.study.claims.claim import Claim
from rnnspec.study.columns import number
from rnnspec.study.record import SETTING, Study
from rnnspec.study.results import Row
from rnnspec.study.words import describe, label

OF_RUN = ("test_accuracy", "area", "median_r")
OF_MATRIX = ("spectral_radius", "distance_to_instability", "henrici_relative", "kreiss_constant")


def study_section(study: Study) -> dict[str, Any]:
    """Claims first, then the runs that they rest on."""
    runs = study.record["runs"]
    return {
        "name": study.name,
        "anchor": study_anchor(study),
        "done": sum(run["state"] == "done" for run in runs),
        "runs": len(runs),
        "claims": [(claim, anchor(claim.name), _numbers(claim)) for claim in study.claims],
        "figures": [*scatter(study.rows), *mean_curves(study)],
        "settings": _settings(study.rows),
        "failures": _failures(runs),
        "toml": study.settings,
        "versions": versions({study.name: study.record["versions"]}),
    }


def study_anchor(study: Study) -> str:
    """Where the section of `study` begins."""
    return f"study-{anchor(study.name)}"


def _numbers(claim: Claim) -> Table:
    rows = [
        [one.name, describe(one), figures(one.p_corrected), figures(one.effect)]
        for one in claim.numbers
    ]
    columns = ("number", "value [95 % interval] (n)", "corrected p", "effect")
    return Table(f"Numbers of {claim.name}", columns, rows)


def _settings(rows: Sequence[Row]) -> Table:
    """A row per setting: medians over its seeds, and over the recurrent matrices of its runs."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[key] for key in SETTING), []).append(row)
    body = [
        [
            ", ".join(map(str, setting)),
            len(rows_of_runs(group)),
            *(_median(rows_of_runs(group), key) for key in OF_RUN),
            *(_median([r for r in group if "@" not in str(r["matrix"])], key) for key in OF_MATRIX),
        ]
        for setting, group in groups.items()
    ]
    columns = ["setting", "seeds", *(label(key) for key in (*OF_RUN, *OF_MATRIX))]
    return Table("Medians over seeds; of matrices, over the recurrent ones", columns, body)


def _median(rows: Iterable[Row], key: str) -> str:
    values = [value for row in rows if not isnan(value := number(row, key))]
    middle = median(values) if values else None
    return percent(middle) if key.endswith("accuracy") else figures(middle)


def _failures(runs: Iterable[Mapping[str, Any]]) -> Table | None:
    rows = [
        [
            ", ".join(str(run[key]) for key in SETTING),
            *(run.get(key) for key in ("seed", "state", "reason")),
        ]
        for run in runs
        if run["state"] != "done"
    ]
    columns = ("setting", "seed", "state", "reason")
    return Table("Runs that are missing here", columns, rows) if rows else None
