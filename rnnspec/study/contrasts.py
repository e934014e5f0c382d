"""A number of two runs that began alike, compared: pair by pair, a start at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from math import inf, isnan, log10, nan

from rnnspec.study.estimate import Estimate
from rnnspec.study.paired import holm, paired
from rnnspec.study.results import Row, Value
from rnnspec.study.runs import number

START = ("dataset", "cell", "seed", "start")

Compare = Callable[[float, float], float]
Starts = Sequence[Sequence[tuple[Row, Row]]]


def pairs(
    runs: Iterable[Row], left: Callable[[Row], bool], right: Callable[[Row], bool]
) -> list[list[tuple[Row, Row]]]:
    """The pairs of a run that is `left` and one that is `right`, in one list a start.

    Runs have the same start if they share data set, cell, seed, and every setting but how they
    were normalised and made robust, whose digest is ``start``.  With two estimators of the
    radius, say, a start has two pairs; they are one piece of evidence.

    Examples
    --------
    >>> runs = [{"seed": 0, "normalize": "norm"}, {"seed": 0, "normalize": "none"}]
    >>> runs += [{"seed": 1, "normalize": "norm"}]
    >>> found = pairs(runs, lambda r: r["normalize"] == "norm", lambda r: r["normalize"] == "none")
    >>> [[(a["seed"], b["seed"]) for a, b in start] for start in found]
    [[(0, 0)]]
    """
    met = (
        [(a, b) for a in start if left(a) for b in start if right(b)] for start in by_start(runs)
    )
    return [start for start in met if start]


def by_start(rows: Iterable[Row]) -> list[list[Row]]:
    """The rows that began alike, together."""
    starts: dict[tuple[Value, ...], list[Row]] = {}
    for row in rows:
        starts.setdefault(tuple(row.get(name) for name in START), []).append(row)
    return list(starts.values())


def differences(
    starts: Starts, left: str, right: str, compare: Compare
) -> list[float]:  # shape: (len(starts),)
    """The number `left` of each pair's first against `right` of its second, a mean a start."""
    return [
        mean_known(compare(number(a, left), number(b, right)) for a, b in start) for start in starts
    ]


def contrast(starts: Starts, name: str, compare: Compare, label: str) -> Estimate:
    """The number `name` of each pair's first run against that of its second, over the starts."""
    return paired(differences(starts, name, name, compare), label)


def rise(after: float, before: float) -> float:
    """After less before; of two infinities nothing is known.

    Examples
    --------
    >>> rise(0.75, 0.5), rise(inf, inf)
    (0.25, nan)
    """
    return after - before


def orders(after: float, before: float) -> float:
    """Orders of magnitude from before to after, log10(after/before).

    Examples
    --------
    >>> orders(10.0, 1.0), orders(inf, 3.0), orders(0.0, 3.0), orders(inf, inf)
    (1.0, inf, -inf, nan)
    """
    return rise(_log(after), _log(before))


def as_ratio(estimate: Estimate) -> Estimate:
    """Orders of magnitude as the ratio that they are of.

    Examples
    --------
    >>> found = as_ratio(Estimate("", 1.0, 0.0, inf))
    >>> found.value, found.low, found.high
    (10.0, 1.0, inf)
    """
    value, low, high = (10.0**x for x in (estimate.value, estimate.low, estimate.high))
    return replace(estimate, value=value, low=low, high=high)


def mean_known(values: Iterable[float]) -> float:
    """Mean of the numbers that are not NaN; NaN if there is none.

    Examples
    --------
    >>> mean_known([1.0, nan, 3.0]), mean_known([nan])
    (2.0, nan)
    """
    known = [value for value in values if not isnan(value)]
    return sum(known) / len(known) if known else nan


def corrected(family: Iterable[Estimate]) -> list[Estimate]:
    """The family's estimates with p-values corrected for their number."""
    family = list(family)
    p = holm([one.p for one in family])
    return [replace(one, p_corrected=float(q)) for one, q in zip(family, p, strict=True)]


def _log(value: float) -> float:
    if value <= 0:
        return -inf if value == 0 else nan
    return log10(value)
