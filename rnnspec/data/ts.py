"""Reading `.ts` files: an @-header, then one case per line.

Channels are separated by colons, values by commas, and the label is last:
``1.0,2.0:3.0,4.0:walking`` is two channels of two steps.  The file is channels
by time; a case in memory is time by channels, shape (t, d).  Lines that begin with
``#`` or ``%`` are comments.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rnnspec.data.series import LabelledSeries, numbered_lines, numbers

COMMENT = "#%"


@dataclass
class _Header:
    where: str
    labels_at: str = ""
    labels: tuple[str, ...] = ()
    dimensions: int | None = None
    length: int | None = None
    flags: dict[str, bool] = field(default_factory=dict)


def read_ts(path: Path, class_names: tuple[str, ...] | None = None) -> LabelledSeries:
    """Cases of a `.ts` file, classes numbered in the order of its header.

    Classes are named as they are written.  Steps at the end of a case that are NaN in all
    channels are padding: the series is shorter.

    Parameters
    ----------
    path : Path
        The file.
    class_names : tuple of str, optional
        The classes of the TRAIN half, when `path` is the TEST half: they give
        the numbers, and a class without a case is then no error.

    Raises
    ------
    ValueError
        With file, series and line, for a header that is incomplete or describes no
        classification, and for cases that contradict it, miss values or carry
        an unknown label.
    """
    lines = ((place, line) for place, line in numbered_lines(path) if line[0] not in COMMENT)
    header = _read_header(lines, path)
    known = header.labels if class_names is None else class_names
    number = {label: k for k, label in enumerate(known)}
    series: list[NDArray[np.float64]] = []
    labels: list[int] = []
    for place, line in lines:
        where = f"{path}, series {len(series) + 1}, {place}"
        *channels, label = line.split(":")
        labels.append(_label(label.strip(), number, where, training=class_names is None))
        rows = _rows(channels, header, where)
        # What the header leaves open, the first case decides.
        header.dimensions = len(rows)
        if header.flags.get("equallength"):
            header.length = len(rows[0])
        series.append(_case(rows, where))
    if class_names is None:
        _check_training(labels, known, header.labels_at, path)
    elif not series:
        raise ValueError(f"{path}: expected cases after @data, got none (a truncated file?)")
    return LabelledSeries(series, np.array(labels, dtype=np.int64), tuple(known))


def _read_header(lines: Iterable[tuple[str, str]], path: Path) -> _Header:
    header = _Header(str(path))
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


def _apply(header: _Header, key: str, words: list[str], where: str) -> None:
    """Take one header line; keys are matched in any case, unknown ones left aside."""
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


def _check_header(header: _Header, where: str) -> None:
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


def _rows(channels: list[str], header: _Header, where: str) -> list[list[str]]:
    """The values of each channel, as they are written, with the padding."""
    if not channels:
        raise ValueError(
            f"{where}: expected at least one channel before the label, got no colon (a cut line?)"
        )
    if header.dimensions is not None and len(channels) != header.dimensions:
        raise ValueError(
            f"{where}: expected {header.dimensions} channels and a label between colons,"
            f" got {len(channels)} channels (a cut line?)"
        )
    rows = [text.split(",") for text in channels]
    lengths = sorted({len(row) for row in rows})
    if len(lengths) > 1:
        raise ValueError(
            f"{where}: expected channels of one length, got lengths from {lengths[0]}"
            f" to {lengths[-1]} (a cut line?)"
        )
    if header.length is not None and lengths[0] != header.length:
        raise ValueError(
            f"{where}: expected {header.length} steps (equal lengths, says the header),"
            f" got {lengths[0]} (a cut line, or '@equalLength false' is meant?)"
        )
    return rows


def _case(rows: list[list[str]], where: str) -> NDArray[np.float64]:
    """(t, d) values of a case, without the padding."""
    end = len(rows[0])
    while end and all(row[end - 1].strip().lower() == "nan" for row in rows):
        end -= 1
    channels = [numbers(row[:end], f"{where}, channel {c}") for c, row in enumerate(rows, 1)]
    return np.stack(channels, axis=1)


def _label(label: str, number: dict[str, int], where: str, *, training: bool) -> int:
    if label not in number:
        home = "the header's" if training else "the TRAIN half's"
        raise ValueError(
            f"{where}: expected a label among {home} {', '.join(number)}, got {label[:40]!r}"
            " (a cut line, or other upper and lower case?)"
        )
    return number[label]


def _check_training(labels: list[int], names: tuple[str, ...], where: str, path: Path) -> None:
    if len(labels) < 2:
        raise ValueError(
            f"{path}: expected at least two series to train on, got {len(labels)}"
            " (a truncated file?)"
        )
    if empty := [name for k, name in enumerate(names) if k not in labels]:
        raise ValueError(
            f"{where}: expected a series of every class, got none of class {empty[0]!r}"
            " (a truncated file, or a class too many in the header?)"
        )


def _flag(key: str, words: list[str], where: str) -> bool:
    if not words or words[0].lower() not in ("true", "false"):
        raise ValueError(f"{where}: expected '@{key} true' or false, got {' '.join(words)!r}")
    return words[0].lower() == "true"


def _count(key: str, words: list[str], where: str) -> int:
    if len(words) != 1 or not words[0].isdigit() or int(words[0]) < 1:
        raise ValueError(f"{where}: expected '@{key}' and a count, got {' '.join(words)!r}")
    return int(words[0])
