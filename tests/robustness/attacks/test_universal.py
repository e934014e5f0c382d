"""One perturbation for all: its closed-form direction, bounds, and what it does to unseen data."""

import numpy as np
import pytest
import torch

from rnnspec.data.sequences import SequenceDataset
from rnnspec.robustness.access import under_attack
from rnnspec.robustness.attacks.universal import universal
from rnnspec.robustness.budget import sizes
from rnnspec.robustness.threat import Threat


def fooling_rate(victim, u):
    """Share of the sequences classified correctly whose class `u` changes; NaN if there is none."""
    right = ~victim.wrong()
    return float(victim.is_fooled(victim.budget.clip(u))[right].double().mean())


@pytest.mark.parametrize("norm", ["l2", "linf"])
@pytest.mark.parametrize("side", [0, 1])
def test_two_classes_and_a_linear_network_in_closed_form(linear, norm, side):
    # All sequences on one side of a plane: straight to the plane is best for each of them.
    model, values = linear(2), np.random.default_rng(0).standard_normal((60, 8, 2))
    lengths = np.full(60, 8)
    logits = model(torch.from_numpy(values), torch.from_numpy(lengths))
    here = (logits.argmax(1) == side).numpy()
    n = int(here.sum())
    data = SequenceDataset.from_raw(values[here], lengths[:n], np.full(n, side), ("a", "b"))
    slope = (model.W[1 - side] - model.W[side]).detach()
    best = slope.sign() if norm == "linf" else slope / slope.norm()
    with under_attack(model, data, Threat(norm=norm)) as victim:
        u = universal(victim, 0.7)
        assert u.shape == (1, 8, 2)
        torch.testing.assert_close(u[0], 0.7 * best, rtol=0, atol=0.01)
        distances = model.radii(data, norm)
        assert fooling_rate(victim, u) == pytest.approx(
            float((distances < 0.7).double().mean()), abs=1.5 / n
        )


@pytest.mark.parametrize(("norm", "epsilon"), [("l2", 4.0), ("linf", 0.8)])
def test_it_fools_what_it_has_not_seen(digits, digits_lstm, norm, epsilon):
    threat = Threat(norm=norm)
    with (
        under_attack(digits_lstm, digits.train.subset(range(400)), threat) as seen,
        under_attack(digits_lstm, digits.test, threat) as unseen,
    ):
        u = universal(seen, epsilon, iterations=40)
        assert float(sizes(u, norm)) <= epsilon * (1 + 1e-5)
        noise = torch.randn(u.shape, generator=torch.Generator().manual_seed(0))
        noise = noise.sign() * epsilon if norm == "linf" else epsilon * noise / noise.norm()
        assert fooling_rate(seen, u) > 0.5
        assert fooling_rate(unseen, u) > 2 * fooling_rate(unseen, noise)
        moved = unseen.budget.clip(u)
        unseen.budget.check(moved, epsilon)
        raw = digits.test.raw() + moved.numpy() * digits.test.std
        assert raw.min() >= -1e-4
        assert raw.max() <= 16 + 1e-4


class Two(torch.nn.Module):
    """Rivals of two kinds of sequences, told apart by channel 2: 10 x_0 - 1 and x_1 - 1/2."""

    def forward(self, inputs):
        x, y, kind = inputs[:, 0].unbind(1)
        rival = torch.where(kind > 0, 10 * x - 1, y - 0.5)
        return torch.stack([0 * rival, rival], dim=1)


def two(first, second, **bounds):
    values = [[[first, 0.0, 1.0]], [[second, 0.0, -1.0]]]
    data = SequenceDataset.from_raw(values, [1, 1], [0, 0], ("a", "b"), **bounds)
    return data, Threat(norm="l2", channels=np.array([True, True, False]))


def test_who_is_clearly_fooled_pulls_no_more():
    # Ten times as steep, the first alone would take the whole length.
    with under_attack(Two(), *two(0.0, 0.0)) as victim:
        assert fooling_rate(victim, universal(victim, 1.0)) == 1.0


def test_who_cannot_follow_does_not_pull():
    # The first, at its upper bound in channel 0, wears nothing of what it asks for there.
    with under_attack(Two(), *two(0.05, -9.0, lower=-20, upper=[0.05, 9, 9])) as victim:
        assert fooling_rate(victim, universal(victim, 1.0)) == 0.5


def test_padding_is_left_alone(walks, linear):
    with under_attack(linear(), walks(30)) as victim:
        moved = victim.budget.clip(universal(victim, 0.5, iterations=5))
        assert not moved[~victim.budget.movable].any()
        assert moved[victim.budget.movable].all()


def test_the_state(digits, digits_lstm):
    with under_attack(digits_lstm, digits.test.subset(range(60)), Threat("state")) as victim:
        u = universal(victim, 0.5, iterations=20)
        assert u.shape == (1, 2, 1, 32)
        assert fooling_rate(victim, u) > 0.1


@pytest.mark.parametrize(
    "option", [{"iterations": 4}, {"batch": 10}, {"seed": 1}], ids=lambda o: next(iter(o))
)
def test_every_option_matters_and_a_seed_repeats(digits, digits_lstm, option):
    with under_attack(digits_lstm, digits.test.subset(range(40))) as victim:
        one, same, other = (
            universal(victim, 0.5, **{"iterations": 3, **more}) for more in ({}, {}, option)
        )
        assert torch.equal(one, same)
        assert not torch.equal(one, other)


def test_nothing_right_is_nothing_to_fool(walks, linear):
    model, data = linear(), walks(30)
    with under_attack(model, data) as victim:
        wrong = victim[torch.nonzero(victim.is_fooled(victim.zeros()))[:, 0]]
        assert np.isnan(fooling_rate(wrong, universal(wrong, 0.5)))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"epsilon": -1.0}, "`epsilon` must be a finite number >= 0"),
        (
            {"epsilon": 1.0, "iterations": 2.5},
            "`iterations` must be an integer of at least 1, got 2.5",
        ),
        ({"epsilon": 1.0, "batch": 0}, "`batch` must be"),
        ({"epsilon": 1.0, "seed": -1}, "`seed` must be an integer"),
    ],
)
def test_bad_arguments(walks, linear, arguments, says):
    with under_attack(linear(), walks(3)) as victim, pytest.raises(ValueError, match=says):
        universal(victim, **arguments)
