"""Comparisons of two runs that began alike: pairs, and one difference for each start."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from math import inf, log10, nan

from rnnspec.study.columns import mean_known, number
from rnnspec.study.results import Row, Value
from rnnspec.study.statistics.estimate import Estimate
from rnnspec.study.statistics.signed_rank import signed_rank

START = ("dataset", "cell", "seed", "start")

Compare = Callable[[float, float], float]
Starts = Sequence[Sequence[tuple[Row, Row]]]


def pairs(
    runs: Iterable[Row], left: Callable[[Row], bool], right: Callable[[Row], bool]
) -> list[list[tuple[Row, Row]]]:
    """Return the pairs of a run that is `left` and one that is `right`, in one list for each start.

    Runs have the same start if they share data set, cell, seed, and every setting except those
    of normalisation and of training for robustness (the digest of these settings is the column
    ``start``).  A start may have several pairs, with two estimators of the radius for example;
    they are one piece of evidence.

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
    """Group the rows that have the same start."""
    starts: dict[tuple[Value, ...], list[Row]] = {}
    for row in rows:
        starts.setdefault(tuple(row.get(name) for name in START), []).append(row)
    return list(starts.values())


def differences(
    starts: Starts, left: str, right: str, compare: Compare
) -> list[float]:  # shape: (len(starts),)
    """Compare the number `left` of each pair's first run with `right` of its second.

    A start with several pairs gives the mean of their comparisons.
    """
    return [
        mean_known(compare(number(a, left), number(b, right)) for a, b in start) for start in starts
    ]


def contrast(starts: Starts, name: str, compare: Compare, label: str) -> Estimate:
    """Estimate how the number `name` differs between the two runs of a pair, over the starts."""
    return signed_rank(differences(starts, name, name, compare), label)


def rise(after: float, before: float) -> float:
    """Difference, after less before; that of two infinities is NaN.

    Examples
    --------
    >>> rise(0.75, 0.5), rise(inf, inf)
    (0.25, nan)
    """
    return after - before


def orders(after: float, before: float) -> float:
    """Orders of magnitude from before to after, ``log10(after/before)``.

    Examples
    --------
    >>> orders(10.0, 1.0), orders(inf, 3.0), orders(0.0, 3.0), orders(inf, inf)
    (1.0, inf, -inf, nan)
    """
    return rise(_log(after), _log(before))


def as_ratio(estimate: Estimate) -> Estimate:
    """Turn an estimate in orders of magnitude into one of the ratio.

    Examples
    --------
    >>> found = as_ratio(Estimate("", 1.0, 0.0, inf))
    >>> found.value, found.low, found.high
    (10.0, 1.0, inf)
    """
    value, low, high = (10.0**x for x in (estimate.value, estimate.low, estimate.high))
    return replace(estimate, value=value, low=low, high=high)


def _log(value: float) -> float:
    """Decimal logarithm; -inf of 0, and NaN of a negative number."""
    if value <= 0:
        return -inf if value == 0 else nan
    return log10(value)
