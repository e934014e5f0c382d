"""Training on arrays: the same as on the parts that they are cut into."""

import numpy as np
import pytest
import torch

import rnnspec
from rnnspec.training.adversarial import Adversarial
from rnnspec.training.adversarial_loss import AdversarialLoss


@pytest.fixture
def pair():
    rng = np.random.default_rng(17)
    y = np.repeat([0, 1], 30)
    return rng.normal(0, [1, 20], (60, 5, 2)) + y[:, np.newaxis, np.newaxis] * [0, 40], y


def trained(data, **options):
    torch.manual_seed(4)
    # A class more than occurs: labels are the columns of the logits.
    model = rnnspec.SequenceClassifier("rnn", 2, 3, hidden=6)
    return rnnspec.train(model, data, epochs=3, **options)


def test_a_pair_is_trained_on_as_its_parts_are(pair):
    run, again = trained(pair), trained(tuple(map(torch.tensor, pair)))
    for one, other in zip(run.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(one, other)
    assert run.test_accuracy == again.test_accuracy >= 0
    parts = rnnspec.DataSplits.from_arrays(pair)
    assert (len(parts.train), len(parts.validation), len(parts.test)) == (42, 6, 12)
    model = rnnspec.SequenceClassifier("rnn", 2, 2, hidden=6)
    assert rnnspec.train(model, parts, epochs=1).history[0]["epoch"] == 1


def test_without_a_test_part_there_is_no_test_accuracy(pair):
    X, y = pair
    data = rnnspec.DataSplits.from_arrays((X[::2], y[::2]), validation=(X[1::2], y[1::2]))
    model = rnnspec.SequenceClassifier("rnn", 2, 2, hidden=6)
    run = rnnspec.train(model, data, epochs=1)
    assert run.test_accuracy is None
    assert run.validation_accuracy is not None


def test_what_does_not_fit_the_model_is_refused(pair):
    X, y = pair
    model = rnnspec.SequenceClassifier("rnn", 2, 2, hidden=6)
    with pytest.raises(ValueError, match="`model` has n_classes 2, but the data 'arrays' has 3"):
        rnnspec.train(model, (X, y + 1), epochs=1)
    with pytest.raises(ValueError, match="`model` has n_features 2, but the data 'arrays' has 1"):
        rnnspec.train(model, (X[:, :, 0], y), epochs=1)
    with pytest.raises(ValueError, match=r"`data` must be a SequenceDataset, got ndarray"):
        rnnspec.train(model, X, epochs=1)
    with pytest.raises(ValueError, match=r"`data` must hold at least 10 .* DataSplits.from_arrays"):
        rnnspec.train(model, (X[:9], y[:9]), epochs=1)


def test_adversarial_training_moves_each_channel_by_its_own_deviation(pair):
    data = rnnspec.DataSplits.from_arrays(pair)
    seen = []

    class Seen(rnnspec.SequenceClassifier):
        def forward(self, inputs, lengths=None, state=None):
            seen.append(inputs.detach().clone())
            return super().forward(inputs, lengths, state)

    model = Seen("rnn", 2, 2, hidden=6)
    train = tuple(
        torch.from_numpy(a) for a in (data.train.inputs, data.train.lengths, data.train.labels)
    )
    loss = AdversarialLoss(model, data, train, Adversarial("pgd", 0.1), seed=0, total=1)
    loss(torch.arange(8), 1)
    moved = max((abs(inputs - train[0][:8]).amax((0, 1)) for inputs in seen), key=torch.sum)
    np.testing.assert_allclose(moved, 0.1 * data.train.spread, rtol=1e-4)
