"""A claim: a question, a rule that decides it, the numbers, and a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rnnspec._result import Result
from rnnspec.study.statistics.estimate import Estimate, find


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
