"""P2: stable but fragile, what bounding the spectral radius does and does not do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf, isfinite, log10

import numpy as np

from rnnspec.robustness.wilson import wilson
from rnnspec.spectra.eigen import EDGE
from rnnspec.study.contrasts import (
    Starts,
    as_ratio,
    by_start,
    contrast,
    corrected,
    mean_known,
    orders,
    pairs,
    rise,
)
from rnnspec.study.estimate import (
    LEVEL,
    REFUTED,
    SUPPORTED,
    UNDECIDED,
    Claim,
    Estimate,
    above,
    all_of,
    inside,
    opposite,
)
from rnnspec.study.paired import paired
from rnnspec.study.results import Row
from rnnspec.study.runs import column, trained
from rnnspec.study.words import counted, judged, label, said

GAIN = 1.1  # a median r* larger by less than a tenth is no gain
HALF = 0.5
RATIOS = ("kreiss_constant", "median_r")
SIZED = ("pseudospectral_gap@", "weights_accuracy@")

QUESTION = "Are radius-normalised networks stable but fragile?"
RULE = (
    "Three parts, all of which must hold.  Stable: each radius-normalised run has ρ <= 1 in"
    " every recurrent matrix.  Near instability: the interval of β/(1−ρ), over starts, lies"
    " below 1/2 (not supported: at or above it).  No gain: the interval of the median r* over"
    " that of plain training from the same start ends at or below 1.1 (not supported: it begins"
    " above).  One part not supported: not supported; else undecided."
)


def fragility(runs: Sequence[Row]) -> Claim:
    r"""P2, radius-normalised networks obey :math:`\rho \le 1` and are no more robust for it.

    Pairs are of runs from the same start, see `rnnspec.study.contrasts.pairs`, none of them trained
    for robustness.  Numbers that are factors (Kreiss constant, median r*) are
    compared by their ratio, others by their difference; all comparisons, with plain training
    and with norm normalisation, are one family for Holm's correction.

    Examples
    --------
    >>> fragility([]).sentence
    'Stable but fragile: undecided at this sample size. Radius-normalised, 0 of 0 runs ...'
    """
    radius = [run for run in runs if trained(run, "radius")]
    stable, near = _stable(radius), _near(radius)
    starts = {
        "plain": pairs(runs, lambda run: trained(run, "radius"), lambda run: trained(run, "none")),
        "norm": pairs(runs, lambda run: trained(run, "radius"), lambda run: trained(run, "norm")),
    }
    gain = contrast(starts["plain"], "median_r", orders, "")
    verdict = all_of(
        [_everywhere(stable), inside(near, -inf, HALF), opposite(above(gain, log10(GAIN)))]
    )
    compared = corrected(
        _compared(starts[other], measure, other) for other in starts for measure in _measures(runs)
    )
    sentence = _sentence(verdict, stable, near, compared)
    return Claim("P2", QUESTION, RULE, verdict, sentence, (stable, near, *compared))


def _measures(runs: Sequence[Row]) -> list[str]:
    columns = dict.fromkeys(name for run in runs for name in run)
    sized = [name for name in columns if name.startswith(SIZED)]
    return ["median_r", "kreiss_constant", "area", "test_accuracy", "distance_ratio", *sized]


def _compared(starts: Starts, measure: str, other: str) -> Estimate:
    if measure in RATIOS:
        return as_ratio(contrast(starts, measure, orders, f"{label(measure)}, radius over {other}"))
    return contrast(starts, measure, rise, f"{label(measure)}, radius less {other}")


def _stable(radius: Sequence[Row]) -> Estimate:
    """The share of runs whose largest spectral radius is at most 1."""
    name, rho = "share of radius-normalised runs with ρ <= 1", column(radius, "spectral_radius")
    known = rho[~np.isnan(rho)]
    if not len(known):
        return Estimate(name, left_out=len(rho), why="no run")
    share = float((known <= 1 + EDGE).mean())
    low, high = wilson(share, len(known))
    return Estimate(name, share, float(low), float(high), len(known), len(rho) - len(known))


def _everywhere(share: Estimate) -> str:
    if not share.n:
        return UNDECIDED
    return SUPPORTED if share.value == 1 else REFUTED


def _near(radius: Sequence[Row]) -> Estimate:
    """The ratio of distance to instability and 1 - rho; p is of its being 1/2."""
    ratios = [mean_known(column(start, "distance_ratio")) for start in by_start(radius)]
    found = paired(
        [ratio - HALF for ratio in ratios], f"{label('distance_ratio')}, radius-normalised"
    )
    value, low, high = (x + HALF for x in (found.value, found.low, found.high))
    return replace(found, value=value, low=low, high=high)


def _sentence(verdict: str, stable: Estimate, near: Estimate, compared: list[Estimate]) -> str:
    numbers = {one.name: one for one in compared}
    plain, norm = (numbers[f"{label('median_r')}, radius over {x}"] for x in ("plain", "norm"))
    share = f"{0 if not stable.n else round(stable.value * stable.n)} of {stable.n}"
    return (
        f"Stable but fragile: {judged(verdict)}."
        f" Radius-normalised, {share} runs have ρ <= 1; where ρ is below 1 by more than"
        f" rounding, β/(1−ρ) is {said(near)}."
        f" The median r* over that of plain training is {said(plain)}, over that of norm"
        f" normalisation {said(norm)}. {_differences(compared)}"
    )


def _differences(compared: list[Estimate]) -> str:
    """How many comparisons differ after correction; or that so few pairs could show none.

    The signed-rank test of n pairs has no p-value below 2^(1 - n).
    """
    made = [one for one in compared if isfinite(one.p)]
    if not any(2.0 ** (1 - one.n) * len(made) < LEVEL for one in made):
        return f"So few starts can show no difference among {len(made)} comparisons."
    differ = sum(one.p_corrected < LEVEL for one in made)
    return (
        f"Of {counted(len(made), 'comparison')} with the two {differ}"
        f" {'differs' if differ == 1 else 'differ'} from no change after correction."
    )
