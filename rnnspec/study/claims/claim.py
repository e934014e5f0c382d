"""A claim, and the verdicts that an interval can give on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rnnspec._result import Result
from rnnspec.study.statistics.estimate import Estimate, find

SUPPORTED, REFUTED, UNDECIDED = "supported", "not supported", "undecided"


@dataclass(frozen=True, eq=False, repr=False)
class Claim(Result):
    """A claim, the rule that decides it, and what the numbers make of it.

    Attributes
    ----------
    name : {"P1", "P2", "P3", "price"}
    question : str
        What the claim answers.
    rule : str
        How the verdict follows from the numbers.
    verdict : {"supported", "not supported", "undecided"}
    sentence : str
        The verdict and the numbers that it rests on.
    numbers : tuple of Estimate
        All numbers, those that decide and those that stand beside them; `number` finds one.

    Examples
    --------
    >>> share = Estimate("share", 0.5, column="spectral_radius")
    >>> claim = Claim("P2", "Is it stable?", "All must be.", "not supported", "Half are.", (share,))
    >>> claim.number("spectral_radius").value
    0.5
    """

    name: str
    question: str
    rule: str
    verdict: str
    sentence: str
    numbers: tuple[Estimate, ...]

    def number(self, column: str, against: str = "", part: str = "") -> Estimate:
        """Return the number with these keys, see `Estimate`; ValueError if there is none."""
        return find(self.numbers, column, against, part)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> Claim:
        """Return the claim that `to_dict` wrote."""
        numbers = tuple(Estimate.from_dict(number) for number in record["numbers"])
        return cls(**{**record, "numbers": numbers})


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
