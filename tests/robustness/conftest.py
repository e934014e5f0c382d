"""Victims to attack: one with closed forms, one trained on digits, one of variable length."""

import numpy as np
import pytest
import torch
from torch import nn

import rnnspec
from rnnspec.data.sequences import SequenceDataset


class Linear(nn.Module):
    r"""Logits :math:`y_k = \langle W_k, x\rangle + b_k` over the true steps of a sequence.

    The margin of the label y over a class k falls by at most
    :math:`\varepsilon \|W_k - W_y\|_q` under a perturbation of norm :math:`\varepsilon` in p,
    1/p + 1/q = 1, and two classes are told apart at exactly the distance
    :math:`(y_0 - y_1) / \|W_0 - W_1\|_q`.
    """

    def __init__(self, steps, features, classes, seed=0):
        super().__init__()
        rng = np.random.default_rng(seed)
        self.W = nn.Parameter(torch.from_numpy(rng.standard_normal((classes, steps, features))))
        self.b = nn.Parameter(torch.from_numpy(rng.standard_normal(classes)))

    def forward(self, inputs, lengths):
        real = torch.arange(inputs.shape[1]) < lengths[:, None]
        return torch.einsum("ntd,ktd->nk", inputs * real[:, :, None], self.W) + self.b

    def radii(self, data, norm):
        """(n,) distances of the right sequences to the nearest other class; 0 for wrong ones."""
        inputs, lengths, labels = map(torch.from_numpy, (data.inputs, data.lengths, data.labels))
        n, real = torch.arange(len(labels)), torch.from_numpy(data.mask())[:, None, :, None]
        logits = self(inputs.to(self.W.dtype), lengths).detach()
        slopes = (self.W.detach() - self.W.detach()[labels][:, None]) * real
        order = 2 if norm == "l2" else 1
        speeds = torch.linalg.vector_norm(slopes.flatten(2), order, dim=2)
        distances = (logits[n, labels][:, None] - logits) / speeds
        distances[n, labels] = torch.inf
        return distances.amin(1).clamp_min(0)


def some_walks(n, seed=0, full=False):
    """`n` noisy lines of 2 channels and 3 to 8 steps; the class is the sign of the drift.

    If `full`, of 8 steps: models that are not told the lengths read no padding.
    """
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    values = rng.standard_normal((n, 8, 2)) + (labels - 1)[:, None, None]
    lengths = np.full(n, 8) if full else rng.integers(3, 9, n)
    return SequenceDataset.from_raw(values, lengths, labels, ("down", "none", "up"), std=[2.0, 0.5])


@pytest.fixture
def walks():
    """Make unbounded sequences of variable length whose raw unit is not a standard deviation."""
    return some_walks


@pytest.fixture
def linear():
    """Make a linear classifier in float64; of `walks`, if not asked otherwise."""

    def make(classes=3, steps=8, features=2, seed=0):
        return Linear(steps, features, classes, seed)

    return make


@pytest.fixture(scope="session")
def digits():
    """The digits in rows: 8 steps of 8 pixels, bounded by the raw range."""
    return rnnspec.load_dataset("digits")


@pytest.fixture(scope="session")
def digits_lstm(digits):
    """An LSTM of 32 units trained on `digits`; do not change it."""
    torch.set_num_threads(1)
    model = rnnspec.SequenceClassifier("lstm", digits.n_features, digits.n_classes, hidden=32)
    rnnspec.train(model, digits, epochs=8, lr=0.01, batch_size=64)
    return model


@pytest.fixture
def gradients():
    """Watch a model: the list of how many sequences each pass with a gradient was of."""
    watched = []

    def watch(model):
        seen = []

        def count(_, given):
            if torch.is_grad_enabled():
                seen.append(len(given[0]))

        watched.append(model.register_forward_pre_hook(count))
        return seen

    yield watch
    for handle in watched:
        handle.remove()
