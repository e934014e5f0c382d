"""Few time steps: the least count where the network is linear, inside every cap and bound."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from rnnspec.robustness.access import under_attack
from rnnspec.robustness.attacks.sparse import sparse
from rnnspec.robustness.threat import Threat


def touched(u):
    """(n,) numbers of time steps that a perturbation moves."""
    return (u != 0).any(2).sum(1)


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
        u = sparse(victim, epsilon=epsilon)
        count = touched(u)
        assert (victim.is_fooled(u).numpy() == can).all()
        assert (count.numpy()[can] == least[can]).all()
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
        u = sparse(victim)
        assert victim.is_fooled(u).all()
        raw = data.raw() + u.numpy() * data.std
        assert raw.min() >= -1e-4
        assert raw.max() <= 16 + 1e-4
        capped = touched(sparse(victim, epsilon=0.5))
        assert capped.double().mean() > 1.5 * touched(u).double().mean()


def test_more_iterations_need_no_more_time_steps(digits, digits_lstm):
    with under_attack(digits_lstm, digits.test.subset(range(100))) as victim:
        few, many = (touched(sparse(victim, epsilon=0.8, iterations=k)) for k in (1, 10))
        assert few.sum() > many.sum()


def test_no_touched_step_is_needless(digits, digits_lstm):
    # Where a perturbation without one of its steps fools as well, that step would have been closed.
    with under_attack(digits_lstm, digits.test.subset(range(100))) as victim:
        u = sparse(victim, epsilon=0.5)
        won = victim.is_fooled(u)
        for step in range(u.shape[1]):
            without = u.clone()
            without[:, step] = 0
            needless = won & victim.is_fooled(without) & (u[:, step] != 0).any(1)
            assert not (needless & (touched(u) > 1)).any()


def test_alone_or_in_company(digits, digits_lstm):
    with under_attack(digits_lstm, digits.test.subset(range(8))) as victim:
        together = sparse(victim, epsilon=0.8)
        alone = [sparse(victim[torch.tensor([i])], epsilon=0.8)[0] for i in range(8)]
        torch.testing.assert_close(together, torch.stack(alone), rtol=1e-5, atol=1e-6)


def test_masked_steps_stay_shut(digits, digits_lstm):
    steps = np.arange(8) % 2 == 0
    with under_attack(digits_lstm, digits.test.subset(range(20)), Threat(steps=steps)) as victim:
        u = sparse(victim, epsilon=1.0)
        assert not u[:, ~steps].any()
        assert int(touched(u).max()) <= 4


@pytest.mark.parametrize(
    ("target", "epsilon", "iterations", "says"),
    [
        ("input", None, 5, "`epsilon` must be given, got None: the data has no raw bounds"),
        ("input", 0.0, 5, "`epsilon` must be a finite number > 0"),
        ("input", 1.0, 0, "`iterations` must be an integer of at least 1, got 0"),
        ("state", 1.0, 5, "`victim` must move its input"),
    ],
)
def test_bad_arguments(walks, target, epsilon, iterations, says):
    from rnnspec import SequenceClassifier

    model = SequenceClassifier("rnn", 2, 3, hidden=4)
    with (
        under_attack(model, walks(3), Threat(target)) as victim,
        pytest.raises(ValueError, match=says),
    ):
        sparse(victim, epsilon=epsilon, iterations=iterations)
