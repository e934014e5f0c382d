"""The price of stability: accuracy given up for distance to instability, and the Pareto front."""

from collections.abc import Sequence

from rnnspec.study.contrasts import Starts, corrected, differences, pairs, rise
from rnnspec.study.estimate import SUPPORTED, Claim, above, all_of
from rnnspec.study.paired import paired
from rnnspec.study.pareto import settings
from rnnspec.study.ratio import fieller
from rnnspec.study.results import Row
from rnnspec.study.runs import setting
from rnnspec.study.words import listed, said

POINT = 0.01  # of accuracy: less is no price

QUESTION = "Does distance to instability cost accuracy?"
RULE = (
    "Of the conditions whose interval of the gain in distance to instability, over plain"
    " training from the same start, begins above 0.  Supported if for each of them the interval"
    " of the accuracy given up begins above 0 and ends above 0.01; not supported if for one it"
    " ends at or below 0.01; else, or if no condition gains distance, undecided."
)


def price(runs: Sequence[Row]) -> Claim:
    r"""What a unit of distance to instability costs in accuracy, condition by condition.

    A condition that normalises or trains adversarially against plain training from the same
    start; the distance is that of the recurrent matrix with the smallest.  The price is
    Fieller's ratio of the means, see `rnnspec.study.ratio`.  Beside it, the Pareto front of
    test accuracy, distance to instability and median r* (means over seeds) in each data set
    and cell.

    Examples
    --------
    >>> price([]).sentence
    'Distance to instability costs accuracy: undecided. No condition was paired with plain ...'
    """
    starts = _against_plain(runs)
    given = {name: paired(_given(of), f"accuracy given up, {name}") for name, of in starts.items()}
    gained = {
        name: paired(_gained(of), f"distance to instability gained, {name}")
        for name, of in starts.items()
    }
    paid = [fieller(_given(of), _gained(of), f"price, {name}") for name, of in starts.items()]
    verdict = all_of(
        above(given[name], POINT) for name in starts if above(gained[name]) == SUPPORTED
    )
    told = [
        f"Condition {name} gives up {said(given[name])} of accuracy and gains"
        f" {said(gained[name])} of distance: its price is {said(one)}."
        for name, one in zip(starts, paid, strict=True)
    ]
    return Claim(
        "price",
        QUESTION,
        RULE,
        verdict,
        f"Distance to instability costs accuracy: {verdict}."
        f" {' '.join(told) or 'No condition was paired with plain training.'}{_fronts(runs)}",
        (*corrected([*given.values(), *gained.values()]), *paid),
    )


def _is_plain(run: Row) -> bool:
    return setting(run, "normalize") == setting(run, "adversarial") == "none"


def _against_plain(runs: Sequence[Row]) -> dict[str, Starts]:
    """The conditions that are not plain training, where they met it at a start."""
    plain = [run for run in runs if _is_plain(run)]
    met = {}
    for condition in sorted({str(run["condition"]) for run in runs if not _is_plain(run)}):
        own = [run for run in runs if run["condition"] == condition]
        met[condition] = pairs(own + plain, lambda run: not _is_plain(run), _is_plain)
    return {condition: starts for condition, starts in met.items() if starts}


def _given(starts: Starts) -> list[float]:
    return [-change for change in differences(starts, "test_accuracy", "test_accuracy", rise)]


def _gained(starts: Starts) -> list[float]:
    return differences(starts, "distance_to_instability", "distance_to_instability", rise)


def _fronts(runs: Sequence[Row]) -> str:
    """On how many fronts each condition is."""
    on: dict[str, list[bool]] = {}
    for point in settings(runs):
        on.setdefault(point.condition, []).append(point.on_front)
    told = [f"{name} {sum(fronts)} of {len(fronts)}" for name, fronts in on.items()]
    if not told:
        return ""
    return f" Times on the front of accuracy, distance and median r*: {listed(told)}."
