"""Noise: inside its budget, of the distribution it names, and nowhere it must not be."""

import numpy as np
import pytest
import torch
from scipy import stats

import rnnspec
from rnnspec import Threat, under_attack
from rnnspec.robustness.attacks.noise import DISTRIBUTIONS, noise, unit_noise
from rnnspec.robustness.budget import Budget, sizes


def free(norm, n=2000, shape=(5, 2)):
    edge = torch.full((n, *shape), torch.inf, dtype=torch.float64)
    return Budget(norm, -edge, edge)


def drawn(distribution, norm, **options):
    return unit_noise(free(norm, **options), distribution, torch.Generator().manual_seed(0))


THREATS = {
    "linf": Threat(),
    "l2": Threat(norm="l2"),
    "raw": Threat(units="raw"),
    "masked": Threat(norm="l2", steps=np.arange(8) % 2 == 0, channels=np.array([True, False])),
}


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@pytest.mark.parametrize("threat", THREATS)
def test_budgets_masks_and_sequences_wrong_already(threat, distribution, linear, walks):
    model, data = linear(), walks(30)
    with under_attack(model, data, THREATS[threat]) as victim:
        wrong = victim.is_fooled(victim.zeros())
        assert wrong.any()
        epsilon = torch.linspace(0, 2, 30)
        u = noise(victim, epsilon, distribution=distribution)
        norm = sizes(u, victim.budget.norm)
        assert (norm <= epsilon * (1 + 1e-6)).all()
        assert not u[~victim.budget.movable].any()
        assert not u[wrong].any()
        assert (norm[~wrong][1:] > 0).all()
        if distribution in ("sign", "sphere"):
            assert torch.allclose(norm[~wrong], epsilon.to(norm)[~wrong], rtol=1e-6)
        again = noise(victim, epsilon, distribution=distribution)
        other = noise(victim, epsilon, distribution=distribution, seed=1)
        assert torch.equal(u, again)
        assert not torch.equal(u, other)
        assert not noise(victim, 0.0, distribution=distribution).any()


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_raw_bounds_hold(distribution, digits, digits_lstm):
    data = digits.test.subset(np.arange(20))
    with under_attack(digits_lstm, data, Threat(units="raw")) as victim:
        u = noise(victim, 8.0, distribution=distribution)
        raw = data.raw() + u.numpy()
        assert raw.min() >= -1e-4
        assert raw.max() <= 16 + 1e-4
        assert 0 < u.abs().max() <= 8 * (1 + 1e-6)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_of_an_initial_state(distribution, walks):
    model = rnnspec.SequenceClassifier("lstm", 2, 3, hidden=4)
    with under_attack(model, walks(9), Threat(target="state", norm="l2")) as victim:
        u = noise(victim, 3.0, distribution=distribution)
        assert u.shape == (9, 2, 1, 4)
        assert (sizes(u, "l2") <= 3 * (1 + 1e-6)).all()


@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_a_sequence_of_which_nothing_may_move(distribution, norm, linear, walks):
    model, data = linear(), walks(9)
    steps = np.ones((9, 8), dtype=bool)
    steps[4] = False
    with under_attack(model, data, Threat(norm=norm, steps=steps)) as victim:
        u = noise(victim, 1.0, distribution=distribution)
        assert not u[4].any()
        assert u.any()


def test_the_global_stream_is_left_alone(linear, walks):
    torch.manual_seed(3)
    state = torch.get_rng_state()
    with under_attack(linear(), walks(9)) as victim:
        noise(victim, 1.0)
    assert torch.equal(torch.get_rng_state(), state)


def test_linf_distributions():
    n = 20_000
    gaussian, uniform, sign = (
        drawn(name, "linf").flatten() for name in ("gaussian", "uniform", "sign")
    )
    assert gaussian.std() == pytest.approx(0.5, abs=5 * 0.5 / np.sqrt(2 * n))
    clipped = (gaussian.abs() > 1).double().mean()  # beyond two standard deviations
    share = 2 * stats.norm.sf(2)
    assert clipped == pytest.approx(share, abs=5 * np.sqrt(share / n))
    # Kolmogorov's distance, against 5 times its scale.
    ranks = (torch.arange(n) + 0.5) / n
    assert ((uniform.sort().values + 1) / 2 - ranks).abs().max() < 5 / np.sqrt(n)
    assert set(sign.tolist()) == {-1.0, 1.0}
    assert sign.mean() == pytest.approx(0, abs=5 / np.sqrt(n))
    assert torch.allclose(sizes(drawn("sphere", "linf"), "linf"), torch.ones(1).double())


def test_l2_distributions():
    n, m = 2000, 10
    square = sizes(drawn("gaussian", "l2"), "l2") ** 2
    assert square.mean() == pytest.approx(1, abs=5 * np.sqrt(2 / m / n))
    radius = sizes(drawn("uniform", "l2"), "l2") ** m  # its volume is uniform
    ranks = (torch.arange(n) + 0.5) / n
    assert (radius.sort().values - ranks).abs().max() < 5 / np.sqrt(n)
    for name in ("sphere", "sign"):
        u = drawn(name, "l2").flatten(1)
        assert torch.allclose(u.norm(dim=1), torch.ones(n).double())
        assert torch.allclose(u.T @ u / n, torch.eye(m).double() / m, atol=5 / m / np.sqrt(n))
    assert drawn("sign", "l2").abs().std() < 1e-12
    assert drawn("sphere", "l2").abs().std() > 0.1


def test_the_movable_values_alone_count():
    # 3 of 10 values move: the sphere is that of 3 dimensions.
    upper = torch.zeros(4000, 5, 2, dtype=torch.float64)
    upper[:, :3, 0] = torch.inf
    budget = Budget("l2", -upper, upper)
    for name in DISTRIBUTIONS:
        u = unit_noise(budget, name, torch.Generator().manual_seed(1))
        assert not u[upper == 0].any()
    u = unit_noise(budget, "sphere", torch.Generator().manual_seed(1))[:, 0, 0]
    # Archimedes: a coordinate of the sphere in three dimensions is uniform.
    ranks = (torch.arange(4000) + 0.5) / 4000
    assert ((u.sort().values + 1) / 2 - ranks).abs().max() < 5 / np.sqrt(4000)


def test_a_larger_epsilon_is_the_same_noise(linear, walks):
    with under_attack(linear(), walks(9), Threat(norm="l2")) as victim:
        for name in ("uniform", "sign", "sphere"):
            small, large = (noise(victim, e, distribution=name) for e in (0.5, 2.0))
            assert torch.allclose(4 * small, large, rtol=1e-9)


def test_an_unknown_distribution_lists_the_known(linear, walks):
    with (
        under_attack(linear(), walks(3)) as victim,
        pytest.raises(ValueError, match="`distribution` must be one of gaussian, uniform, sign, s"),
    ):
        noise(victim, 1.0, distribution="cauchy")


@pytest.mark.parametrize("epsilon", [-1.0, float("nan")])
def test_a_size_that_is_none(epsilon):
    data = rnnspec.load_dataset("digits").test.subset(range(3))
    model = rnnspec.SequenceClassifier("rnn", 8, 10, hidden=4)
    with (
        under_attack(model, data, Threat()) as victim,
        pytest.raises(ValueError, match="`epsilon` must be a finite number >= 0"),
    ):
        noise(victim, epsilon)
