"""Numbers as text: for people, for the sentences of recorded studies, and for terminals."""

from __future__ import annotations

from math import isfinite, isnan
from typing import Any, Literal

Notation = Literal["powers", "e", "ascii"]

MINUS = "\N{MINUS SIGN}"
DASH = "\N{EN DASH}"
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# Numbers from here to there are read at a glance; beyond, a power of ten is easier than zeros.
PLAIN_FROM, PLAIN_TO = 1e-3, 1e4


def figures(value: float | None, digits: int = 3, notation: Notation = "powers") -> str:
    """A number in so many significant digits; a dash where it is not defined.

    Parameters
    ----------
    value : float or None
    digits : int, default 3
    notation : {"powers", "e", "ascii"}
        "powers" is for figures and pages: a true minus sign and powers of ten.  "e" is for the
        sentences of recorded studies, which must not change: a true minus sign, and Python's
        exponents.  "ascii" is for terminals and files: what Python prints.

    Examples
    --------
    >>> figures(-2.0), figures(0.12345), figures(5.7e-4), figures(0), figures(None)
    ('−2', '0.123', '5.7·10⁻⁴', '0', '–')
    >>> figures(-1e-20, notation="e"), figures(float("inf"), notation="e")
    ('−1e−20', '∞')
    >>> figures(-1e-9, 4, "ascii"), figures(float("inf"), 4, "ascii"), figures(None, 4, "ascii")
    ('-1e-09', 'inf', '-')
    """
    if notation == "ascii":
        return "-" if value is None else f"{value:.{digits}g}"
    if value is None or isnan(value):
        return DASH
    text = f"{value:.{digits}g}" if notation == "e" else _with_power(value, digits)
    return text.replace("inf", "∞").replace("-", MINUS)


def percent(share: float | None) -> str:
    """A share in per cent.

    Examples
    --------
    >>> percent(0.98765), percent(None)
    ('98.8 %', '–')
    """
    return DASH if share is None else f"{100 * share:.1f} %"


def cell(value: Any, notation: Notation = "powers") -> str:
    """A value as a table shows it: a number in four digits, None as a dash.

    Examples
    --------
    >>> [cell(value) for value in (None, True, 0.12345, "lstm", (1, 2), 1e-9)]
    ['–', 'yes', '0.1235', 'lstm', '1, 2', '1·10⁻⁹']
    >>> [cell(value, "ascii") for value in (0.123456, 1e-9, 3, None, "lstm")]
    ['0.1235', '1e-09', '3', '-', 'lstm']
    """
    if value is None or isinstance(value, float):
        return figures(value, 4, notation)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(cell(each, notation) for each in value)
    return str(value)


def _with_power(value: float, digits: int) -> str:
    """Rounded first, so that 0.9999e-3 is 0.001 and not 10·10⁻⁴."""
    rounded = float(f"{value:.{digits}g}")
    if not isfinite(rounded) or not rounded or PLAIN_FROM <= abs(rounded) < PLAIN_TO:
        return f"{rounded:g}"
    mantissa, exponent = f"{rounded:.{digits - 1}e}".split("e")
    return f"{float(mantissa):g}·10{str(int(exponent)).translate(SUPERSCRIPTS)}"
