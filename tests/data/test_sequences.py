from dataclasses import replace

import numpy as np
import pytest

from rnnspec.data import DataSplits, SequenceDataset
from rnnspec.data.preparation import channel_statistics

FITTING = {
    "values": np.zeros((2, 3, 1)),
    "lengths": [3, 3],
    "labels": [0, 1],
    "class_names": ("a", "b"),
}


@pytest.fixture
def data():
    rng = np.random.default_rng(712)
    values = rng.uniform(0, 1, (6, 5, 2))
    return SequenceDataset.from_raw(
        values, [5, 1, 3, 5, 2, 4], [0, 1, 0, 1, 0, 1], ("a", "b"), mean=[0.5, 0.2], std=2.0,
        lower=0, upper=[1, 1],
    )  # fmt: skip


def test_raw_inverts_the_standardisation_at_real_steps():
    values = np.random.default_rng(5).normal(3, 7, (4, 6, 3)).astype(np.float32)
    data = SequenceDataset.from_raw(
        values, [6, 6, 2, 6], [0, 0, 1, 1], ("a", "b"), mean=[1, 2, 3], std=[4, 5, 6]
    )
    real = data.mask()
    np.testing.assert_allclose(data.raw()[real], values[real], atol=1e-5)
    np.testing.assert_allclose(
        data.inputs[real], ((values - data.mean) / data.std)[real], atol=1e-6
    )


def test_padded_steps_are_zero_in_both_units_whatever_stood_there(data):
    assert data.mask().sum(axis=1).tolist() == data.lengths.tolist()
    assert not data.inputs[~data.mask()].any()
    assert not data.raw()[~data.mask()].any()


def test_raw_values_stay_inside_the_bounds():
    ends = np.tile([[0.0], [1.0]], (50, 1, 1))
    data = SequenceDataset.from_raw(
        ends, np.full(50, 2), np.zeros(50), ("a",), mean=0.1307, std=0.3081, lower=0, upper=1
    )
    assert data.raw().min() >= 0
    assert data.raw().max() <= 1


def test_types_and_sizes(data):
    assert data.inputs.dtype == np.float32
    assert data.lengths.dtype == data.labels.dtype == np.int64
    assert data.lower.dtype == data.std.dtype == np.float64
    assert (len(data), data.n_steps, data.n_features, data.n_classes) == (6, 5, 2, 2)


