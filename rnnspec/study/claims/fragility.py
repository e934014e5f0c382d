"""P2: whether networks with a bounded spectral radius are stable but fragile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from math import inf, isfinite, log10

import numpy as np

from rnnspec.robustness.result import wilson
from rnnspec.spectra.eigen import EDGE
from rnnspec.study.claims.claim import Claim
from rnnspec.study.claims.contrasts import (
    Starts,
    as_ratio,
    by_start,
    contrast,
    orders,
    pairs,
    rise,
)
from rnnspec.study.claims.verdict import (
    REFUTED,
    SUPPORTED,
    UNDECIDED,
    above,
    all_of,
    inside,
    opposite,
)
from rnnspec.study.columns import column, is_trained_with, mean_known
from rnnspec.study.results import Row
from rnnspec.study.statistics.estimate import LEVEL, Estimate, find
from rnnspec.study.statistics.holm import correct
from rnnspec.study.statistics.signed_rank import signed_rank
from rnnspec.study.words import count_phrase, describe, label, verdict_phrase

# A median r* that is larger by less than a tenth counts as no gain: two seeds of one setting differ
# by 3 % (standard deviation, median over the 54 settings of the standard study).
GAIN = 1.1
# The distance to instability of a normal matrix is 1 - rho.  A matrix is called near instability if
# its distance is less than half of what its spectral radius suggests.
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


def fragility_claim(runs: Sequence[Row]) -> Claim:
    r"""Judge P2, radius-normalised networks obey :math:`\rho \le 1` and are no more robust.

    Pairs are of runs from the same start, see `rnnspec.study.claims.contrasts.pairs`, and none
    of these runs was trained for robustness.  Numbers that are factors (Kreiss constant, median
    r*) are compared by their ratio, others by their difference.  All comparisons, with plain
    training and with norm normalisation, are one family for Holm's correction.

    Examples
    --------
    >>> fragility_claim([]).sentence
    'Stable but fragile: undecided at this sample size. Radius-normalised, 0 of 0 runs ...'
    """
    radius, norm, plain = (
        partial(is_trained_with, normalize=kind) for kind in ("radius", "norm", "none")
    )
    normalized = [run for run in runs if radius(run)]
    stable, near = _stable_share(normalized), _distance_ratio(normalized)
    starts = {"plain": pairs(runs, radius, plain), "norm": pairs(runs, radius, norm)}
    compared = correct(
        _comparison(starts[other], measure, other) for other in starts for measure in _columns(runs)
    )
    gain = contrast(starts["plain"], "median_r", orders, "")
    verdict = all_of(
        [_everywhere(stable), inside(near, -inf, HALF), opposite(above(gain, log10(GAIN)))]
    )
    sentence = _sentence(verdict, stable, near, compared)
    return Claim("P2", QUESTION, RULE, verdict, sentence, (stable, near, *compared))


def _columns(runs: Sequence[Row]) -> list[str]:
    """Return the columns that are compared."""
    columns = dict.fromkeys(name for run in runs for name in run)
    sized = [name for name in columns if name.startswith(SIZED)]
    return ["median_r", "kreiss_constant", "area", "test_accuracy", "distance_ratio", *sized]


def _comparison(starts: Starts, measure: str, other: str) -> Estimate:
    if measure in RATIOS:
        name = f"{label(measure)}, radius over {other}"
        found = as_ratio(contrast(starts, measure, orders, name))
    else:
        found = contrast(starts, measure, rise, f"{label(measure)}, radius less {other}")
    return replace(found, column=measure, against=other)


def _stable_share(radius: Sequence[Row]) -> Estimate:
    """Share of runs whose largest spectral radius is at most 1, with Wilson's interval."""
    rho = column(radius, "spectral_radius")
    known = rho[~np.isnan(rho)]
    n = len(known)
    found = Estimate(
        "share of radius-normalised runs with ρ <= 1",
        n=n,
        left_out=len(rho) - n,
        column="spectral_radius",
    )
    if not n:
        return replace(found, why="no run")
    share = float((known <= 1 + EDGE).mean())
    low, high = wilson(share, n)
    return replace(found, value=share, low=float(low), high=float(high))


def _everywhere(share: Estimate) -> str:
    """Return the verdict on "all runs are among the share"."""
    if not share.n:
        return UNDECIDED
    return SUPPORTED if share.value == 1 else REFUTED


def _distance_ratio(radius: Sequence[Row]) -> Estimate:
    """Distance to instability over 1 - rho, a mean for each start.

    The p-value is that of the hypothesis that the ratio is 1/2.
    """
    ratios = [mean_known(column(start, "distance_ratio")) for start in by_start(radius)]
    name = f"{label('distance_ratio')}, radius-normalised"
    found = signed_rank([ratio - HALF for ratio in ratios], name)
    value, low, high = (x + HALF for x in (found.value, found.low, found.high))
    return replace(found, value=value, low=low, high=high, column="distance_ratio")


def _sentence(verdict: str, stable: Estimate, near: Estimate, compared: list[Estimate]) -> str:
    plain, norm = (describe(find(compared, "median_r", other)) for other in ("plain", "norm"))
    share = f"{0 if not stable.n else round(stable.value * stable.n)} of {stable.n}"
    return (
        f"Stable but fragile: {verdict_phrase(verdict)}."
        f" Radius-normalised, {share} runs have ρ <= 1; where ρ is below 1 by more than"
        f" rounding, β/(1−ρ) is {describe(near)}."
        f" The median r* over that of plain training is {plain}, over that of norm"
        f" normalisation {norm}. {_difference_count(compared)}"
    )


def _difference_count(compared: list[Estimate]) -> str:
    """Say how many comparisons differ after correction, or that so few starts can show none.

    The signed-rank test of n pairs has no p-value below 2^(1 - n).
    """
    made = [one for one in compared if isfinite(one.p)]
    if not any(2.0 ** (1 - one.n) * len(made) < LEVEL for one in made):
        return f"So few starts can show no difference among {len(made)} comparisons."
    differ = sum(one.p_corrected < LEVEL for one in made)
    return (
        f"Of {count_phrase(len(made), 'comparison')} with the two {differ}"
        f" {'differs' if differ == 1 else 'differ'} from no change after correction."
    )
