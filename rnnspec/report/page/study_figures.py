"""The figures of a study: each run as a point, and mean accuracies under attack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from statistics import fmean

from matplotlib.axes import Axes

from rnnspec import plots
from rnnspec.report.page.drawing import svg
from rnnspec.report.page.parts import Figure
from rnnspec.report.page.robustness import ATTACKS, AXES, OF, SIZE, draw_accuracies
from rnnspec.study.columns import number
from rnnspec.study.record import Study
from rnnspec.study.results import Row, Value


def rows_of_runs(rows: Iterable[Row]) -> list[Row]:
    """One row of each run: accuracies are the same in all of its rows."""
    return list({row["run"]: row for row in rows}.values())


def scatter(rows: Iterable[Row]) -> list[Figure]:
    """Robustness against accuracy, a figure for each data set."""
    known = [row for row in rows_of_runs(rows) if row["median_r"] is not None]
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


def mean_curves(study: Study) -> list[Figure]:
    """Mean accuracy over the runs of each condition in the worst case, for each data set."""
    setting = {row["run"]: row for row in rows_of_runs(study.rows)}
    found = []
    for dataset in sorted({str(row["dataset"]) for row in setting.values()}):
        here = {
            run: str(row["condition"]) for run, row in setting.items() if row["dataset"] == dataset
        }
        if curves := _mean_curves(study.curves, here):
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


def _mean_curves(
    rows: Iterable[Row], conditions: Mapping[Value, str]
) -> dict[tuple[str, str], list[dict[str, float]]]:
    """Mean accuracy of the runs of each condition at each size, in the worst case."""
    sizes: dict[tuple[str, str], dict[float, list[float]]] = {}
    for row in rows:
        worst_case = (row["target"], row["attack"]) == ("input", "pgd")
        if row["run"] in conditions and worst_case:
            by_size = sizes.setdefault((conditions[row["run"]], ATTACKS["pgd"]), {})
            by_size.setdefault(number(row, "epsilon"), []).append(number(row, "accuracy"))
    return {
        key: [{"epsilon": e, "accuracy": fmean(all_)} for e, all_ in sorted(by_size.items())]
        for key, by_size in sorted(sizes.items())  # so a condition has one colour in all figures
    }
