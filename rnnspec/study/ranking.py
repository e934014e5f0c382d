"""P1: does accuracy rank robustness, and which other number does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite

import numpy as np

from rnnspec._format import figures
from rnnspec.study.contrasts import corrected
from rnnspec.study.correlation import spearman
from rnnspec.study.estimate import LEVEL, Claim, Estimate, all_of, inside
from rnnspec.study.results import Row
from rnnspec.study.runs import JACOBIAN, MEASURES, column
from rnnspec.study.words import counted, judged, label, listed, said

ROBUSTNESS = ("median_r", "area")
STRONG = 0.5  # a quarter of the variance of the ranks
NAMED = 4  # numbers that the sentence names; the rest are counted

QUESTION = "Does accuracy fail to rank robustness?"
RULE = (
    "Supported if the interval of the rank correlation of test accuracy lies within ±0.5 (less"
    " than a quarter of the ranks' variance in common), both with the median r* and with the"
    " area under the PGD curve; not supported if one of the two lies beyond, on either side;"
    " else undecided.  A number predicts robustness if its own correlation differs from zero"
    " at 5 %, corrected by Holm for all numbers and both measures of robustness."
)


def ranking(runs: Sequence[Row], seed: int = 0) -> Claim:
    r"""P1, accuracy does not rank robustness.

    That two things have nothing to do with each other cannot be shown, only that they have
    little: the claim is that Spearman's :math:`|\varrho| < 1/2`, and the interval of
    `rnnspec.study.correlation` decides.  An absent correlation with a wide interval is undecided.

    Groups are the settings (data set, cell, condition), whose runs differ in their seed;
    strata are the data sets.  Of several matrices the worst counts, see
    `rnnspec.study.runs.runs_of`; that of weights and that of Jacobians are two numbers.

    Notes
    -----
    The area begins with the accuracy at :math:`\varepsilon = 0`, so some correlation of the two
    is arithmetic; the median r* is over sequences that are right unperturbed.

    Examples
    --------
    >>> ranking([]).verdict
    'undecided'
    """
    numbers = corrected(_correlations(runs, seed))
    verdict = all_of(inside(one, -STRONG, STRONG) for one in numbers[: len(ROBUSTNESS)])
    return Claim(
        "P1", QUESTION, RULE, verdict, _sentence(runs, verdict, numbers),
        (*numbers, *_within(runs, seed)),
    )  # fmt: skip


def _correlations(runs: Sequence[Row], seed: int, where: str = "") -> list[Estimate]:
    """Of accuracy first, then of every number, with each measure of robustness."""
    return [
        _pooled(runs, name, robust, seed, where)
        for name in ("test_accuracy", *_numbers(runs))
        for robust in ROBUSTNESS
    ]


def _numbers(runs: Sequence[Row]) -> list[str]:
    """The columns that might tell of robustness, where they are not blank in all runs."""
    sized = sorted({name for run in runs for name in run if "pseudospectral_radius@" in name})
    sized = [name for name in sized if not name.startswith(JACOBIAN)]
    weights = [*MEASURES, *sized]
    names = ["lyapunov_max", *weights, *(JACOBIAN + name for name in weights)]
    return [name for name in names if not np.isnan(column(runs, name)).all()]


def _pooled(runs: Sequence[Row], name: str, robust: str, seed: int, where: str) -> Estimate:
    groups = np.array([f"{run['cell']} {run['condition']}" for run in runs])
    found = spearman(
        column(runs, name),
        column(runs, robust),
        groups,
        np.array([str(run["dataset"]) for run in runs]),
        name=f"{label(name)} ~ {label(robust)}{where}",
        seed=seed,
    )
    return replace(found, column=name, against=robust, part=where.removeprefix(", "))


def _within(runs: Sequence[Row], seed: int) -> list[Estimate]:
    """The same in each data set by itself, if there are several; not corrected."""
    parts: dict[str, list[Row]] = {}
    for run in runs:
        parts.setdefault(str(run["dataset"]), []).append(run)
    if len(parts) == 1:
        return []
    return [
        one
        for dataset in sorted(parts)
        for one in _correlations(parts[dataset], seed, f", {dataset}")
    ]


def _sentence(runs: Sequence[Row], verdict: str, numbers: list[Estimate]) -> str:
    settings = len({(run["dataset"], run["cell"], run["condition"]) for run in runs})
    datasets = counted(len({run["dataset"] for run in runs}), "data set")
    median, area = numbers[: len(ROBUSTNESS)]
    return (
        f"Accuracy does not rank robustness: {judged(verdict)}."
        f" Over {counted(len(runs), 'run')} in {counted(settings, 'setting')} on {datasets}"
        f" the rank correlation of test accuracy is {said(median)} with the median r* and"
        f" {said(area)} with the area under the PGD curve."
        f" {_predictors(numbers)}"
    )


def _predictors(numbers: list[Estimate]) -> str:
    family = f"corrected for {counted(sum(isfinite(e.p) for e in numbers), 'comparison')}"
    found = sorted((e for e in numbers if e.p_corrected < LEVEL), key=lambda e: -abs(e.value))
    if not found:
        return f"No number is shown to predict robustness ({family})."
    named = [f"{e.name} {figures(e.value, notation='e')}" for e in found[:NAMED]]
    rest = [counted(len(found) - NAMED, "more correlation")] if len(found) > NAMED else []
    return f"Different from zero ({family}), strongest first: {listed([*named, *rest])}."
