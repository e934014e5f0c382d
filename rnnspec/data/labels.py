"""Labels as class numbers: other labels are refused, and different classes stay different."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

# A number that a program wrote as a float: with a point, and without leading zeros.
FLOAT = re.compile(r"([+-]?)(0|[1-9][0-9]*)\.([0-9]*)(?:[eE]([+-]?[0-9]{1,2}))?", re.ASCII)


def class_numbers(labels: ArrayLike, class_names: Sequence[str]) -> NDArray[np.int64]:
    """The number of each label's class: its place in `class_names`, or the label itself.

    Raises
    ------
    ValueError
        If a label is no whole number, or a name that is not among `class_names`.

    Examples
    --------
    >>> class_numbers(["01", "1", "01"], ("1", "01")), class_numbers([1.0, 0.0], ("a", "b"))
    (array([1, 0, 1]), array([1, 0]))
    """
    if not are_words(labels):
        return whole_numbers(labels, "labels")
    number = {name: k for k, name in enumerate(class_names)}
    words = [
        label.decode() if isinstance(label, bytes) else str(label)
        for label in np.asarray(labels).ravel()
    ]
    for i, word in enumerate(words):
        if word not in number:
            raise ValueError(
                f"`labels` must be among the class names {_list_names(class_names)}, got {word!r}"
                f" at [{i}] (names are compared as they are written)"
            )
    return np.array([number[word] for word in words], dtype=np.int64).reshape(np.shape(labels))


def are_words(labels: Any) -> bool:
    """Whether some of the labels are strings, of bytes or of characters."""
    array = labels if hasattr(labels, "detach") else np.asarray(labels)
    if not isinstance(array, np.ndarray):
        return False
    return array.dtype.kind in "UST" or (
        array.dtype == object and any(isinstance(one, str | bytes) for one in array.ravel())
    )


def whole_numbers(values: Any, name: str) -> NDArray[np.int64]:
    """`values` as int64, if each is a whole number; 2.0 is one, 0.5, NaN and 1e300 are none.

    Examples
    --------
    >>> whole_numbers([0, 0.5], "labels")
    Traceback (most recent call last):
    ...
    ValueError: `labels` must be whole numbers, got 0.5 at [1]
    """
    if hasattr(values, "detach"):  # a tensor; NumPy has no bfloat16
        values = values.detach().cpu()
        values = values.double() if values.is_floating_point() else values
    array = np.asarray(values)
    if array.dtype == object:  # as a table's column of integers may be
        array = np.array(array.tolist())
    if array.size == 0:
        return array.astype(np.int64)
    if array.dtype == object or array.dtype.kind not in "biuf" or np.ma.is_masked(values):
        raise ValueError(f"`{name}` must be whole numbers, got {_type_of(array, values)}")
    with np.errstate(invalid="ignore"):
        whole = array.astype(np.int64)
    # Beyond 2^53 two whole numbers may be one float; a wrapped number has another sign.
    wrong = whole != array
    if array.dtype.kind == "f":
        most = min(2.0**53, 2 / float(np.finfo(array.dtype).eps))
        wrong |= ~(np.abs(array.astype(np.float64)) < most)
    elif array.dtype.kind == "u":
        wrong |= whole < 0
    if wrong.any():
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(
            f"`{name}` must be whole numbers, got {array[place]} at {list(place) or 'all'}"
        )
    return whole


def label_name(text: str) -> str:
    """The class that a label of a text file names: the text itself, except that 1.0 is 1.

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


def _type_of(array: NDArray[Any], values: Any) -> str:
    if np.ma.is_masked(values):
        return "a masked value"
    return f"dtype {array.dtype}"


def _list_names(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:10]))
    return shown if len(names) <= 10 else f"{shown}, ... ({len(names)})"
