"""The part of a page that tells of a study: claims, settings side by side, what failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from statistics import fmean, median
from typing import Any

from matplotlib.axes import Axes

from rnnspec import plots
from rnnspec._format import figures, percent
from rnnspec.report.page.drawing import svg
from rnnspec.report.page.parts import Figure, Table, anchor
from rnnspec.report.page.reproduce import versions
from rnnspec.report.page.robustness import ATTACKS, AXES, OF, SIZE, draw_accuracies
from rnnspec.study.claims.claim import Claim
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
        "figures": [*_scatter(study.rows), *_curves(study)],
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


def _runs(rows: Iterable[Row]) -> list[Row]:
    """One row of each run: accuracies are the same in all of its rows."""
    return list({row["run"]: row for row in rows}.values())


def _scatter(rows: Iterable[Row]) -> list[Figure]:
    """Robustness against accuracy, a figure for each data set."""
    known = [row for row in _runs(rows) if row["median_r"] is not None]
    found = []
    for dataset in sorted({str(row["dataset"]) for row in known}):
        draw = partial(_draw_runs, known, dataset)
        count = sum(row["dataset"] == dataset for row in known)
        found.append(
            Figure(
                f"{dataset}: median smallest change against test accuracy of {count} runs, by"
                " condition and cell.",
                f"{dataset}: each run, its accuracy and the median of the smallest changes that"
                " fool it",
                "scatter",
                svg(draw, f"runs on {dataset}", *SIZE),
            )
        )
    return found


def _draw_runs(runs: Sequence[Row], dataset: str, ax: Axes) -> None:
    plots.runs(runs, dataset=dataset, ax=ax)


def _curves(study: Study) -> list[Figure]:
    """Mean accuracy over the runs of each condition in the worst case, for each data set."""
    setting = {row["run"]: row for row in _runs(study.rows)}
    found = []
    for dataset in sorted({str(row["dataset"]) for row in setting.values()}):
        sizes: dict[tuple[str, str], dict[float, list[float]]] = {}
        for row in study.curves:
            run = setting.get(row["run"])
            chosen = (row["target"], row["attack"]) == ("input", "pgd")
            if run is not None and run["dataset"] == dataset and chosen:
                by_size = sizes.setdefault((str(run["condition"]), ATTACKS["pgd"]), {})
                by_size.setdefault(_float(row["epsilon"]), []).append(_float(row["accuracy"]))
        curves = {
            key: [{"epsilon": e, "accuracy": fmean(all_)} for e, all_ in sorted(by_size.items())]
            for key, by_size in sorted(sizes.items())  # a condition's colour in each figure
        }
        if curves:
            found.append(
                Figure(
                    f"{dataset}: mean accuracy against the {OF['input']}, a line per condition.",
                    f"{dataset}: mean accuracy over cells and seeds, worst case (PGD)",
                    "curve",
                    svg(
                        partial(draw_accuracies, curves, AXES["input"]),
                        f"accuracy on {dataset}",
                        *SIZE,
                    ),
                )
            )
    return found


def _settings(rows: Sequence[Row]) -> Table:
    """A row per setting: medians over its seeds, and over the recurrent matrices of its runs."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[key] for key in SETTING), []).append(row)
    body = [
        [
            ", ".join(map(str, setting)),
            len(_runs(group)),
            *(_median(_runs(group), key) for key in OF_RUN),
            *(_median([r for r in group if "@" not in str(r["matrix"])], key) for key in OF_MATRIX),
        ]
        for setting, group in groups.items()
    ]
    columns = ["setting", "seeds", *(label(key) for key in (*OF_RUN, *OF_MATRIX))]
    return Table("Medians over seeds; of matrices, over the recurrent ones", columns, body)


def _median(rows: Iterable[Row], key: str) -> str:
    values = [_float(row[key]) for row in rows if row.get(key) is not None]
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


def _float(value: Any) -> float:
    return float(value)