@pytest.mark.parametrize("indices", [[4, 0], [], [True, False, False, False, True, False]])
def test_subset_takes_rows_and_keeps_the_rest(data, indices):
    part = data.subset(indices)
    rows = np.arange(6)[np.array(indices, dtype=bool if len(indices) == 6 else int)]
    np.testing.assert_array_equal(part.inputs, data.inputs[rows])
    np.testing.assert_array_equal(part.lengths, data.lengths[rows])
    np.testing.assert_array_equal(part.labels, data.labels[rows])
    assert part.class_names == data.class_names
    assert part.std is data.std


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"values": np.zeros((2, 3))}, r"`values` must have shape \(n, t, d\), got \(2, 3\)"),
        ({"lengths": [3]}, r"`lengths` must have shape \(2,\)"),
        (
            {"lengths": [3, 4]},
            r"from 1 to 3, got 4 at \[1\] \(`inputs` has 3 steps",
        ),
        ({"lengths": [0, 3]}, r"`lengths` must be from 1 to 3, got 0 at \[0\]"),
        ({"labels": [0, 2]}, r"`labels` must be from 0 to 1, got 2 at \[1\] \(.* counted from 0"),
        ({"values": np.full((2, 3, 1), np.nan)}, "`inputs` must be finite"),
        ({"std": 0.0}, "`std` must be finite and > 0"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        SequenceDataset.from_raw(**(FITTING | change))


def test_the_constructor_checks_shapes(data):
    with pytest.raises(ValueError, match=r"`inputs` must have shape \(n, t, d\)"):
        SequenceDataset(data.inputs[0], *(getattr(data, name) for name in FIELDS))
    with pytest.raises(ValueError, match=r"`lower` must have shape \(1,\)"):
        SequenceDataset(data.inputs[:, :, :1], *(getattr(data, name) for name in FIELDS))


FIELDS = ("lengths", "labels", "class_names", "lower", "upper", "mean", "std")


UNITS = [(0, 1), (101325, 0.01), (2459945.5, 0.05), (1.7e9, 10), (1.7e9, 1e-3), (0, 1e-15)]
UNITS += [(0, 1e-300), (0, 1e300), (-4e250, 1e240)]


@pytest.mark.parametrize(("offset", "amplitude"), UNITS)
def test_any_offset_and_unit_reach_the_network_with_all_digits(offset, amplitude):
    wave = np.sin(np.arange(60.0)).reshape(3, 20, 1)
    values = offset + amplitude * wave
    mean, std = channel_statistics(values, np.full(3, 20))
    data = SequenceDataset.from_raw(
        values, [20] * 3, [0, 1, 0], ("a", "b"), mean=mean, std=std,
        lower=offset - 2 * amplitude, upper=offset + 2 * amplitude,
    )  # fmt: skip
    rounding = np.spacing(abs(offset)) / amplitude  # of the values themselves
    expected = (wave - wave.mean()) / wave.std()
    np.testing.assert_allclose(data.inputs, expected, atol=3e-7 + 20 * rounding)
    assert data.inputs.std() == pytest.approx(1, abs=1e-5 + 10 * rounding)
    assert len(np.unique(data.inputs)) == len(np.unique(values)) == 60
    # The way back, in units of the series: to float32 of the standardised values.
    error = (data.raw() / amplitude - values / amplitude) if abs(offset) < 1e100 else 0
    np.testing.assert_allclose(error, 0, atol=2e-7 + 2 * rounding)


def test_values_whose_digits_float32_does_not_hold_are_refused():
    values = 1.7e9 + np.arange(6.0).reshape(2, 3, 1)
    message = r"`values` has values near 1.7e\+09 that differ by at most 5 in channel 0.*`mean`"
    with pytest.raises(ValueError, match=message):
        SequenceDataset.from_raw(values, [3, 3], [0, 1], ("a", "b"))
    SequenceDataset.from_raw(values, [3, 3], [0, 1], ("a", "b"), mean=1.7e9)
    # The padding is not looked at, and what is float32 already has no further digit.
    SequenceDataset.from_raw(values * [[[1]] * 3, [[0]] * 3] + 0, [1, 1], [0, 1], ("a", "b"))
    SequenceDataset.from_raw(values.astype(np.float32), [3, 3], [0, 1], ("a", "b"))
    with pytest.raises(ValueError, match=r"`values` must be within the range of float32.*1e\+60"):
        SequenceDataset.from_raw([[[0.0], [1e60]]], [2], [0], ("a",))


def test_labels_are_class_numbers_or_names_as_they_are_written():
    def labels(given, names):
        return SequenceDataset.from_raw(np.zeros((2, 1, 1)), [1, 1], given, names).labels.tolist()

    assert labels([1.0, 0.0], ("a", "b")) == labels([True, False], ("a", "b")) == [1, 0]
    assert labels(["01", "1"], ("1", "01")) == [1, 0]
    assert labels(np.array([b"up", b"down"]), ("down", "up")) == [1, 0]
    assert labels(np.array(["up", "down"], np.dtypes.StringDType()), ("down", "up")) == [1, 0]
    assert labels(np.array([1, 0], dtype=object), range(2)) == [1, 0]
    assert labels(np.array(["1000", "1e3"], dtype=object), ("1e3", "1000")) == [1, 0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": [0, 0.5]}, r"`labels` must be whole numbers, got 0\.5 at \[1\]"),
        ({"labels": [0, np.nan]}, r"`labels` must be whole numbers, got nan at \[1\]"),
        ({"labels": [0, 1e300]}, r"`labels` must be whole numbers, got 1e\+300 at \[1\]"),
        ({"labels": [0, None]}, "`labels` must be whole numbers, got dtype object"),
        ({"labels": np.array([0, 2**63 + 1], np.uint64)}, "whole numbers, got 9223372036854775809"),
        ({"labels": [0, 2**62]}, "`labels` must be from 0 to 1, got 4611686018427387904"),
        ({"labels": ["a", "A"]}, r"among the class names 'a', 'b', got 'A' at \[1\] \(names are"),
        ({"labels": ["0", "1"]}, "`labels` must be among the class names 'a', 'b', got '0'"),
        ({"lengths": [3, 2.7]}, r"`lengths` must be whole numbers, got 2\.7 at \[1\]"),
        ({"class_names": ("a", "a")}, "`class_names` must differ, got 'a' twice"),
        ({"class_names": ()}, "`labels` must be from 0 to -1, got 0"),
        ({"class_names": "ab"}, "`class_names` must be a tuple of names, got 'ab'"),
        ({"lower": 0.5}, r"raw values must lie between .* from 0\.5 to inf in channel 0, got 0 at"),
        ({"upper": -1e-3}, r"got 0 at \[0, 0, 0\] \(other units"),
        ({"lower": np.inf}, "raw values must lie between .* from inf to inf in channel 0"),
        ({"upper": -np.inf}, "raw values must lie between .* from -inf to -inf in channel 0"),
        (
            {"lower": [0, 0]},
            r"`lower` must be a number, or one for each of the 1 channels, got .*2",
        ),
        ({"std": "a"}, "`std` must hold real numbers, got dtype <U1"),
        ({"class_names": (1, 2)}, r"`class_names` must be texts, got 1 at \[0\].*map\(str, names"),
        ({"class_names": (0, "0")}, "`class_names` must differ, got '0' twice"),
        ({"labels": [b"a", b"A"]}, r"among the class names 'a', 'b', got 'A' at \[1\]"),
        ({"lower": np.nan}, "`lower` must be at most `upper`"),
        ({"lower": 1, "upper": -1}, "`lower` must be at most `upper`"),
        ({"mean": np.inf}, "`mean` must be finite in every channel"),
        ({"values": np.ma.masked_equal(np.eye(3)[:2, :, None], 1)}, r"finite, got nan at \[0, 0"),
        ({"values": np.full((2, 3, 1), "x")}, "`values` must hold real numbers, got dtype <U1"),
        ({"values": [[[1.0]], [[1.0], [2.0]]]}, "`values` must be an array of numbers, got a list"),
    ],
)
def test_what_cannot_be_meant_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        SequenceDataset.from_raw(**(FITTING | change))


