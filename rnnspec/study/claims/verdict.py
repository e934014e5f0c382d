"""The verdicts that an interval can give on a claim."""

from __future__ import annotations

from collections.abc import Iterable

from rnnspec.study.statistics.estimate import Estimate

SUPPORTED, REFUTED, UNDECIDED = "supported", "not supported", "undecided"


def above(estimate: Estimate, margin: float = 0.0) -> str:
    """Return the verdict on "the number is above `margin`", the least that matters.

    It is supported if the whole interval lies above, not supported if none of it does, and else
    undecided; without an interval it is undecided.

    Examples
    --------
    >>> above(Estimate("", 0.2, 0.1, 0.3)), above(Estimate("", 0.2, 0.1, 0.3), margin=0.3)
    ('supported', 'not supported')
    >>> above(Estimate("", 0.2, 0.1, 0.3), margin=0.2), above(Estimate("", -0.2, -0.3, -0.1))
    ('undecided', 'not supported')
    """
    if estimate.high <= margin:
        return REFUTED
    return SUPPORTED if estimate.low > margin else UNDECIDED


def inside(estimate: Estimate, low: float, high: float) -> str:
    """Return the verdict on "the number lies between `low` and `high`".

    It is supported if the whole interval does, not supported if none of it does, and else
    undecided.

    Examples
    --------
    >>> inside(Estimate("", 0.1, -0.2, 0.3), -0.5, 0.5)
    'supported'
    >>> inside(Estimate("", 0.7, 0.6, 0.8), -0.5, 0.5)
    'not supported'
    >>> inside(Estimate("", 0.4, 0.2, 0.6), -0.5, 0.5)
    'undecided'
    """
    if low < estimate.low and estimate.high < high:
        return SUPPORTED
    return REFUTED if estimate.low >= high or estimate.high <= low else UNDECIDED


def opposite(verdict: str) -> str:
    """Return the verdict on the claim's negation.

    Examples
    --------
    >>> opposite("supported"), opposite("undecided")
    ('not supported', 'undecided')
    """
    return {SUPPORTED: REFUTED, REFUTED: SUPPORTED}.get(verdict, UNDECIDED)


def all_of(verdicts: Iterable[str]) -> str:
    """Return the verdict on a claim of several parts, each of which must hold.

    This is an intersection-union test: a part that fails makes the whole fail, and as all must
    hold, the parts need no correction for their number.

    References
    ----------
    .. [1] R. L. Berger, Technometrics 24 (1982), 295-300.

    Examples
    --------
    >>> all_of(["supported", "undecided"]), all_of(["undecided", "not supported"]), all_of([])
    ('undecided', 'not supported', 'undecided')
    """
    parts = set(verdicts)
    if REFUTED in parts:
        return REFUTED
    return SUPPORTED if parts == {SUPPORTED} else UNDECIDED
