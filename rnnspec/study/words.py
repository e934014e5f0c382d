"""Numbers of a study in words."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan

from rnnspec.spectra.numbers import NUMBERS
from rnnspec.study.estimate import UNDECIDED, Estimate
from rnnspec.study.runs import JACOBIAN

SYMBOLS = ("ρ", "β", "κ(V)", "ρ_ε")  # those that the sentences of the claims use
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
    """A column of the table in words.

    Examples
    --------
    >>> label("jacobian pseudospectral_gap@0.01"), label("weights_accuracy@0.1")
    ('ρ_ε−ρ at ε = 0.01 of the Jacobian', 'accuracy under weight noise at ‖E‖ = 0.1')
    """
    column, _, size = name.removeprefix(JACOBIAN).partition("@")
    at = f" at {SIZES.get(column, 'ε')} = {size}" if size else ""
    of = " of the Jacobian" if name.startswith(JACOBIAN) else ""
    return f"{WORDS.get(column, column)}{at}{of}"


def figure(value: float) -> str:
    """Three figures and a true minus sign.

    Examples
    --------
    >>> figure(-0.12345), figure(float("inf")), figure(-1e-20)
    ('−0.123', '∞', '−1e−20')
    """
    return f"{value:.3g}".replace("inf", "∞").replace("-", "−")


def said(estimate: Estimate) -> str:
    """An estimate with its interval and its n, or why there is none.

    Examples
    --------
    >>> said(Estimate("", 0.5, 0.25, 0.75, 12, left_out=2)), said(Estimate("", why="no pair"))
    ('0.5 [0.25, 0.75] (n = 12, 2 left out)', 'not known (n = 0: no pair)')
    >>> said(Estimate("", 0.5, n=3, why="too few for an interval"))
    '0.5 (n = 3: too few for an interval)'
    """
    left_out = f", {estimate.left_out} left out" if estimate.left_out else ""
    why = f": {estimate.why}" if estimate.why else ""
    value = "not known" if isnan(estimate.value) else figure(estimate.value)
    interval = "" if isnan(estimate.low) else f" [{figure(estimate.low)}, {figure(estimate.high)}]"
    return f"{value}{interval} (n = {estimate.n}{left_out}{why})"


def judged(verdict: str) -> str:
    """A verdict as it stands in a sentence.

    Examples
    --------
    >>> judged("undecided"), judged("supported")
    ('undecided at this sample size', 'supported')
    """
    return f"{verdict} at this sample size" if verdict == UNDECIDED else verdict


def listed(parts: Sequence[str]) -> str:
    """Parts as a list in a sentence.

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def counted(n: int, noun: str) -> str:
    """How many of something.

    Examples
    --------
    >>> counted(1, "run"), counted(3, "run")
    ('1 run', '3 runs')
    """
    return f"{n} {noun}{'' if n == 1 else 's'}"
