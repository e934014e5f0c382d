"""Series from a text file, and what the reading of `.ts` and `.tsv` files has in common."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MISSING = {"", "?", "nan"}
# A series that changes by less than so many roundings may have lost digits in float64.
COARSE = 100
NOT_TEXT = re.compile(rb"[\x00-\x08\x0e-\x19\x1b-\x1f]")  # control characters


@dataclass(frozen=True)
class LabelledSeries:
    """The cases of one file, each with its own length."""

    series: list[NDArray[np.float64]]  # each of shape (t, d)
    labels: NDArray[np.int64]  # shape: (n,)
    class_names: tuple[str, ...]


def numbered_lines(path: Path) -> Iterator[tuple[str, str]]:
    """Each line of a text file that is not blank, after the words that name its place in errors.

    The text is UTF-8, with or without a byte-order mark.  A line that is not UTF-8 is read as
    Latin-1, in which old files have their descriptions.

    Raises
    ------
    ValueError
        If the file is no text.
    """
    content = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    if found := NOT_TEXT.search(content):
        raise ValueError(
            f"{path}: expected UTF-8 text (or Latin-1), got the byte 0x{found[0].hex()} (a"
            " compressed file, or UTF-16?)"
        )
    for number, line in enumerate(content.splitlines(), 1):
        if text := _decode(line).strip("\r\n \x1a"):
            yield f"line {number}", text


def numbers(tokens: Sequence[str], where: str) -> NDArray[np.float64]:
    """Finite numbers from their texts; an error names the first text that is none.

    Raises
    ------
    ValueError
        If there is no number, if one is missing or infinite, if a text is no number, or if
        float64 cannot tell apart different numbers of the series.

    Examples
    --------
    >>> numbers(["1", "-2e3"], "a.ts, line 9").tolist()
    [1.0, -2000.0]
    >>> numbers(["1", "?"], "a.ts, line 9")
    Traceback (most recent call last):
    ...
    ValueError: a.ts, line 9: expected a number at step 2, got '?': a missing value; ...
    """
    try:
        # Python would read 1_0 as 10, but no file means that.
        values = None if any("_" in token for token in tokens) else np.array(tokens, np.float64)
    except ValueError:
        values = None
    if values is not None and values.size and np.isfinite(values).all():
        _check_digits(values, tokens, where)
        return values
    for step, token in enumerate(tokens, 1):
        if not _fits(token):
            raise ValueError(
                f"{where}: expected a number at step {step}, got {token.strip()!r}{_cause(token)}"
            )
    raise ValueError(f"{where}: expected a series of at least one step, got none")


def pad(series: Sequence[NDArray[np.float64]]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Series of shapes (t_i, d), right-padded with 0 to (n, t, d), and their lengths.

    Examples
    --------
    >>> values, lengths = pad([np.ones((1, 1)), np.ones((2, 1))])
    >>> values[:, :, 0].tolist(), lengths.tolist()
    ([[1.0, 0.0], [1.0, 1.0]], [1, 2])
    """
    lengths = np.array([len(one) for one in series], dtype=np.int64)
    values = np.zeros((len(series), int(lengths.max()), series[0].shape[1]))
    for row, one in zip(values, series, strict=True):
        row[: len(one)] = one
    return values, lengths


def _decode(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _check_digits(values: NDArray[np.float64], tokens: Sequence[str], where: str) -> None:
    """Refuse different numbers that are one in float64, for example 1e9 + 1e-9 and 1e9 + 2e-9."""
    low, high = float(values.min()), float(values.max())
    if high / 2 - low / 2 > COARSE * np.spacing(max(abs(low), abs(high))):
        return
    written: dict[float, str] = {}
    for value, token in zip(values.tolist(), tokens, strict=True):
        first = written.setdefault(value, token)
        if first != token and Decimal(first.strip()) != Decimal(token.strip()):
            raise ValueError(
                f"{where}: expected values that float64 tells apart, got {first.strip()} and"
                f" {token.strip()} (subtract the offset before the file is written)"
            )


def _fits(token: str) -> bool:
    try:
        return "_" not in token and bool(np.isfinite(float(token)))
    except ValueError:
        return False


def _cause(token: str) -> str:
    if token.strip().lower() in MISSING:
        return ": a missing value; fill the gaps first, for example by interpolation"
    return " (another separator, a damaged line, or a value beyond the range of float64?)"
