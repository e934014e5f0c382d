"""The forms of data that dynamics takes: a data set, an array, a tensor, a list of sequences."""

import numpy as np
import pytest
import torch
from torch import nn

from rnnspec import SequenceClassifier, SequenceDataset, load_dataset
from rnnspec.models.reading import read_along
from rnnspec.models.sequences import as_sequences

LENGTHS = [3, 6, 1, 5]
D = 2


@pytest.fixture
def dataset():
    x = np.random.default_rng(3).normal(size=(4, 6, D))
    return SequenceDataset.from_raw(x, LENGTHS, [0, 1, 0, 1], ("a", "b"))


def encoder():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(D, 3), nn.GRU(3, 5, batch_first=True))


MODELS = {
    "classifier": lambda: SequenceClassifier("lstm", D, 2, hidden=4, bidirectional=True),
    "encoder": encoder,
}


def same(one, other):
    assert torch.equal(one.lengths, other.lengths)
    assert torch.equal(one.inputs, other.inputs)
    for a, b in zip(one.simulate().after, other.simulate().after, strict=True):
        assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("model", MODELS)
def test_each_form_of_the_same_data_gives_the_same_states(model, dataset):
    model = MODELS[model]()
    expected = read_along(model, dataset.inputs, dataset.lengths)
    same(read_along(model, dataset), expected)
    same(read_along(model, torch.tensor(dataset.inputs), torch.tensor(LENGTHS)), expected)
    rows = [x[:n] for x, n in zip(dataset.inputs, LENGTHS, strict=True)]
    same(read_along(model, rows), expected)
    same(read_along(model, [torch.tensor(x) for x in rows]), expected)
    same(read_along(model, [x.tolist() for x in rows]), expected)


def test_a_list_of_one_length_is_an_array(dataset):
    x, lengths = as_sequences(list(dataset.inputs), LENGTHS)
    assert x.shape == (4, 6, D)
    assert lengths.tolist() == LENGTHS
    assert as_sequences(dataset.inputs.tolist())[1] is None


def test_lengths_are_given_once(dataset):
    for data in (dataset, [x[:n] for x, n in zip(dataset.inputs, LENGTHS, strict=True)]):
        with pytest.raises(ValueError, match="`lengths` must be left out .* has lengths of its"):
            as_sequences(data, LENGTHS)


@pytest.mark.parametrize(
    ("lengths", "text"),
    [
        ([1, 2], "must be 4 integers as `inputs` has sequences"),
        ([1.0, 2.0, 3.0, 4.0], "got shape .4,. of torch.float64"),
        ([1, 2, 3, 7], "must be from 1 to 6, got 1 to 7"),
        ([0, 2, 3, 4], "must be from 1 to 6, got 0 to 4"),
    ],
)
def test_lengths_fit_the_sequences(lengths, text, dataset):
    with pytest.raises(ValueError, match=text):
        as_sequences(dataset.inputs, lengths)


def test_what_is_no_data_is_refused_with_a_way_out(dataset):
    with pytest.raises(ValueError, match="a pair of inputs and labels"):
        as_sequences((dataset.inputs, dataset.labels))
    with pytest.raises(ValueError, match=r"got DataSplits .*for example its \.test"):
        as_sequences(load_dataset("synthetic:sine"))
    with pytest.raises(ValueError, match=r"must have shape \(n, t, 2\) as `model` reads"):
        read_along(MODELS["classifier"](), [])
    with pytest.raises(ValueError, match="must be finite at real steps"):
        read_along(MODELS["classifier"](), [np.full((2, D), np.nan)])
