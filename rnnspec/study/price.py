"""The price of stability: accuracy given up for distance to instability, and the Pareto front."""

from __future__ import annotations

from collections.abc import Sequence

from rnnspec.study.contrasts import Starts, corrected, differences, pairs, rise
from rnnspec.study.estimate import SUPPORTED, Claim, Estimate, above, all_of
from rnnspec.study.paired import paired
from rnnspec.study.pareto import settings
from rnnspec.study.ratio import fieller
from rnnspec.study.results import Row
from rnnspec.study.runs import trained
from rnnspec.study.words import judged, listed, said

POINT = 0.01  # of accuracy: less is no price

QUESTION = "Does distance to instability cost accuracy?"
RULE = (
    "Of the conditions whose interval of the gain in distance to instability, over plain"
    " training from the same start, begins above 0.  Supported if for each of them the interval"
    " of the accuracy given up lies above 0.01; not supported if for one it ends at or below"
    " 0.01; else, or if no condition gains distance, undecided."
)


def price(runs: Sequence[Row]) -> Claim:
    r"""What a unit of distance to instability costs in accuracy, condition by condition.

    A condition that normalises or trains for robustness against plain training from the same
    start; the distance is that of the recurrent matrix with the smallest.  The price is
    Fieller's ratio of the means, see `rnnspec.study.ratio`.  Beside it, the Pareto front of
    test accuracy, distance to instability and median r* (means over seeds) in each data set
    and cell.

    Examples
    --------
    >>> price([]).sentence
    'Distance to instability costs accuracy: undecided at this sample size. No condition was ...'
    """
    starts = _against_plain(runs)
    given = [paired(_given(of), f"accuracy given up, {name}") for name, of in starts.items()]
    gained = [paired(_gained(of), f"distance gained, {name}") for name, of in starts.items()]
    paid = [fieller(_given(of), _gained(of), f"price, {name}") for name, of in starts.items()]
    costs = [a for a, b in zip(given, gained, strict=True) if above(b) == SUPPORTED]
    verdict = all_of(above(cost, POINT) for cost in costs)
    told = [_told(*each) for each in zip(starts, given, gained, paid, strict=True)]
    sentence = [
        f"Distance to instability costs accuracy: {judged(verdict)}.",
        *(told or ["No condition was paired with plain training."]),
        *_fronts(runs),
    ]
    numbers = (*corrected([*given, *gained]), *paid)
    return Claim("price", QUESTION, RULE, verdict, " ".join(sentence), numbers)


def _told(name: str, given: Estimate, gained: Estimate, paid: Estimate) -> str:
    if above(gained) != SUPPORTED:
        return f"Condition {name} is not shown to gain distance: {said(gained)}."
    return (
        f"Condition {name} gains {said(gained)} of distance for {said(given)} of accuracy:"
        f" a price of {said(paid)}."
    )


def _against_plain(runs: Sequence[Row]) -> dict[str, Starts]:
    """The conditions that are not plain training, where they met it at a start."""
    plain = [run for run in runs if trained(run)]
    met = {}
    for condition in sorted({str(run["condition"]) for run in runs if not trained(run)}):
        own = [run for run in runs if run["condition"] == condition]
        met[condition] = pairs(own + plain, lambda run: not trained(run), trained)
    return {condition: starts for condition, starts in met.items() if starts}


def _given(starts: Starts) -> list[float]:
    return [0.0 - change for change in differences(starts, "test_accuracy", "test_accuracy", rise)]


def _gained(starts: Starts) -> list[float]:
    return differences(starts, "distance_to_instability", "distance_to_instability", rise)


def _fronts(runs: Sequence[Row]) -> list[str]:
    """On how many fronts each condition is."""
    on: dict[str, list[bool]] = {}
    for point in settings(runs):
        on.setdefault(point.condition, []).append(point.on_front)
    told = [f"{name} {sum(fronts)} of {len(fronts)}" for name, fronts in on.items()]
    return [f"On the front of accuracy, distance and median r*: {listed(told)}."] if told else []
