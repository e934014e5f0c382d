"""P1: whether accuracy ranks robustness, and which other numbers do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite

import numpy as np

from rnnspec._format import figures
from rnnspec.study.claims.claim import Claim, all_of, inside
from rnnspec.study.results import Row
from rnnspec.study.runs import JACOBIAN, MEASURES, column
from rnnspec.study.statistics.correlation import spearman
from rnnspec.study.statistics.estimate import LEVEL, Estimate, find
from rnnspec.study.statistics.holm import correct
from rnnspec.study.words import count_phrase, describe, label, list_phrase, verdict_phrase

ACCURACY = "test_accuracy"
ROBUSTNESS = ("median_r", "area")
STRONG = 0.5  # Below it two numbers share less than a quarter of the variance of their ranks.
NAMED = 4  # So many numbers fit in a sentence that is still read to its end; others are counted.

QUESTION = "Does accuracy fail to rank robustness?"
RULE = (
    "Supported if the interval of the rank correlation of test accuracy lies within ±0.5 (less"
    " than a quarter of the ranks' variance in common), both with the median r* and with the"
    " area under the PGD curve; not supported if one of the two lies beyond, on either side;"
    " else undecided.  A number predicts robustness if its own correlation differs from zero"
    " at 5 %, corrected by Holm for all numbers and both measures of robustness."
)


def ranking_claim(runs: Sequence[Row], seed: int = 0) -> Claim:
    r"""Judge P1, accuracy does not rank robustness.

    No data can show that two numbers are unrelated, only that they are weakly related.  The claim
    is therefore that Spearman's :math:`|\varrho| < 1/2`, and the interval of
    `rnnspec.study.statistics.correlation` decides.  A small correlation with a wide interval is
    undecided.

    Groups are the settings (data set, cell, condition), whose runs differ in their seed; strata
    are the data sets.  Of several matrices the worst counts, see `rnnspec.study.runs_of`; the
    number of the weights and that of the Jacobians are two numbers.

    Notes
    -----
    The area begins with the accuracy at :math:`\varepsilon = 0`, so part of its correlation with
    accuracy is arithmetic; the median r* is over sequences that are classified correctly.

    Examples
    --------
    >>> ranking_claim([]).verdict
    'undecided'
    """
    numbers = correct(_correlations(runs, seed))
    accuracy = [find(numbers, ACCURACY, robust) for robust in ROBUSTNESS]
    verdict = all_of(inside(one, -STRONG, STRONG) for one in accuracy)
    sentence = _sentence(runs, verdict, accuracy, numbers)
    return Claim("P1", QUESTION, RULE, verdict, sentence, (*numbers, *_by_data_set(runs, seed)))


def _correlations(runs: Sequence[Row], seed: int, dataset: str = "") -> list[Estimate]:
    """Correlate accuracy, and then every other number, with each measure of robustness."""
    return [
        _correlation(runs, name, robust, seed, dataset)
        for name in (ACCURACY, *_candidates(runs))
        for robust in ROBUSTNESS
    ]


def _candidates(runs: Sequence[Row]) -> list[str]:
    """Return the columns that might predict robustness and are not blank in all runs."""
    sized = sorted({name for run in runs for name in run if "pseudospectral_radius@" in name})
    sized = [name for name in sized if not name.startswith(JACOBIAN)]
    weights = [*MEASURES, *sized]
    names = ["lyapunov_max", *weights, *(JACOBIAN + name for name in weights)]
    return [name for name in names if not np.isnan(column(runs, name)).all()]


def _correlation(runs: Sequence[Row], name: str, robust: str, seed: int, dataset: str) -> Estimate:
    found = spearman(
        column(runs, name),
        column(runs, robust),
        np.array([f"{run['cell']} {run['condition']}" for run in runs]),
        np.array([str(run["dataset"]) for run in runs]),
        name=f"{label(name)} ~ {label(robust)}{dataset and f', {dataset}'}",
        seed=seed,
    )
    return replace(found, column=name, against=robust, part=dataset)


def _by_data_set(runs: Sequence[Row], seed: int) -> list[Estimate]:
    """Compute the same correlations in each data set alone, if there are several; uncorrected."""
    parts: dict[str, list[Row]] = {}
    for run in runs:
        parts.setdefault(str(run["dataset"]), []).append(run)
    if len(parts) == 1:
        return []
    return [one for name in sorted(parts) for one in _correlations(parts[name], seed, name)]


def _sentence(
    runs: Sequence[Row], verdict: str, accuracy: Sequence[Estimate], numbers: Sequence[Estimate]
) -> str:
    settings = len({(run["dataset"], run["cell"], run["condition"]) for run in runs})
    datasets = count_phrase(len({run["dataset"] for run in runs}), "data set")
    median, area = map(describe, accuracy)
    return (
        f"Accuracy does not rank robustness: {verdict_phrase(verdict)}."
        f" Over {count_phrase(len(runs), 'run')} in {count_phrase(settings, 'setting')} on"
        f" {datasets} the rank correlation of test accuracy is {median} with the median r* and"
        f" {area} with the area under the PGD curve."
        f" {_predictors(numbers)}"
    )


def _predictors(numbers: Sequence[Estimate]) -> str:
    """Name the strongest correlations that differ from zero, and count the others."""
    compared = sum(isfinite(one.p) for one in numbers)
    family = f"corrected for {count_phrase(compared, 'comparison')}"
    found = sorted((e for e in numbers if e.p_corrected < LEVEL), key=lambda e: -abs(e.value))
    if not found:
        return f"No number is shown to predict robustness ({family})."
    parts = [f"{e.name} {figures(e.value, notation='e')}" for e in found[:NAMED]]
    if len(found) > NAMED:
        parts.append(count_phrase(len(found) - NAMED, "more correlation"))
    return f"Different from zero ({family}), strongest first: {list_phrase(parts)}."
