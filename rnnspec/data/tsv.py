"""Reading the UCR archive's `.tsv` files: a label, then the values of one channel."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rnnspec.data.series import MISSING, LabelledSeries, numbered_lines, numbers


def read_tsv(path: Path, class_names: tuple[str, ...] | None = None) -> LabelledSeries:
    """Cases of a `.tsv` file; classes are the labels found, sorted as numbers if they are.

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
        With file and line, for a line without tabs, a value that is no number,
        and a label that the TRAIN half does not have; and for a TRAIN half
        with fewer than two series or two classes.
    """
    series, names, places = [], [], []
    for where, line in numbered_lines(path):
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
    while end and tokens[end - 1].strip().lower() in MISSING:
        end -= 1
    return numbers(tokens[:end], where)[:, np.newaxis]


def _name(label: str, where: str) -> str:
    """One spelling per class: files write 1 also as 1.0000000e+00."""
    label = label.strip()
    if label.lower() in MISSING:
        raise ValueError(f"{where}: expected a label before the first tab, got {label!r}")
    try:
        return f"{float(label):.15g}"
    except ValueError:
        return label


def _classes(names: list[str], path: Path) -> tuple[str, ...]:
    if len(names) < 2:
        raise ValueError(
            f"{path}: expected at least two series to train on, got {len(names)}"
            " (a truncated file?)"
        )
    try:
        classes = sorted(set(names), key=float)
    except ValueError:
        classes = sorted(set(names))
    if len(classes) < 2:
        raise ValueError(f"{path}: expected at least two classes, got {classes[0]!r} alone")
    return tuple(classes)
