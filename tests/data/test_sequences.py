import numpy as np
import pytest

from rnnspec.data import SequenceDataset


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
        ({"lengths": [3, 4]}, r"`lengths` must be from 1 to 3, got 4 at \[1\]"),
        ({"lengths": [0, 3]}, r"`lengths` must be from 1 to 3, got 0 at \[0\]"),
        ({"labels": [0, 2]}, r"`labels` must be from 0 to 1, got 2 at \[1\]"),
        ({"values": np.full((2, 3, 1), np.nan)}, "`inputs` must be finite"),
        ({"std": 0.0}, "`std` must be finite and > 0"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    arguments = {
        "values": np.zeros((2, 3, 1)),
        "lengths": [3, 3],
        "labels": [0, 1],
        "class_names": ("a", "b"),
    }
    with pytest.raises(ValueError, match=message):
        SequenceDataset.from_raw(**(arguments | change))


def test_the_constructor_checks_shapes(data):
    with pytest.raises(ValueError, match=r"`inputs` must have shape \(n, t, d\)"):
        SequenceDataset(data.inputs[0], *(getattr(data, name) for name in FIELDS))
    with pytest.raises(ValueError, match=r"`lower` must have shape \(1,\)"):
        SequenceDataset(data.inputs[:, :, :1], *(getattr(data, name) for name in FIELDS))


FIELDS = ("lengths", "labels", "class_names", "lower", "upper", "mean", "std")
