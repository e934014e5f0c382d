import numpy as np
import pytest

from rnnspec.data.labels import label_name, whole_numbers

NAMES = {
    "1": "1",
    " 1 ": "1",
    "1.0000000e+00": "1",
    "2.5000000e+01": "25",
    "-1.0": "-1",
    "-0.0": "0",
    "1000.": "1000",
    "1.0E3": "1000",
    "123456789012345678.0": "123456789012345678",
}
AS_WRITTEN = ("01", "1e3", "1.10", "0.5", "1.5e0", "+1", "1_0", "٣", "12345678901234567", "Walk")
AS_WRITTEN += ("inf", "00.0", "1.0e999", "1.0.0")


def test_whole_floats_are_spelt_as_integers():
    assert {text: label_name(text) for text in NAMES} == NAMES


@pytest.mark.parametrize("text", AS_WRITTEN)
def test_everything_else_stays_as_it_is_written(text):
    assert label_name(text) == text


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
