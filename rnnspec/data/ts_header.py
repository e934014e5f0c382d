"""The header of a `.ts` file: lines ``@key value`` up to ``@data``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class TsHeader:
    """The properties of the cases that a header states; None for one that it does not state.

    `where` is its place in errors, `labels_at` that of the line with the classes.
    """

    where: str
    labels_at: str = ""
    labels: tuple[str, ...] = ()
    dimensions: int | None = None
    length: int | None = None
    flags: dict[str, bool] = field(default_factory=dict)


def read_header(lines: Iterable[tuple[str, str]], path: Path) -> TsHeader:
    """Read the lines up to ``@data``, and refuse a header that describes no classification.

    Raises
    ------
    ValueError
        With file and line, what was expected and what came.
    """
    header = TsHeader(str(path))
    for place, line in lines:
        where, line = f"{path}, {place}", line.strip()
        if not line.startswith("@"):
            raise ValueError(
                f"{where}: expected '@key value' or '@data', got {line[:40]!r}"
                " (cases before @data, or not a .ts file?)"
            )
        key, *words = line[1:].split()
        if key.lower() == "data":
            _check_header(header, where)
            return header
        _apply(header, key, words, where)
    raise ValueError(f"{path}: expected a line '@data', got none (a truncated file?)")


def _apply(header: TsHeader, key: str, words: list[str], where: str) -> None:
    """Read one header line; keys are known in upper and lower case, and others are ignored."""
    name = key.lower()
    if name in ("classlabel", "targetlabel", "timestamps", "univariate", "equallength"):
        header.flags[name] = _flag(key, words, where)
    if name == "classlabel":
        header.labels_at, header.labels = where, tuple(words[1:] if header.flags[name] else ())
        if repeated := {label for label in words[1:] if words[1:].count(label) > 1}:
            raise ValueError(f"{where}: expected each class once, got {min(repeated)!r} twice")
    elif name in ("dimension", "dimensions"):
        header.dimensions = _count(key, words, where)
    elif name == "serieslength":
        header.length = _count(key, words, where)


def _check_header(header: TsHeader, where: str) -> None:
    flags = header.flags
    if flags.get("targetlabel"):
        raise ValueError(f"{where}: expected classes, got @targetLabel (a regression data set)")
    if flags.get("timestamps"):
        raise ValueError(
            f"{where}: expected '@timeStamps false', got true:"
            " series with time stamps cannot be read; resample them to equal steps"
        )
    if not header.labels:
        raise ValueError(
            f"{header.labels_at or where}: expected '@classLabel true' and the names of the"
            " classes before @data, got none"
        )
    if len(header.labels) < 2:
        raise ValueError(
            f"{header.labels_at}: expected at least two classes, got {header.labels[0]!r} alone"
        )
    if flags.get("univariate"):
        if header.dimensions not in (None, 1):
            raise ValueError(
                f"{where}: expected one channel ('@univariate true'),"
                f" got '@dimensions {header.dimensions}'"
            )
        header.dimensions = 1
    if flags.get("equallength") is False:
        header.length = None


def _flag(key: str, words: list[str], where: str) -> bool:
    if not words or words[0].lower() not in ("true", "false"):
        raise ValueError(f"{where}: expected '@{key} true' or false, got {' '.join(words)!r}")
    return words[0].lower() == "true"


def _count(key: str, words: list[str], where: str) -> int:
    if len(words) != 1 or not words[0].isdigit() or int(words[0]) < 1:
        raise ValueError(f"{where}: expected '@{key}' and a count, got {' '.join(words)!r}")
    return int(words[0])
