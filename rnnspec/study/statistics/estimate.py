"""A number with its interval, and what it was measured on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import nan
from typing import Any

from rnnspec._result import Result

LEVEL = 0.05  # The usual level: p-values below it, after correction, count as a difference.
TEXTS = ("name", "why", "column", "against", "part")


@dataclass(frozen=True, eq=False, repr=False)
class Estimate(Result):
    """A number, its 95 % interval, and what it rests on.

    Three keys say which number it is: programs look it up by them (see `find`), and ``name`` is
    for people.  All three are empty in a ``claims.json`` that was written before they existed.

    Attributes
    ----------
    name : str
        The number in words.
    value, low, high : float
        The estimate and the ends of its interval; NaN where they are not defined.
    n : int
        How many runs, or pairs of runs, it was measured on.
    left_out : int
        How many runs or pairs were left out, because they lack a number that it needs.
    p, p_corrected : float
        The two-sided p-value by itself, and after Holm's correction for its family.
    effect : float
        Rank-biserial correlation of paired differences: 1 if all rise, -1 if all fall.
    why : str
        Why there is no value or no interval; empty if there are both.
    column : str
        The column of the table of runs that it measures.
    against : str
        What the column is compared with: another column (in a correlation, before training, or
        in a price) or a condition.
    part : str
        The part of the study that it is about, for example a data set; empty for the whole.

    Examples
    --------
    >>> Estimate("rise", 0.25, 0.125, float("inf"), 12).to_dict()["high"]
    'inf'
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

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> Estimate:
        """Return the estimate that `to_dict` wrote.

        Examples
        --------
        >>> Estimate.from_dict(Estimate("ratio", 1.0, high=float("inf")).to_dict()).high
        inf
        """
        return cls(**{name: _from_json(name, value) for name, value in record.items()})


def find(numbers: Iterable[Estimate], column: str, against: str = "", part: str = "") -> Estimate:
    """Return the one of `numbers` that has these keys.

    Raises
    ------
    ValueError
        If there is none.

    Examples
    --------
    >>> gain = Estimate("gain in r*", 0.25, column="median_r", against="plain")
    >>> find([gain], "median_r", "plain").value
    0.25
    """
    wanted, known = (column, against, part), []
    for one in numbers:
        key = (one.column, one.against, one.part)
        if key == wanted:
            return one
        known.append(key)
    raise ValueError(
        f"`column`, `against`, `part` must be those of one of the {len(known)} numbers, such as"
        f" {', '.join(map(str, known[:3])) or 'none'}, got {wanted}"
    )


def _from_json(name: str, value: Any) -> Any:
    if value is None:
        return nan
    return float(value) if name not in TEXTS and isinstance(value, str) else value
