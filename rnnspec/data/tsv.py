"""Reading the UCR archive's `.tsv` files: a label, then the values of one channel."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rnnspec.data.labels import label_name
from rnnspec.data.series import MISSING, LabelledSeries, numbered_lines, numbers

PADDING = ("", "nan")  # at the end of a line; a question mark is a missing value there too


def read_tsv(path: Path, class_names: tuple[str, ...] | None = None) -> LabelledSeries:
    """Cases of a `.tsv` file; classes are the labels found, sorted as numbers if they are.

    A class is named as it is written, but that ``1.0`` is ``1``, in either half (see
    `rnnspec.data.labels.label_name`): ``01`` and ``1`` are two classes.

    Series of unequal length end in NaN, which is taken off; a NaN between
    values is a missing value and refused.

    Parameters
    ----------
    path : Path
        The file.
    class_names : tuple of str, optional
        The classes of the TRAIN half, when `path` is the TEST half.

    Raises
    ------
    ValueError
        With file, series and line, for a line without tabs, a value that is no number,
        and a label that the TRAIN half does not have; and for a TRAIN half
        with fewer than two series or two classes.
    """
    series: list[NDArray[np.float64]] = []
    names, places = [], []
    for place, line in numbered_lines(path):
        where = f"{path}, series {len(series) + 1}, {place}"
        label, *tokens = line.split("\t")
        if not tokens:
            raise ValueError(
                f"{where}: expected a label, a tab and values, got no tab in {line[:40]!r}"
                " (commas or blanks instead of tabs?)"
            )
        series.append(_steps(tokens, where))
        names.append(_name(label, where))
        places.append(where)
    if class_names is None:
        class_names = _classes(names, path)
    if not series:
        raise ValueError(f"{path}: expected at least one series, got none (an empty file?)")
    number = {name: k for k, name in enumerate(class_names)}
    for name, where in zip(names, places, strict=True):
        if name not in number:
            raise ValueError(
                f"{where}: expected a label of the TRAIN half, {', '.join(class_names)},"
                f" got {name!r} (halves of two data sets?)"
            )
    labels = np.array([number[name] for name in names], dtype=np.int64)
    return LabelledSeries(series, labels, class_names)


def _steps(tokens: list[str], where: str) -> NDArray[np.float64]:
    end = len(tokens)
    while end and tokens[end - 1].strip().lower() in PADDING:
        end -= 1
    return numbers(tokens[:end], where)[:, np.newaxis]


def _name(label: str, where: str) -> str:
    if label.strip().lower() in MISSING:
        raise ValueError(f"{where}: expected a label before the first tab, got {label!r}")
    return label_name(label)


def _classes(names: list[str], path: Path) -> tuple[str, ...]:
    if len(names) < 2:
        raise ValueError(
            f"{path}: expected at least two series to train on, got {len(names)}"
            " (a truncated file?)"
        )
    try:
        # The name too, so that of 1 and 01 the same one is always the first.
        classes = sorted(set(names), key=lambda name: (Decimal(name), name))
    except InvalidOperation:
        classes = sorted(set(names))
    if len(classes) < 2:
        raise ValueError(f"{path}: expected at least two classes, got {classes[0]!r} alone")
    return tuple(classes)
