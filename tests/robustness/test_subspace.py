"""Semi-random noise: exact on a linear model, and the law sqrt(d / m)."""

import numpy as np
import pytest
import torch

import rnnspec
from rnnspec import Threat, under_attack
from rnnspec.robustness.attacks.deepfool import deepfool
from rnnspec.robustness.budget import sizes
from rnnspec.robustness.subspace import flatness, random_basis, subspace_noise

L2 = Threat(norm="l2", bounded=False)


def right_ones(model, data):
    with under_attack(model, data) as victim:
        return data.subset((~victim.fooled(victim.nothing())).numpy())


@pytest.mark.parametrize("dimension", [1, 2, 5])
def test_two_classes_in_closed_form(dimension, linear, walks):
    # r_S = margin / |P w|, with P the projection onto the subspace.
    model, data = linear(classes=2), walks(60)
    data = right_ones(model, data.subset(data.labels < 2))
    with under_attack(model, data, L2) as victim:
        u = subspace_noise(victim, dimension, seed=3)
        basis = random_basis(victim.budget, dimension, 3)
        logits = victim.logits(victim.nothing())
        margin = (logits[:, 0] - logits[:, 1]).abs()
        slope = (model.W[0] - model.W[1]).detach().flatten()
        seen = torch.einsum("ndm,d->nm", basis, slope).norm(dim=1)
        assert victim.fooled(u).all()
        assert torch.allclose(sizes(u, "l2"), margin / seen, rtol=1e-3)
        # u lies in the subspace.
        flat = u.flatten(1)[:, :, None]
        assert torch.allclose(basis @ (basis.mT @ flat), flat, atol=1e-12 * float(flat.norm()))
        assert not u[~victim.budget.movable].any()


def test_the_whole_space_is_no_restriction(linear, walks):
    model, data = linear(), walks(20)
    data = right_ones(model, data.subset(data.lengths == 5))
    with under_attack(model, data, L2) as victim:
        u = subspace_noise(victim, 10)
        expected = model.radii(data, "l2")
        assert sizes(u, "l2").numpy() == pytest.approx(expected.numpy(), rel=1e-3)
        assert flatness(u, deepfool(victim), 10, victim.budget).numpy() == pytest.approx(
            1, rel=1e-3
        )


@pytest.mark.parametrize("m", [4, 16, 64])
def test_the_law_of_the_square_root(m, linear):
    # |P w|^2 / |w|^2 is Beta(m/2, (d-m)/2): mean m / d, so that 1 / flatness^2 has mean 1.
    d, n = 256, 300
    rng = np.random.default_rng(0)
    data = rnnspec.SequenceDataset.from_raw(
        rng.standard_normal((n, 32, 8)), [32] * n, [0] * n, ("a", "b")
    )
    model = linear(classes=2, steps=32, features=8)
    data = right_ones(model, data)
    with under_attack(model, data, L2) as victim:
        inside, free = subspace_noise(victim, m), deepfool(victim)
        ratio = flatness(inside, free, m, victim.budget)
    spread = np.sqrt(2 * (d - m) / (m * (d + 2)))
    mean = float((ratio**-2).mean())
    assert mean == pytest.approx(1, abs=5 * spread / np.sqrt(len(data)) + 1e-3)


def test_a_larger_subspace_holds_the_smaller(digits, digits_lstm):
    data = digits.test.subset(np.arange(40))
    with under_attack(digits_lstm, data, L2) as victim:
        median = [float(sizes(subspace_noise(victim, m), "l2").median()) for m in (4, 16, 64)]
        found = subspace_noise(victim, 16)
        assert victim.fooled(found).float().mean() > 0.9
        basis = [random_basis(victim.budget, m, 0) for m in (4, 16)]
    assert median[0] > median[1] > median[2] > 0
    inside = basis[1] @ (basis[1].mT @ basis[0])
    assert torch.allclose(inside, basis[0], atol=1e-5)


def test_seed_and_steps(digits, digits_lstm):
    data = digits.test.subset(np.arange(40))
    with under_attack(digits_lstm, data, L2) as victim:
        once, again, other = (subspace_noise(victim, 4, seed=seed) for seed in (0, 0, 1))
        assert torch.equal(once, again)
        assert not torch.equal(once, other)
        few = victim.fooled(subspace_noise(victim, 4, steps=1))
        assert few.sum() < victim.fooled(once).sum()


def test_of_an_initial_state(walks):
    model = rnnspec.SequenceClassifier("gru", 2, 3, hidden=4)
    with under_attack(model, walks(9), Threat(target="state", norm="l2")) as victim:
        assert subspace_noise(victim, 2).shape == (9, 1, 1, 4)


def test_wrong_already_needs_nothing(linear, walks):
    with under_attack(linear(), walks(30), L2) as victim:
        wrong = victim.fooled(victim.nothing())
        u = subspace_noise(victim, 2)
        assert not u[wrong].any()
        assert flatness(u, deepfool(victim), 2, victim.budget)[wrong].isnan().all()


@pytest.mark.parametrize(
    ("threat", "dimension", "error"),
    [
        (Threat(), 2, "`victim` must have the norm l2, a subspace's own, got linf"),
        (L2, 0, "`dimension` must be from 1 to 6, the fewest values that may move"),
        (L2, 7, "`dimension` must be from 1 to 6, .* got 7"),
    ],
)
def test_errors(threat, dimension, error, linear, walks):
    with (
        under_attack(linear(), walks(30), threat) as victim,
        pytest.raises(ValueError, match=error),
    ):
        subspace_noise(victim, dimension)


def test_raw_bounds_are_refused(digits, digits_lstm):
    with (
        under_attack(digits_lstm, digits.test.subset([0]), Threat(norm="l2")) as victim,
        pytest.raises(ValueError, match=r"`victim` must have no raw bounds.*bounded=False"),
    ):
        subspace_noise(victim, 2)
