"""Bisected ascent: the closed form, brackets of their own, agreement with the minimum norm."""

import copy
from dataclasses import replace

import pytest
import torch

from rnnspec.robustness.access import under_attack
from rnnspec.robustness.attacks.bisection import bisection
from rnnspec.robustness.attacks.fmn import fmn
from rnnspec.robustness.budget import sizes
from rnnspec.robustness.threat import Threat

NORMS = ["l2", "linf"]


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("rtol", [0.05, 0.002])
def test_two_classes_and_a_linear_network_in_closed_form(walks, linear, norm, rtol):
    data = walks(40)
    model, data = linear(2), replace(data, labels=data.labels % 2)
    with under_attack(model, data, Threat(norm=norm)) as victim:
        u, radii = bisection(victim, rtol=rtol), model.radii(data, norm)
        assert victim.is_fooled(u).all()
        assert (sizes(u, norm) >= radii * (1 - 1e-12)).all()
        torch.testing.assert_close(sizes(u, norm), radii, rtol=rtol, atol=2e-4)
        assert not u[radii == 0].any()
        assert not u[~victim.budget.movable].any()


@pytest.mark.parametrize("norm", NORMS)
def test_agrees_with_the_minimum_norm(digits, digits_lstm, norm):
    data = digits.test.subset(range(30))
    with under_attack(digits_lstm, data, Threat(norm=norm)) as victim:
        right = ~victim.is_fooled(victim.zeros())
        u, v = bisection(victim), fmn(victim)
        assert victim.is_fooled(u).all()
        ratio = (sizes(u, norm) / sizes(v, norm))[right]
        assert float(ratio.median()) == pytest.approx(1, abs=0.06)


def test_alone_or_in_company(digits, digits_lstm):
    model, data = copy.deepcopy(digits_lstm).double(), digits.test.subset(range(5))
    with under_attack(model, data, Threat(norm="l2")) as victim:
        together = bisection(victim, rtol=0.1)
        alone = [bisection(victim[torch.tensor([i])], rtol=0.1)[0] for i in range(5)]
        torch.testing.assert_close(together, torch.stack(alone), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize(
    "option",
    [{"iterations": 3}, {"restarts": 2}, {"rtol": 0.5}, {"loss": "cross_entropy"}],
    ids=lambda o: next(iter(o)),
)
def test_every_option_matters(digits, digits_lstm, option):
    with under_attack(digits_lstm, digits.test.subset(range(10)), Threat(norm="l2")) as victim:
        few = {"iterations": 6, "rtol": 0.1}
        assert not torch.equal(bisection(victim, **few), bisection(victim, **{**few, **option}))


def test_the_seed_is_that_of_the_restarts(digits, digits_lstm):
    with under_attack(digits_lstm, digits.test.subset(range(10)), Threat(norm="l2")) as victim:
        few = {"iterations": 4, "rtol": 0.1, "restarts": 2}
        one, same, other = (bisection(victim, seed=seed, **few) for seed in (1, 1, 2))
        assert torch.equal(one, same)
        assert not torch.equal(one, other)


def test_what_cannot_be_fooled_is_given_up(walks, linear):
    # Of the first channel alone, and with the weights of the first channel gone.
    model = linear()
    model.W.data[:, :, 0] = 0
    threat = Threat(channels=[True, False])
    with under_attack(model, walks(5), threat) as victim:
        u = bisection(victim, iterations=1)
        assert torch.equal(victim.is_fooled(u), victim.is_fooled(victim.zeros()))
        assert u.isfinite().all()


def test_a_tolerance_below_rounding_ends(walks, linear):
    model, data = linear().float(), walks(5)
    with under_attack(model, data, Threat(norm="l2")) as victim:
        assert victim.is_fooled(bisection(victim, rtol=1e-12)).all()


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ({"rtol": 0.0}, "`rtol` must be a finite number > 0, got 0"),
        ({"iterations": 0}, "`iterations` must be"),
        ({"seed": -1}, "`seed` must be an integer"),
        ({"loss": "hinge"}, "`loss` must be one of"),
    ],
)
def test_bad_options(walks, linear, option, says):
    with under_attack(linear(), walks(3)) as victim, pytest.raises(ValueError, match=says):
        bisection(victim, **option)
