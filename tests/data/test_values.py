import warnings

import numpy as np
import pytest

from rnnspec import SequenceDataset
from rnnspec.data.values import ONE_DIGIT, THREE_DIGITS, keep_digits, whole_numbers

REAL = np.ones((1, 9), bool)


@pytest.mark.parametrize("step", 2.0 ** -np.arange(4, 24))
def test_digits_that_float32_takes_are_warned_of_and_refused_by_their_share(step):
    values = 1 + step * np.linspace(0, 1, 9).reshape(1, 9, 1) ** 2
    rounded = values.astype(np.float32)
    share = abs(rounded - values).max() / np.ptp(values)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if share > ONE_DIGIT:
            with pytest.raises(ValueError, match="`X` has values near 1 .* in channel 0.*; centre"):
                keep_digits(values, rounded, REAL, "X", "centre it")
        else:
            keep_digits(values, rounded, REAL, "X", "centre it")
    assert bool(caught) == (THREE_DIGITS < share <= ONE_DIGIT)


def test_two_points_beside_a_boundary_are_taken_with_a_word():
    values = np.array([[[1.0, 1.0]], [[1 + 1e-6, 1.0]]])
    with pytest.warns(UserWarning, match="`values` has values near 1 that differ by at most 1e-06"):
        data = SequenceDataset.from_raw(values, [1, 1], [0, 0], ("a", "b"))
    assert data.inputs[1, 0, 0] > data.inputs[0, 0, 0]


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint64, np.float16, np.float64])
def test_whole_numbers_of_every_type(dtype):
    found = whole_numbers(np.array([0, 1], dtype), "labels")
    assert (found.tolist(), found.dtype) == ([0, 1], np.int64)
    assert whole_numbers([], "labels").dtype == np.int64


@pytest.mark.parametrize("value", [-0.5, np.inf, 2.0**53, np.float32(2**24), 1j, "1"])
def test_what_is_no_whole_number(value):
    with pytest.raises(ValueError, match="`labels` must be whole numbers, got"):
        whole_numbers([value], "labels")
    with pytest.raises(ValueError, match="got a masked value"):
        whole_numbers(np.ma.masked_equal([1, 2], 2), "labels")
