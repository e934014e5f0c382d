"""DeepFool: exact where the network is linear, independent of company, inside every box."""

import copy
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from rnnspec.robustness.access import under_attack
from rnnspec.robustness.attacks.deepfool import deepfool
from rnnspec.robustness.budget import sizes
from rnnspec.robustness.threat import Threat

NORMS = ["l2", "linf"]


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("classes", [3, 6])
def test_a_linear_network_takes_one_step(walks, linear, norm, classes):
    model, data = linear(classes), walks(40)
    with under_attack(model, data, Threat(norm=norm)) as victim:
        u = deepfool(victim, iterations=1)
        radii = model.radii(data, norm)
        assert victim.is_fooled(u).all()
        assert (sizes(u, norm) >= radii * (1 - 1e-12)).all()
        torch.testing.assert_close(sizes(u, norm), radii, rtol=2e-3, atol=2e-4)
        assert not u[radii == 0].any()
        assert not u[~victim.budget.movable].any()
        assert 0 < int((radii == 0).sum()) < 40


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("masked", [False, True])
def test_raw_bounds_and_masks_hold(digits, digits_lstm, norm, masked):
    data = digits.test.subset(range(40))
    threat = Threat(
        norm=norm, units="raw", steps=np.arange(8) < 5 if masked else None, channels=None
    )
    with under_attack(digits_lstm, data, threat) as victim:
        u = deepfool(victim)
        raw = torch.from_numpy(data.raw()) + u
        assert float(raw.min()) >= -1e-5
        assert float(raw.max()) <= 16 + 1e-5
        assert not masked or not u[:, 5:].any()
        assert u.isfinite().all()
        assert victim.is_fooled(u).double().mean() >= (0.8 if masked else 1.0)


@pytest.mark.parametrize("norm", NORMS)
def test_alone_or_in_company(digits, digits_lstm, norm):
    model, data = copy.deepcopy(digits_lstm).double(), digits.test.subset(range(12))
    with under_attack(model, data, Threat(norm=norm)) as victim:
        together = deepfool(victim)
        alone = [deepfool(victim[torch.tensor([i])])[0] for i in range(len(victim))]
        torch.testing.assert_close(together, torch.stack(alone), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("norm", NORMS)
def test_the_state(digits, digits_lstm, norm):
    with under_attack(digits_lstm, digits.test.subset(range(20)), Threat("state", norm)) as victim:
        u = deepfool(victim)
        assert u.shape == (20, 2, 1, 32)
        assert victim.is_fooled(u).double().mean() > 0.8


@pytest.mark.parametrize("norm", NORMS)
def test_no_larger_than_the_peer(digits, digits_lstm, norm):
    foolbox = pytest.importorskip("foolbox")
    attacks = {"l2": foolbox.attacks.L2DeepFoolAttack, "linf": foolbox.attacks.LinfDeepFoolAttack}
    data = digits.test.subset(range(60))
    with under_attack(digits_lstm, data, Threat(norm=norm, bounded=False)) as victim:
        right = ~victim.is_fooled(victim.zeros())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            peer = foolbox.PyTorchModel(digits_lstm, bounds=(-1e4, 1e4), device="cpu")
            moved, _, found = attacks[norm]()(peer, victim.inputs, victim.labels, epsilons=None)
        u = deepfool(victim)
        assert (victim.is_fooled(u) | ~found).all()
        r, theirs = sizes(u, norm)[right], sizes(moved - victim.inputs, norm)[right]
        assert float(r.median() / theirs.median()) <= 0.95


@pytest.mark.parametrize(
    "option",
    [{"iterations": 1}, {"candidates": 2}, {"overshoot": 0.5}],
    ids=lambda o: next(iter(o)),
)
def test_every_option_matters(digits, digits_lstm, option):
    with under_attack(digits_lstm, digits.test.subset(range(60)), Threat(norm="l2")) as victim:
        assert not torch.equal(deepfool(victim), deepfool(victim, **option))


def test_fewer_candidates_cannot_shorten_a_linear_way(walks, linear):
    with under_attack(linear(6), walks(40), Threat(norm="l2")) as victim:
        all_, two = sizes(deepfool(victim), "l2"), sizes(deepfool(victim, candidates=2), "l2")
        assert (all_ <= two * (1 + 2e-3)).all()
        assert (all_ < 0.9 * two).any()


def test_a_network_without_slope_is_left_alone(walks):
    class Flat(nn.Module):
        def forward(self, inputs):
            return torch.tensor([[1.0, 0.0, 0.5]]) + 0 * inputs.sum((1, 2))[:, None]

    with under_attack(Flat(), walks(6, full=True)) as victim:
        u = deepfool(victim)
        assert not u.any()
        assert not victim.is_fooled(u)[::3].any()


def test_a_thousand_steps_towards_a_boundary_that_is_not_there(walks):
    class Wave(nn.Module):
        def forward(self, inputs):
            rival = -1 - torch.sin(inputs.sum((1, 2))) / 2
            return torch.stack([0 * rival, rival], 1)

    data = walks(1, full=True)  # of class 0
    with under_attack(Wave().double(), data, Threat(norm="l2")) as victim:
        assert not victim.is_fooled(deepfool(victim, iterations=1100)).any()


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ({"iterations": 2.5}, "`iterations` must be an integer of at least 1, got 2.5"),
        ({"overshoot": 0.0}, "`overshoot` must be a finite number > 0"),
        ({"candidates": 1}, "`candidates` must be at least 2, the label and a rival, got 1"),
    ],
)
def test_bad_options(walks, linear, option, says):
    with under_attack(linear(), walks(3)) as victim, pytest.raises(ValueError, match=says):
        deepfool(victim, **option)


def test_no_gradient_is_said(walks, linear):
    class Cut(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = linear()

        def forward(self, inputs, lengths):
            return self.inner(inputs, lengths).detach()

    with under_attack(Cut(), walks(6)) as victim, pytest.raises(ValueError, match="no gradient"):
        deepfool(victim)
