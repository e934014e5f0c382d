"""The price of stability: accuracy given up for distance to instability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rnnspec.study.claims.claim import SUPPORTED, Claim, above, all_of
from rnnspec.study.claims.contrasts import Starts, differences, pairs, rise
from rnnspec.study.pareto import settings
from rnnspec.study.results import Row
from rnnspec.study.runs import is_trained_with
from rnnspec.study.statistics.estimate import Estimate, find
from rnnspec.study.statistics.holm import correct
from rnnspec.study.statistics.ratio import fieller
from rnnspec.study.statistics.signed_rank import signed_rank
from rnnspec.study.words import describe, list_phrase, verdict_phrase

# A loss of accuracy below one percentage point counts as no price: two seeds of one setting differ
# by 0.004 (standard deviation, median over the 54 settings of the standard study).
POINT = 0.01
ACCURACY, DISTANCE, PLAIN = "test_accuracy", "distance_to_instability", "plain"

QUESTION = "Does distance to instability cost accuracy?"
RULE = (
    "Of the conditions whose interval of the gain in distance to instability, over plain"
    " training from the same start, begins above 0.  Supported if for each of them the interval"
    " of the accuracy given up lies above 0.01; not supported if for one it ends at or below"
    " 0.01; else, or if no condition gains distance, undecided."
)


def price_claim(runs: Sequence[Row]) -> Claim:
    r"""Judge what a unit of distance to instability costs in accuracy, for each condition.

    Each condition that normalises or trains for robustness is compared with plain training from
    the same start; the distance is that of the recurrent matrix with the smallest.  The price is
    Fieller's ratio of the means, see `rnnspec.study.statistics.ratio`.  The sentence also names
    the Pareto front of test accuracy, distance to instability and median r* (means over seeds)
    in each data set and cell.

    Examples
    --------
    >>> price_claim([]).sentence
    'Distance to instability costs accuracy: undecided at this sample size. No condition was ...'
    """
    starts = _against_plain(runs)
    losses = [_accuracy_loss(starts[condition], condition) for condition in starts]
    gains = [_distance_gain(starts[condition], condition) for condition in starts]
    prices = [_price(starts[condition], condition) for condition in starts]
    numbers = (*correct([*losses, *gains]), *prices)
    costs = [loss for loss, gain in zip(losses, gains, strict=True) if above(gain) == SUPPORTED]
    verdict = all_of(above(cost, POINT) for cost in costs)
    sentences = [_sentence(numbers, condition) for condition in starts]
    sentence = [
        f"Distance to instability costs accuracy: {verdict_phrase(verdict)}.",
        *(sentences or ["No condition was paired with plain training."]),
        *_front_sentence(runs),
    ]
    return Claim("price", QUESTION, RULE, verdict, " ".join(sentence), numbers)


def _against_plain(runs: Sequence[Row]) -> dict[str, Starts]:
    """Pair each condition that is not plain training with it, where the two share a start."""
    plain = [run for run in runs if is_trained_with(run)]
    others = [run for run in runs if not is_trained_with(run)]
    found = {}
    for condition in sorted({str(run["condition"]) for run in others}):
        own = [run for run in others if run["condition"] == condition]
        found[condition] = pairs(
            own + plain,
            lambda run: not is_trained_with(run),
            is_trained_with,
        )
    return {condition: starts for condition, starts in found.items() if starts}


def _losses(starts: Starts) -> list[float]:
    return [0.0 - change for change in differences(starts, ACCURACY, ACCURACY, rise)]


def _gains(starts: Starts) -> list[float]:
    return differences(starts, DISTANCE, DISTANCE, rise)


def _accuracy_loss(starts: Starts, condition: str) -> Estimate:
    found = signed_rank(_losses(starts), f"accuracy given up, {condition}")
    return replace(found, column=ACCURACY, against=PLAIN, part=condition)


def _distance_gain(starts: Starts, condition: str) -> Estimate:
    found = signed_rank(_gains(starts), f"distance gained, {condition}")
    return replace(found, column=DISTANCE, against=PLAIN, part=condition)


def _price(starts: Starts, condition: str) -> Estimate:
    found = fieller(_losses(starts), _gains(starts), f"price, {condition}")
    return replace(found, column=ACCURACY, against=DISTANCE, part=condition)


def _sentence(numbers: Sequence[Estimate], condition: str) -> str:
    """Say what a condition gains and gives up."""
    gain = find(numbers, DISTANCE, PLAIN, condition)
    if above(gain) != SUPPORTED:
        return f"Condition {condition} is not shown to gain distance: {describe(gain)}."
    loss = find(numbers, ACCURACY, PLAIN, condition)
    price = find(numbers, ACCURACY, DISTANCE, condition)
    return (
        f"Condition {condition} gains {describe(gain)} of distance for {describe(loss)} of"
        f" accuracy: a price of {describe(price)}."
    )


def _front_sentence(runs: Sequence[Row]) -> list[str]:
    """Say on how many Pareto fronts each condition is; empty if there is no run."""
    on: dict[str, list[bool]] = {}
    for point in settings(runs):
        on.setdefault(point.condition, []).append(point.on_front)
    parts = [f"{name} {sum(fronts)} of {len(fronts)}" for name, fronts in on.items()]
    if not parts:
        return []
    return [f"On the front of accuracy, distance and median r*: {list_phrase(parts)}."]
