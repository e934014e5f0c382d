"""The numbers of a study in words: names of columns, and phrases of sentences."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan

from rnnspec._format import figures
from rnnspec.spectra.numbers import NUMBERS
from rnnspec.study.claims.verdict import UNDECIDED
from rnnspec.study.runs import JACOBIAN
from rnnspec.study.statistics.estimate import Estimate

SYMBOLS = ("ρ", "β", "κ(V)", "ρ_ε")  # The symbols that the sentences of claims use.
WORDS = {
    **{
        name: number.label if number.symbol in SYMBOLS else number.words
        for name, number in NUMBERS.items()
    },
    "test_accuracy": "test accuracy",
    "median_r": "median r*",
    "area": "area under the PGD curve",
    "lyapunov_max": "largest Lyapunov exponent",
    "distance_ratio": "β/(1−ρ)",
    "pseudospectral_gap": "ρ_ε−ρ",
    "weights_accuracy": "accuracy under weight noise",
}
SIZES = {"weights_accuracy": "‖E‖"}


def label(name: str) -> str:
    """Write the name of a column of the table in words.

    Examples
    --------
    >>> label("jacobian pseudospectral_gap@0.01"), label("weights_accuracy@0.1")
    ('ρ_ε−ρ at ε = 0.01 of the Jacobian', 'accuracy under weight noise at ‖E‖ = 0.1')
    """
    column, _, size = name.removeprefix(JACOBIAN).partition("@")
    at = f" at {SIZES.get(column, 'ε')} = {size}" if size else ""
    of = " of the Jacobian" if name.startswith(JACOBIAN) else ""
    return f"{WORDS.get(column, column)}{at}{of}"


def describe(estimate: Estimate) -> str:
    """Write an estimate with its interval and its n, or why it has none.

    Examples
    --------
    >>> describe(Estimate("", 0.5, 0.25, 0.75, 12, left_out=2))
    '0.5 [0.25, 0.75] (n = 12, 2 left out)'
    >>> describe(Estimate("", 0.5, n=3, why="too few for an interval"))
    '0.5 (n = 3: too few for an interval)'
    >>> describe(Estimate("", why="no pair"))
    'not known (n = 0: no pair)'
    """
    left_out = f", {estimate.left_out} left out" if estimate.left_out else ""
    why = f": {estimate.why}" if estimate.why else ""
    value = "not known" if isnan(estimate.value) else figures(estimate.value, notation="e")
    low, high = (figures(end, notation="e") for end in (estimate.low, estimate.high))
    interval = "" if isnan(estimate.low) else f" [{low}, {high}]"
    return f"{value}{interval} (n = {estimate.n}{left_out}{why})"


def verdict_phrase(verdict: str) -> str:
    """Write a verdict as it stands in a sentence.

    Examples
    --------
    >>> verdict_phrase("undecided"), verdict_phrase("supported")
    ('undecided at this sample size', 'supported')
    """
    return f"{verdict} at this sample size" if verdict == UNDECIDED else verdict


def list_phrase(parts: Sequence[str]) -> str:
    """Write parts as a list in a sentence.

    Examples
    --------
    >>> list_phrase(["a"]), list_phrase(["a", "b"]), list_phrase(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def count_phrase(n: int, noun: str) -> str:
    """Write how many there are of something.

    Examples
    --------
    >>> count_phrase(1, "run"), count_phrase(3, "run")
    ('1 run', '3 runs')
    """
    return f"{n} {noun}{'' if n == 1 else 's'}"
