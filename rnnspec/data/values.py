"""Arrays, tensors, tables and labels of a user as NumPy arrays that keep all digits."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

# The share of a channel's range by which rounding to float32 may change a value.  Below the first
# the value keeps three digits, which is enough to learn from; below the second it keeps one.
THREE_DIGITS, ONE_DIGIT = 1e-3, 0.1


def real_values(given: Any, name: str) -> NDArray[Any]:
    """`given` as an array of float32, or of float64 if float32 does not hold all its values.

    It may be an array, a tensor on any device, a nested list, or whatever NumPy reads as an array,
    such as a data frame.  A masked value becomes NaN.

    Raises
    ------
    ValueError
        If `given` holds something else than real numbers, or rows that do not match.

    Examples
    --------
    >>> real_values([[1, 2]], "X").dtype, real_values(np.ones(2, np.float16), "X").dtype
    (dtype('float64'), dtype('float32'))
    """
    try:
        array = _array(given)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(
            f"`{name}` must be an array of numbers, got a {type(given).__name__} that NumPy"
            f" cannot read as one ({' '.join(str(error).split())[:100]})"
        ) from error
    if array.dtype.kind not in "biuf":
        raise ValueError(f"`{name}` must hold real numbers, got dtype {array.dtype}")
    short = np.can_cast(array.dtype, np.float32)
    floats: NDArray[Any] = array.astype(np.float32 if short else np.float64, copy=False)
    return floats


def keep_digits(
    values: NDArray[Any],  # shape: (n, t, d)
    rounded: NDArray[np.float32],  # shape: (n, t, d)
    real: NDArray[np.bool_],  # shape: (n, t)
    name: str,
    way_out: str,
) -> None:
    """Refuse `values` that lose their digits when they are `rounded` to float32.

    The steps where `real` is true count; `name` and `way_out` go into the error.

    Raises
    ------
    ValueError
        If a value is beyond float32, or rounding changes a channel by more than a tenth of its
        range, because its offset is too large.

    Warns
    -----
    UserWarning
        If rounding changes a channel by more than a thousandth of its range.

    Examples
    --------
    >>> X = 1.7e9 + np.arange(9.0).reshape(1, 9, 1)
    >>> keep_digits(X, X.astype(np.float32), np.ones((1, 9), bool), "X", "centre it")
    Traceback (most recent call last):
    ...
    ValueError: `X` has values near 1.7e+09 that differ by at most 8 in channel 0: float32, in
    which networks compute, would change them by up to 8; centre it
    """
    steps, short = values[real], rounded[real]
    if (beyond := np.isinf(short)).any():
        raise ValueError(
            f"`{name}` must be within the range of float32, in which networks compute, got"
            f" {steps[beyond][0]:.3g}; {way_out}"
        )
    if not len(steps) or np.isnan(short).any():  # NaN is refused elsewhere, with its place
        return
    extent = steps.max(axis=0) - steps.min(axis=0)
    largest = np.abs(steps).max(axis=0)
    change = np.abs(short - steps).max(axis=0)
    # A channel that varies by a few roundings of float64 is a constant.
    varies = extent > 16 * np.spacing(largest)
    lost = np.where(varies, change, 0.0) / np.where(varies, extent, 1.0)
    c = int(lost.argmax())
    if lost[c] > THREE_DIGITS:
        text = (
            f"`{name}` has values near {largest[c]:.3g} that differ by at most {extent[c]:.3g} in"
            f" channel {c}: float32, in which networks compute, would change them by up to"
            f" {change[c]:.3g}; {way_out}"
        )
        if lost[c] > ONE_DIGIT:
            raise ValueError(text)
        warnings.warn(text, stacklevel=4)


def channel_values(value: Any, name: str, d: int) -> NDArray[np.float64]:
    """(d,) array from one number, or from one for each channel."""
    given = real_values(value, name).astype(np.float64)
    if given.shape not in ((), (1,), (d,)):
        raise ValueError(
            f"`{name}` must be a number, or one for each of the {d} channels, got shape"
            f" {given.shape}"
        )
    return np.broadcast_to(given, (d,)).copy()


def read_class_names(given: Sequence[Any]) -> tuple[str, ...]:
    """Class names as texts; numbers are names only if each is its own place, as in range(10)."""
    if isinstance(given, str | bytes):
        raise ValueError(f"`class_names` must be a tuple of names, got {given!r}")
    names = [name.decode() if isinstance(name, bytes) else name for name in given]
    for k, name in enumerate(names):
        if not isinstance(name, str) and (isinstance(name, bool) or name != k):
            raise ValueError(
                f"`class_names` must be texts, got {name!r} at [{k}]: give tuple(map(str, names)),"
                " and labels as texts too, or as places in it"
            )
    return tuple(map(str, names))


def class_numbers(labels: ArrayLike, class_names: Sequence[str]) -> NDArray[np.int64]:
    """The number of each label's class: the place of the name, or the label itself if a number.

    Raises
    ------
    ValueError
        If a label is no whole number, or a name that `class_names` does not hold.

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
    """Whether some of the labels are texts, of bytes or of characters."""
    array = labels if hasattr(labels, "detach") else np.asarray(labels)
    if not isinstance(array, np.ndarray):
        return False
    return array.dtype.kind in "UST" or (
        array.dtype == object and any(isinstance(one, str | bytes) for one in array.ravel())
    )


def whole_numbers(values: Any, name: str) -> NDArray[np.int64]:
    """`values` as int64, if each is a whole number: 2.0 is one; 0.5, NaN and 1e300 are not.

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
    if array.dtype == object:  # a table's column of integers may be one
        array = np.array(array.tolist())
    if array.size == 0:
        return array.astype(np.int64)
    if array.dtype == object or array.dtype.kind not in "biuf" or np.ma.is_masked(values):
        raise ValueError(f"`{name}` must be whole numbers, got {_type_of(array, values)}")
    with np.errstate(invalid="ignore"):
        whole = array.astype(np.int64)
    # Beyond 2^53 two whole numbers may be the same float.  A number that does not fit into int64
    # has another sign afterwards.
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


def check_range(values: NDArray[np.int64], name: str, low: int, high: int, cause: str) -> None:
    """Refuse integers outside `low` to `high`; the likely `cause` goes into the error."""
    if values.dtype.kind not in "iu":
        raise ValueError(f"`{name}` must be integers, got dtype {values.dtype}")
    wrong = (values < low) | (values > high)
    if wrong.any():
        i = int(np.argmax(wrong))
        raise ValueError(
            f"`{name}` must be from {low} to {high}, got {values[i]} at [{i}] ({cause})"
        )


def _array(given: Any) -> NDArray[Any]:
    array: NDArray[Any]
    if hasattr(given, "detach"):  # a tensor; this room does not import PyTorch
        given = given.detach().cpu()
        if given.is_floating_point() and given.dtype.itemsize < 4:
            given = given.float()  # NumPy has no bfloat16
        given = given.numpy()
    if isinstance(given, np.ma.MaskedArray):
        floats: Any = given.astype(np.result_type(given.dtype, np.float32))
        given = floats.filled(np.nan)
    array = np.asarray(given)
    return array.astype(np.float64) if array.dtype == object else array


def _type_of(array: NDArray[Any], values: Any) -> str:
    if np.ma.is_masked(values):
        return "a masked value"
    return f"dtype {array.dtype}"


def _list_names(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:10]))
    return shown if len(names) <= 10 else f"{shown}, ... ({len(names)})"