def test_bounds_leave_room_for_rounding_and_for_padding():
    tenth = np.full((1, 2, 1), 0.1, np.float32)  # a little above 0.1
    assert SequenceDataset.from_raw(tenth, [2], [0], ("a",), lower=0, upper=0.1).raw().max() == 0.1
    padded = SequenceDataset.from_raw([[[0.9], [7.0]]], [1], [0], ("a",), lower=0.5, upper=1)
    np.testing.assert_allclose(padded.raw(), [[[0.9], [0.0]]], rtol=1e-7)


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e12])
def test_bounds_are_kept_in_any_unit(unit):
    """The room for rounding is a part of the bounds, whatever the standardisation."""
    values = unit * np.array([[[0.0], [1.0], [0.5]]])
    for mean, std in ((0, 1), (0, unit), (unit / 2, unit / 4), (7 * unit, 3 * unit)):
        options = {"lower": 0, "upper": unit, "mean": mean, "std": std}
        data = SequenceDataset.from_raw(values, [3], [0], ("a",), **options)
        np.testing.assert_allclose(data.raw(), values, atol=3e-6 * unit)
        for outside in (-0.001, 1.001):
            with pytest.raises(ValueError, match=r"raw values must lie between .* at \[0, 2, 0\]"):
                SequenceDataset.from_raw(
                    np.concatenate([values[:, :2], [[[outside * unit]]]], axis=1),
                    [3], [0], ("a",), **options,
                )  # fmt: skip


@pytest.mark.parametrize("field", ["inputs", "lengths", "mean"])
def test_the_constructor_takes_arrays(data, field):
    with pytest.raises(ValueError, match=f"`{field}` must be a NumPy array, got list .*from_raw"):
        replace(data, **{field: getattr(data, field).tolist()})
    for dtype in ("int64", "float16", ">f4"):
        with pytest.raises(ValueError, match=rf"must be float32 \(or float64\), got dtype {dtype}"):
            replace(data, inputs=data.inputs.astype(dtype))


def test_labels_and_lengths_of_the_constructor_are_integers(data):
    with pytest.raises(ValueError, match="`labels` must be integers, got dtype float64"):
        replace(data, labels=np.full(6, 0.5))
    with pytest.raises(ValueError, match="`std` must be finite and > 0"):
        replace(data, std=np.zeros(2))


def test_standardised_values_have_center_0_and_spread_1(data):
    np.testing.assert_array_equal((data.center, data.spread), [[0, 0], [1, 1]])
    moved = replace(data, spread=np.array([2.0, 3.0]))
    assert moved.subset([1]).spread.tolist() == [2, 3]


def test_a_data_set_prints_its_shapes(data):
    n, t, d = data.inputs.shape
    assert f"SequenceDataset(inputs=<({n}, {t}, {d}) array>, lengths=<({n},) array>" in repr(data)
    assert data.to_dict()["lengths"] == data.lengths.tolist()
    splits = DataSplits("toy", "series", 0, data, data, data, None, {})
    assert repr(splits).startswith("DataSplits(name='toy', view='series', seed=0, train=<Sequence")
