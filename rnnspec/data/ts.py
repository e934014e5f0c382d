"""Reading `.ts` files: an @-header, then one case per line.

Channels are separated by colons, values by commas, and the label is last:
``1.0,2.0:3.0,4.0:walking`` is two channels of two steps.  The file is channels
by time; a case in memory is time by channels, shape (t, d).  Lines that begin with
``#`` or ``%`` are comments.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rnnspec.data.series import LabelledSeries, numbered_lines, numbers
from rnnspec.data.ts_header import TsHeader, read_header

COMMENT = "#%"


def read_ts(path: Path, class_names: tuple[str, ...] | None = None) -> LabelledSeries:
    """The cases of a `.ts` file, with classes numbered in the order of its header.

    Classes are named as they are written.  Steps at the end of a case that are NaN in all channels
    are padding and taken off.

    Parameters
    ----------
    path : Path
        The file.
    class_names : tuple of str, optional
        The classes of the TRAIN half, if `path` is the TEST half.  They give the numbers, and a
        class without a case is then no error.

    Raises
    ------
    ValueError
        With file, series and line: if the header is incomplete or describes no classification, or
        if a case contradicts it, misses values or has an unknown label.
    """
    lines = ((place, line) for place, line in numbered_lines(path) if line[0] not in COMMENT)
    header = read_header(lines, path)
    known = header.labels if class_names is None else class_names
    number = {label: k for k, label in enumerate(known)}
    series: list[NDArray[np.float64]] = []
    labels: list[int] = []
    for place, line in lines:
        where = f"{path}, series {len(series) + 1}, {place}"
        *channels, label = line.split(":")
        labels.append(_label(label.strip(), number, where, training=class_names is None))
        rows = _rows(channels, header, where)
        # The first case decides what the header leaves open.
        header.dimensions = len(rows)
        if header.flags.get("equallength"):
            header.length = len(rows[0])
        series.append(_case(rows, where))
    if class_names is None:
        _check_training(labels, known, header.labels_at, path)
    elif not series:
        raise ValueError(f"{path}: expected cases after @data, got none (a truncated file?)")
    return LabelledSeries(series, np.array(labels, dtype=np.int64), tuple(known))


def _rows(channels: list[str], header: TsHeader, where: str) -> list[list[str]]:
    """The values of each channel as they are written, with the padding."""
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
