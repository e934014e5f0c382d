"""Arrays, tensors and lists in place of a data set: as they are, or refused by name."""

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Subset, TensorDataset

from rnnspec.data import as_dataset, load_dataset

LABELS = np.array([0, 1, 3, 0, 1, 0])


@pytest.fixture
def X():
    return np.random.default_rng(77).normal([0, 5], [1, 10], (6, 5, 2)).astype(np.float32)


class Frame:
    """What pandas and others hand over: an object that NumPy reads as an array."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return self.values


FORMS = {
    "arrays": lambda X: (X, LABELS),
    "tensors": lambda X: (torch.tensor(X, requires_grad=True), torch.tensor(LABELS)),
    "lists": lambda X: (X.tolist(), LABELS.tolist()),
    "a list of arrays": lambda X: (list(X), list(LABELS)),
    "a list of tensors": lambda X: (list(torch.tensor(X)), torch.tensor(LABELS)),
    "an object array": lambda X: (object_array(X), LABELS.astype(np.uint8)),
    "frames": lambda X: (Frame(X), Frame(LABELS)),
    "a TensorDataset": lambda X: TensorDataset(torch.tensor(X), torch.tensor(LABELS)),
    "whole floats": lambda X: (X.astype(np.float64), LABELS.astype(np.float64)),
    "a data set": lambda X: as_dataset((X, LABELS)),
}


def object_array(X):
    held = np.empty(len(X), dtype=object)
    held[:] = list(X)
    return held


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_values_as_they_are(X, form):
    data = as_dataset(FORMS[form](X))
    np.testing.assert_array_equal(data.inputs, X)
    np.testing.assert_array_equal(data.raw(), X)
    np.testing.assert_array_equal(data.labels, LABELS)
    assert data.lengths.tolist() == [5] * 6
    # Label 3 is column 3, though no sequence is of class 2.
    assert data.class_names == ("0", "1", "2", "3")
    assert as_dataset(data) is data


def test_units_are_those_of_the_arrays(X):
    data = as_dataset((X, LABELS))
    np.testing.assert_array_equal((data.mean, data.std), [[0, 0], [1, 1]])
    np.testing.assert_allclose(data.center, X.astype(float).mean((0, 1)), rtol=1e-12)
    np.testing.assert_allclose(data.spread, X.astype(float).std((0, 1)), rtol=1e-12)
    assert np.isinf(data.lower).all()
    assert np.isinf(data.upper).all()


def test_types_keep_their_digits(X):
    def dtype(values):
        return as_dataset((values, LABELS)).inputs.dtype

    assert dtype(X.astype(np.float64)) == dtype(np.arange(30).reshape(6, 5)) == np.float64
    assert dtype(X > 0) == dtype(X.astype(np.float16)) == dtype(torch.tensor(X)) == np.float32
    assert dtype(torch.tensor(X).bfloat16()) == np.float32
    large = X.astype(np.float64) + 1e300 * np.finfo(float).eps
    with pytest.raises(ValueError, match=r"`data` must be within the range of float32"):
        as_dataset((large, LABELS))


def test_sequences_of_different_lengths(X):
    series = [one[: 1 + i % 5] for i, one in enumerate(X)]
    data = as_dataset((series, LABELS))
    padded = X.copy()
    for row, one in zip(padded, series, strict=True):
        row[len(one) :] = np.nan
    again = as_dataset((padded, LABELS))
    for found in (data, again):
        assert found.lengths.tolist() == [1, 2, 3, 4, 5, 1]
        np.testing.assert_array_equal(found.inputs, np.nan_to_num(padded))
        np.testing.assert_allclose(found.spread, np.concatenate(series).astype(float).std(0))


def test_two_axes_are_one_channel(X):
    flat = as_dataset((X[:, :, 0], LABELS))
    assert flat.inputs.shape == (6, 5, 1)
    ragged = as_dataset(([[1.0, 2.0], [3.0]], [0, 1]))
    assert ragged.inputs[:, :, 0].tolist() == [[1, 2], [3, 0]]


def test_a_masked_value_is_a_missing_one(X):
    end = np.zeros(X.shape, bool)
    end[2, 3:] = True
    assert as_dataset((np.ma.masked_array(X, end), LABELS)).lengths.tolist() == [5, 5, 3, 5, 5, 5]
    with pytest.raises(ValueError, match=r"`data` must be finite, got nan at \[2, 0, 0\]"):
        as_dataset((np.ma.masked_array(X, end[:, ::-1]), LABELS))


DULL = {
    "one sequence of one step": np.ones((1, 1, 2)),
    "one step each": np.arange(4.0).reshape(4, 1, 1),
    "a channel that never changes": np.full((3, 4, 1), 0.3),
    "zeros": np.zeros((2, 3, 2)),
}


@pytest.mark.parametrize("case", DULL)
def test_dull_arrays(case):
    values = DULL[case]
    data = as_dataset((values, np.zeros(len(values), int)))
    np.testing.assert_array_equal(data.inputs, values)
    assert data.n_classes == 1
    constant = np.ptp(values, axis=(0, 1)) == 0
    np.testing.assert_array_equal(data.spread[constant], 1)


REFUSED = {
    "whole data set": (lambda _: load_dataset("digits"), r"one part, got the whole .*\.test"),
    "inputs alone": (lambda X: X, r"a SequenceDataset, got ndarray \(arrays .* pair \(X, y\)"),
    "a list of two": (lambda X: [X, LABELS], "a SequenceDataset, got list of 2"),
    "three tensors": (
        lambda X: TensorDataset(torch.tensor(X), torch.full((6,), 5), torch.tensor(LABELS)),
        r"a pair, inputs and labels, got three: .* list \(\[x1, x2, ...\], y\), or padded with NaN",
    ),
    "three arrays": (lambda X: (X, LABELS, [5] * 6), "a pair, inputs and labels, got three"),
    "a loader": (
        lambda X: DataLoader(FORMS["a TensorDataset"](X)),
        r"got DataLoader .*map\(torch.cat, zip\(\*loader\)\)",
    ),
    "a subset": (lambda X: Subset(FORMS["a TensorDataset"](X), [1]), "got Subset"),
    "packed": (
        lambda X: (torch.nn.utils.rnn.pack_sequence([torch.tensor(X[0])]), [0]),
        "sequences of shapes",
    ),
    "one axis": (lambda X: (X[:, 0, 0], LABELS), r"inputs of shape \(n, t, d\).* got \(6,\)"),
    "no step": (lambda X: (X[:, :0], LABELS), r"inputs of shape .* got \(6, 0, 2\)"),
    "no sequence": (lambda X: (X[:0], []), "at least one sequence, got none"),
    "an empty list": (lambda _: ([], []), "at least one sequence, got none"),
    "axes differ": (lambda X: ([X[0], X[1, :, 0]], [0, 1]), "a list of arrays of 1 and 2 axes"),
    "channels differ": (lambda X: ([X[0], X[1, :, :1]], [0, 1]), "channels, got from 1 to 2"),
    "an empty sequence": (lambda X: ([X[0], X[1, :0]], [0, 1]), "got none in sequence 1"),
    "an empty sequence of one channel": (
        lambda X: ([X[0, :, 0], []], [0, 1]),
        "got none in sequence 1",
    ),
    "labels first": (
        lambda X: (LABELS, X),
        r"got \(6,\) \(labels first\? a pair is inputs, labels",
    ),
    "pairs": (lambda X: list(zip(X, LABELS, strict=True)), r"X, y = zip\(\*pairs\)"),
    "complex": (lambda X: (X * 1j, LABELS), "`data` must hold real numbers, got dtype complex64"),
    "words": (lambda _: ([["a"]], [0]), r"`data\[0\]\[0\]` must hold real numbers, got dtype <U1"),
    "infinite": (lambda X: (X / 0, LABELS), r"`data` must be finite, got -?inf at \[0, 0, 0\]"),
    "NaN in one channel": (lambda X: (np.where(X == X[1, 4, 0], np.nan, X), LABELS), r"\[1, 4, 0"),
    "NaN before the end": (lambda X: (np.where(X == X[1, 2], np.nan, X), LABELS), r"\[1, 2, 0\]"),
    "offset": (
        lambda X: (X.astype(float) + 1.7e9, LABELS),
        r"`data` has values near 1.7e\+09 .*from_raw .* X\.astype\('float32'\)",
    ),
    "labels of others": (
        lambda X: (X, LABELS[:5]),
        r"of its 6 sequences, shape \(6,\), got \(5,\)",
    ),
    "one-hot": (lambda X: (X, np.eye(4)[LABELS]), r"got \(6, 4\) \(one-hot\? y\.argmax\(1\)\)"),
    "a column": (lambda X: (X, LABELS[:, None]), r"got \(6, 1\) \(a column\? y\.ravel\(\)\)"),
    "negative": (lambda X: (X, LABELS - 1), r"columns, from 0, got -1 at \[0\]"),
    "identifiers": (lambda X: (X, LABELS + 10**9), r"columns, from 0, got 1000000000 at \[0\]"),
    "half": (lambda X: (X, LABELS / 2), r"`labels` must be whole numbers, got 0\.5 at \[1\]"),
    "no label": (lambda X: (X, [0, 1, 0, 1, 0, np.nan]), "whole numbers, got nan"),
    "names": (lambda X: (X, list("abacab")), r"got words: say .*class_names\.index\(word\)"),
    "numbers as words": (lambda X: (X, list("010110")), "got words"),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_what_cannot_be_taken(X, case):
    make, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        as_dataset(make(X))
