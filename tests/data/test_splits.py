import numpy as np
import pytest

from rnnspec.data import DataSplits, SequenceDataset
from rnnspec.data.splits import as_splits


def test_a_pair_is_cut_as_data_in_one_piece_is():
    rng = np.random.default_rng(31)
    X, y = rng.normal(3, [1, 20], (100, 4, 2)), np.repeat([0, 1, 3], [20, 30, 50])
    data, again = as_splits((X, y)), DataSplits.from_arrays((X, y))
    parts = data.train, data.validation, data.test
    assert [len(part) for part in parts] == [70, 10, 20]
    assert (data.n_features, data.n_classes, data.permutation) == (2, 4, None)
    rows = {row.tobytes() for part in parts for row in part.inputs}
    assert rows == {row.tobytes() for row in X.astype(np.float32)}
    for part, same in zip(parts, (again.train, again.validation, again.test), strict=True):
        np.testing.assert_array_equal(part.inputs, same.inputs)
        assert part.inputs.dtype == np.float32
        np.testing.assert_allclose(part.spread, data.train.inputs.astype(float).std((0, 1)))
    assert as_splits(data) is data


def test_parts_that_are_given_stay_whole():
    rng = np.random.default_rng(32)
    X, y = rng.normal(size=(40, 4, 1)), np.arange(40) % 2
    far = 100 * rng.normal(size=(8, 6, 1)), np.arange(8) % 4
    two = DataSplits.from_arrays((X, y), test=far)
    assert [len(part) for part in (two.train, two.validation, two.test)] == [32, 8, 8]
    assert {part.n_classes for part in (two.train, two.validation, two.test)} == {4}
    assert (two.test.spread == two.train.spread).all()
    assert two.train.spread < 2
    three = DataSplits.from_arrays((X, y), far, (X, y))
    assert [len(part) for part in (three.train, three.validation, three.test)] == [40, 8, 40]
    none = DataSplits.from_arrays((X, y), validation=far)
    assert [len(part) for part in (none.train, none.validation, none.test)] == [40, 8, 0]
    few = DataSplits.from_arrays((X[:6], y[:6]), test=far)
    assert [len(part) for part in (few.train, few.validation, few.test)] == [6, 0, 8]


def test_parts_that_do_not_fit():
    X, y = np.random.default_rng(33).normal(size=(20, 4, 2)), np.arange(20) % 2
    with pytest.raises(ValueError, match="`test` must have the 2 channels of `train`, got 1"):
        DataSplits.from_arrays((X, y), test=(X[:, :, :1], y))
    with pytest.raises(
        ValueError, match=r"at least 10 sequences of every class .* got 2 of class 1:"
    ):
        DataSplits.from_arrays((X, np.repeat([0, 1], [18, 2])))
    with pytest.raises(ValueError, match=r"`validation` must be a SequenceDataset, got ndarray"):
        DataSplits.from_arrays((X, y), validation=X)
    one = SequenceDataset.from_raw(X, [4] * 20, y, ("a", "b"), mean=1, std=2)
    assert DataSplits.from_arrays(one).train.class_names == ("a", "b")
