"""Series read from a text file, and the parsing that its formats share."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MISSING = {"", "?", "nan"}
LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class LabelledSeries:
    """The cases of one file, each with its own length."""

    series: list[NDArray[np.float64]]  # each of shape (t, d)
    labels: NDArray[np.int64]  # shape: (n,)
    class_names: tuple[str, ...]


def numbered_lines(path: Path) -> Iterator[tuple[str, str]]:
    """Each non-blank line of a text file, with the words that name its place in errors."""
    with path.open(encoding="utf-8-sig") as file:
        try:
            for number, line in enumerate(file, 1):
                if text := line.strip("\r\n "):
                    yield f"{path}, line {number}", text
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{path}: expected UTF-8 text, got bytes that are none (a compressed file?)"
            ) from error


def numbers(tokens: Sequence[str], where: str) -> NDArray[np.float64]:
    """Numbers within float32 from their text; an error names the first that is none.

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
        values = np.array(tokens, dtype=np.float64)
    except ValueError:
        values = None
    if values is not None and values.size and (np.abs(values) <= LARGEST).all():
        return values
    for step, token in enumerate(tokens, 1):
        if not _fits(token):
            raise ValueError(
                f"{where}: expected a number at step {step}, got {token.strip()!r}{_cause(token)}"
            )
    raise ValueError(f"{where}: expected a series of at least one step, got none")


def pad(series: Sequence[NDArray[np.float64]]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Series of shapes (t_i, d), right-padded with 0 to (n, t, d), and their lengths.

    Examples
    --------
    >>> values, lengths = pad([np.ones((1, 1)), np.ones((2, 1))])
    >>> values[:, :, 0].tolist(), lengths.tolist()
    ([[1.0, 0.0], [1.0, 1.0]], [1, 2])
    """
    lengths = np.array([len(one) for one in series], dtype=np.int64)
    values = np.zeros((len(series), int(lengths.max()), series[0].shape[1]), dtype=np.float32)
    for row, one in zip(values, series, strict=True):
        row[: len(one)] = one
    return values, lengths


def _fits(token: str) -> bool:
    try:
        return abs(float(token)) <= LARGEST
    except ValueError:
        return False


def _cause(token: str) -> str:
    if token.strip().lower() in MISSING:
        return ": a missing value; fill the gaps first, for example by interpolation"
    return " (another separator, a damaged line, or a value beyond the range of float32?)"
