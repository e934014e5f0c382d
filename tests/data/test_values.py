import warnings

import numpy as np
import pytest

from rnnspec import SequenceDataset
from rnnspec.data.values import ONE_DIGIT, THREE_DIGITS, keep_digits

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
