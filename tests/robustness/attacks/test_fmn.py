"""The minimum-norm attack: the closed form from anywhere, never longer than its start."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from rnnspec.robustness.access import under_attack
from rnnspec.robustness.attacks.deepfool import deepfool
from rnnspec.robustness.attacks.fmn import fmn
from rnnspec.robustness.budget import BudgetExceeded, sizes
from rnnspec.robustness.threat import Threat

NORMS = ["l2", "linf"]


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("start", ["nothing", "far", "deepfool"])
def test_two_classes_and_a_linear_network_in_closed_form(walks, linear, norm, start):
    data = walks(40)
    model, data = linear(2), replace(data, labels=data.labels % 2)
    with under_attack(model, data, Threat(norm=norm)) as victim:
        far = torch.randn(victim.zeros().shape, generator=torch.Generator().manual_seed(0))
        far = 30 * far.double() * victim.budget.movable
        begin = {"nothing": victim.zeros(), "far": far, "deepfool": None}[start]
        u, radii = fmn(victim, start=begin), model.radii(data, norm)
        assert victim.is_fooled(u).all()
        assert (sizes(u, norm) >= radii * (1 - 1e-12)).all()
        torch.testing.assert_close(sizes(u, norm), radii, rtol=0.01, atol=2e-4)
        assert not u[radii == 0].any()
        assert 0 < int((radii == 0).sum()) < 40


@pytest.mark.parametrize("norm", NORMS)
def test_shorter_than_deepfool_and_inside_the_raw_bounds(digits, digits_lstm, norm):
    data = digits.test.subset(range(50))
    with under_attack(digits_lstm, data, Threat(norm=norm, units="raw")) as victim:
        start, right = deepfool(victim), ~victim.is_fooled(victim.zeros())
        u = fmn(victim, iterations=40)
        assert victim.is_fooled(u).all()
        assert (sizes(u, norm) <= sizes(start, norm)).all()
        ratio = (sizes(u, norm) / sizes(start, norm))[right].median()
        assert float(ratio) < 0.95
        raw = torch.from_numpy(data.raw()) + u
        assert float(raw.min()) >= -1e-5
        assert float(raw.max()) <= 16 + 1e-5


def test_alone_or_in_company(digits, digits_lstm):
    model, data = copy.deepcopy(digits_lstm).double(), digits.test.subset(range(6))
    with under_attack(model, data, Threat(norm="l2")) as victim:
        together = fmn(victim, iterations=20)
        alone = [fmn(victim[torch.tensor([i])], iterations=20)[0] for i in range(len(victim))]
        torch.testing.assert_close(together, torch.stack(alone), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize(
    "option", [{"iterations": 2}, {"step_size": 0.05}, {"gamma": 0.3}], ids=lambda o: next(iter(o))
)
def test_every_option_matters(digits, digits_lstm, option):
    with under_attack(digits_lstm, digits.test.subset(range(10)), Threat(norm="l2")) as victim:
        assert not torch.equal(
            fmn(victim, iterations=20), fmn(victim, **{"iterations": 20, **option})
        )


def test_the_state(digits, digits_lstm):
    with under_attack(digits_lstm, digits.test.subset(range(10)), Threat("state", "l2")) as victim:
        start, u = deepfool(victim), fmn(victim, iterations=20)
        assert (victim.is_fooled(u) >= victim.is_fooled(start)).all()
        assert (sizes(u, "l2") <= sizes(start, "l2"))[victim.is_fooled(start)].all()


@pytest.mark.parametrize("norm", NORMS)
def test_a_sequence_without_slope_is_left_alone_and_the_others_are_not(walks, linear, norm):
    steps = np.ones((9, 8), dtype=bool)
    steps[[0, 4]] = False
    with under_attack(linear(), walks(9), Threat(norm=norm, steps=steps)) as victim:
        u, right = fmn(victim), ~victim.is_fooled(victim.zeros())
        assert right[[0, 4]].any()
        assert not u[[0, 4]].any()
        others = torch.tensor([1, 2, 3, 5, 6, 7, 8])
        torch.testing.assert_close(u[others], fmn(victim[others]), rtol=1e-9, atol=0)
        assert victim.is_fooled(u)[others].all()


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ({"iterations": 2.5}, "`iterations` must be an integer of at least 1, got 2.5"),
        ({"step_size": -1.0}, "`step_size` must be a finite number > 0"),
        ({"gamma": 1.0}, "`gamma` must be between 0 and 1, got 1.0"),
    ],
)
def test_bad_options(walks, linear, option, says):
    with under_attack(linear(), walks(3)) as victim, pytest.raises(ValueError, match=says):
        fmn(victim, **option)


def test_a_start_outside_is_refused(walks, linear):
    with under_attack(linear(), walks(3)) as victim, pytest.raises(BudgetExceeded, match="moved"):
        fmn(victim, start=torch.ones_like(victim.zeros()))
