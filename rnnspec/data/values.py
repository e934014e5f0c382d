"""Arrays, tensors and tables of a user as NumPy arrays that keep all digits."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

# The share of a channel's range that rounding to float32 may change: below the first a value
# keeps three digits, below the second it keeps one.
THREE_DIGITS, ONE_DIGIT = 1e-3, 0.1


def real_values(given: Any, name: str) -> NDArray[Any]:
    """`given` as an array of float32, or of float64 where float32 does not hold its type.

    Takes arrays, tensors of any device, nested lists and what NumPy reads as an array, such as
    a data frame.  A masked value is NaN.

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
    """Refuse `values` whose digits are gone once they are `rounded` to float32.

    Raises
    ------
    ValueError
        If, over the steps that are `real`, a value is beyond float32, or rounding changes a
        channel by more than a tenth of its range: its offset is too large.

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
    if not len(steps) or np.isnan(short).any():  # NaN is refused where its place is known
        return
    extent = steps.max(axis=0) - steps.min(axis=0)
    largest = np.abs(steps).max(axis=0)
    change = np.abs(short - steps).max(axis=0)
    # A range of a few roundings of float64 is that of a constant.
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
