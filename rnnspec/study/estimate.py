"""A number with its interval, and the three things that an interval can say of a claim."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite, isnan, nan
from typing import Any

SUPPORTED, REFUTED, UNDECIDED = "supported", "not supported", "undecided"
TEXTS = ("name", "why", "column", "against", "part")
LEVEL = 0.05  # of corrected p-values


@dataclass(frozen=True)
class Estimate:
    """A number, its 95 % interval, and what it rests on; NaN: not defined.

    Parameters
    ----------
    name : str
    value, low, high : float
    n : int
        Runs, or pairs of runs, that it was measured on.
    left_out : int
        Runs or pairs without the numbers that it needs.
    p, p_corrected : float
        Two-sided, by itself and after Holm's correction for its family.
    effect : float
        Rank-biserial correlation of paired differences: 1, all rise; -1, all fall.
    why : str
        Why there is no value or no interval.
    column, against, part : str
        The columns that it measures and compares, and the part of the study that it is about.
        All are empty in a ``claims.json`` that was written before they existed.

    Examples
    --------
    >>> Estimate("rise", 0.25, 0.125, 0.5, 12).to_dict()["high"]
    0.5
    """

    name: str
    value: float = nan
    low: float = nan
    high: float = nan
    n: int = 0
    left_out: int = 0
    p: float = nan
    p_corrected: float = nan
    effect: float = nan
    why: str = ""
    column: str = ""
    against: str = ""
    part: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The fields for JSON, which knows neither NaN (None) nor infinity ("inf")."""
        return {name: _to_json(value) for name, value in vars(self).items()}

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> Estimate:
        """What `to_dict` wrote.

        Examples
        --------
        >>> Estimate.from_dict(Estimate("ratio", 1.0, high=float("inf")).to_dict()).high
        inf
        """
        return cls(**{name: _from_json(name, value) for name, value in record.items()})


@dataclass(frozen=True)
class Claim:
    """A claim, the rule that decides it, and what the numbers make of it.

    Parameters
    ----------
    name : {"P1", "P2", "P3", "price"}
    question, rule : str
    verdict : {"supported", "not supported", "undecided"}
    sentence : str
        The verdict and the numbers that it rests on.
    numbers : tuple of Estimate
    """

    name: str
    question: str
    rule: str
    verdict: str
    sentence: str
    numbers: tuple[Estimate, ...]

    def to_dict(self) -> dict[str, Any]:
        """The fields, ready for JSON."""
        return {**vars(self), "numbers": [number.to_dict() for number in self.numbers]}

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> Claim:
        """What `to_dict` wrote."""
        numbers = tuple(Estimate.from_dict(number) for number in record["numbers"])
        return cls(**{**record, "numbers": numbers})


def above(estimate: Estimate, margin: float = 0.0) -> str:
    """Whether the number is above `margin`, the least that matters.

    Supported if the whole interval is, not supported if none of it is, else undecided; without
    an interval, undecided.

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
    """Whether the number lies between `low` and `high`.

    Supported if the whole interval does, not supported if none of it does, else undecided.

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
    """The verdict on the claim's negation.

    Examples
    --------
    >>> opposite("supported"), opposite("undecided")
    ('not supported', 'undecided')
    """
    return {SUPPORTED: REFUTED, REFUTED: SUPPORTED}.get(verdict, UNDECIDED)


def all_of(verdicts: Iterable[str]) -> str:
    """The verdict on a claim of several parts, each of which must hold.

    An intersection-union test: a part that fails fails the whole, and as all must hold, the
    parts need no correction for their number.

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


def _to_json(value: Any) -> Any:
    if not isinstance(value, float) or isfinite(value):
        return value
    return None if isnan(value) else str(value)


def _from_json(name: str, value: Any) -> Any:
    if value is None:
        return nan
    return float(value) if name not in TEXTS and isinstance(value, str) else value
