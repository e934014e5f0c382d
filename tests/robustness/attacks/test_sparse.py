"""Few time steps: the least count where the network is linear, inside every cap and bound."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from rnnspec.robustness import sparse as module
from rnnspec.robustness.attacks.sparse import sparse
from rnnspec.robustness.threat import Threat
from rnnspec.robustness.victim import under_attack


def least_counts(model, data, norm, epsilon):
    """By sorting: the steps of largest gain, until their sum exceeds the margin."""
    logits = model(torch.from_numpy(data.inputs).double(), torch.from_numpy(data.lengths))
    margins = (logits[:, 0] - logits[:, 1]).detach().numpy() * (1 - 2 * data.labels)
    slope = (model.W[0] - model.W[1]).detach().numpy()
    gains = epsilon * (np.abs(slope).sum(1) if norm == "linf" else np.linalg.norm(slope, axis=1))
    counts = []
    for margin, length in zip(margins, data.lengths, strict=True):
        reached = np.cumsum(np.sort(gains[:length])[::-1])
        counts.append(0 if margin < 0 else 1 + np.searchsorted(reached, margin))
    return np.array(counts)


@pytest.mark.parametrize("norm", ["l2", "linf"])
@pytest.mark.parametrize("epsilon", [0.2, 0.7])
def test_two_classes_and_a_linear_network_need_the_sorted_steps(walks, linear, norm, epsilon):
    data = walks(60)
    model, data = linear(2), replace(data, labels=data.labels % 2)
    least = least_counts(model, data, norm, epsilon)
    can = least <= data.lengths
    with under_attack(model, data, Threat(norm=norm)) as victim:
        u, count = sparse(victim, epsilon)
        assert (victim.fooled(u).numpy() == can).all()
        assert (count.numpy()[can] == least[can]).all()
        assert (count == (u != 0).any(2).sum(1)).all()
        assert float(
            torch.linalg.vector_norm(u, 2 if norm == "l2" else torch.inf, dim=2).max()
        ) <= (epsilon * (1 + 1e-5))
        assert not u[~victim.budget.movable].any()
        assert len(set(least[can])) > 2
        assert not can.all()


@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_raw_bounds_are_cap_enough(digits, digits_lstm, norm):
    data = digits.test.subset(range(30))
    with under_attack(digits_lstm, data, Threat(norm=norm)) as victim:
        u, count = sparse(victim)
        assert victim.fooled(u).all()
        raw = data.raw() + u.numpy() * data.std
        assert raw.min() >= -1e-4
        assert raw.max() <= 16 + 1e-4
        _, capped = sparse(victim, 0.5)
        assert capped.double().mean() > 1.5 * count.double().mean()


def test_more_steps_of_ascent_need_no_more_time_steps(digits, digits_lstm):
    with under_attack(digits_lstm, digits.test.subset(range(100))) as victim:
        (_, few), (_, many) = sparse(victim, 0.8, steps=1), sparse(victim, 0.8, steps=10)
        assert few.sum() > many.sum()


def test_closing_steps_pays(digits, digits_lstm, monkeypatch):
    with under_attack(digits_lstm, digits.test.subset(range(100))) as victim:
        u, count = sparse(victim, 0.5)
        monkeypatch.setattr(module, "_pruned", lambda _, u, *__: u)
        v, greedy = sparse(victim, 0.5)
        assert torch.equal(victim.fooled(u), victim.fooled(v))
        assert (count <= greedy).all()
        assert count.sum() < greedy.sum()


def test_alone_or_in_company(digits, digits_lstm):
    with under_attack(digits_lstm, digits.test.subset(range(8))) as victim:
        together = sparse(victim, 0.8)[0]
        alone = [sparse(victim[torch.tensor([i])], 0.8)[0][0] for i in range(8)]
        torch.testing.assert_close(together, torch.stack(alone), rtol=1e-5, atol=1e-6)


def test_masked_steps_stay_shut(digits, digits_lstm):
    steps = np.arange(8) % 2 == 0
    with under_attack(digits_lstm, digits.test.subset(range(20)), Threat(steps=steps)) as victim:
        u, count = sparse(victim, 1.0)
        assert not u[:, ~steps].any()
        assert int(count.max()) <= 4


@pytest.mark.parametrize(
    ("target", "epsilon", "steps", "says"),
    [
        ("input", None, 5, "`epsilon` must be given, got None: the data has no raw bounds"),
        ("input", 0.0, 5, "`epsilon` must be a finite number > 0"),
        ("input", 1.0, 0, "`steps` must be an integer of at least 1, got 0"),
        ("state", 1.0, 5, "`victim` must move its input"),
    ],
)
def test_bad_arguments(walks, target, epsilon, steps, says):
    from rnnspec import SequenceClassifier

    model = SequenceClassifier("rnn", 2, 3, hidden=4)
    with (
        under_attack(model, walks(3), Threat(target)) as victim,
        pytest.raises(ValueError, match=says),
    ):
        sparse(victim, epsilon, steps=steps)
