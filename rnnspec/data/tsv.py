"""Reading the UCR archive's `.tsv` files: a label, then the values of one channel."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rnnspec.data.series import MISSING, LabelledSeries, numbered_lines, numbers

# A number that a program wrote as a float has a point and no leading zeros.
FLOAT = re.compile(r"([+-]?)(0|[1-9][0-9]*)\.([0-9]*)(?:[eE]([+-]?[0-9]{1,2}))?", re.ASCII)
PADDING = ("", "nan")  # at the end of a line; a question mark is a missing value even there


def read_tsv(path: Path, class_names: tuple[str, ...] | None = None) -> LabelledSeries:
    """The cases of a `.tsv` file, whose classes are the labels that it holds.

    Classes are sorted, as numbers if all of them are numbers.  A class is named as it is written,
    except that ``1.0`` is ``1`` in either half (see `label_name`); ``01`` and ``1`` are two
    classes.  NaN at the end of a series is padding and taken off; a NaN between values is a
    missing value and refused.

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


def label_name(text: str) -> str:
    """The name of the class that a label in a file means: the text itself, but 1.0 means 1.

    A whole number that a program wrote as a float, ``1.0000000e+00``, is the class ``1``, because
    the two files of some UCR data sets differ in that.  Everything else stays as it is: ``01`` and
    ``1`` are two classes, and so are ``1e3`` and ``1000``, or ``1.10`` and ``1.1``; long
    identifiers keep all digits.

    Examples
    --------
    >>> [label_name(text) for text in (" 1.0000000e+00", "-1.", "01", "1e3", "1.10", "walking ")]
    ['1', '-1', '01', '1e3', '1.10', 'walking']
    """
    text = text.strip()
    if not (match := FLOAT.fullmatch(text)):
        return text
    sign, whole, part, exponent = match.groups()
    shift = int(exponent or 0)
    digits = (whole + part).rstrip("0")
    places = len(whole) + shift  # of digits before the point
    if len(digits) > max(places, 0):
        return text
    number = int(digits.ljust(places, "0") or "0")
    return f"-{number}" if sign == "-" and number else str(number)


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
        # The name counts too, so that 1 and 01 always come in the same order.
        classes = sorted(set(names), key=lambda name: (Decimal(name), name))
    except InvalidOperation:
        classes = sorted(set(names))
    if len(classes) < 2:
        raise ValueError(f"{path}: expected at least two classes, got {classes[0]!r} alone")
    return tuple(classes)
