from contextlib import contextmanager
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from rnnspec import SequenceClassifier, SequenceDataset, Threat, under_attack
from rnnspec.robustness.attacks import ascent
from rnnspec.robustness.attacks.apgd import apgd
from rnnspec.robustness.attacks.fgsm import fgsm
from rnnspec.robustness.attacks.pgd import pgd
from rnnspec.robustness.attacks.square import square as random_search
from rnnspec.robustness.budget import sizes
from rnnspec.robustness.decision import LOSSES, cross_entropy, logit_difference

NORMS = ["linf", "l2"]
# From 0 each step of a linear model goes straight to its optimum.
straight = partial(pgd, random_start=False)
square = partial(random_search, iterations=50)


@contextmanager
def attacked(model, data, **threat):
    with under_attack(model, data, Threat(**threat)) as victim:
        yield victim


@pytest.fixture
def lstm():
    """Untrained, with large weights: curved enough that attacks differ."""
    model = SequenceClassifier("lstm", 2, 3, hidden=8, seed=1).double()
    with torch.no_grad():
        for weight in model.parameters():
            weight *= 3
    return model


def test_losses_are_above_their_threshold_exactly_where_the_class_is_wrong():
    logits = torch.randn(200, 4, generator=torch.Generator().manual_seed(0)).double()
    labels = torch.arange(200) % 4
    wrong = logits.argmax(1) != labels
    assert torch.equal(logit_difference(logits, labels) > 0, wrong)
    assert (cross_entropy(logits, labels)[wrong] > np.log(2)).all()
    expected = logits.logsumexp(1) - logits[torch.arange(200), labels]
    torch.testing.assert_close(cross_entropy(logits, labels), expected)


def test_of_two_classes_the_losses_are_functions_of_one_another():
    logits = torch.randn(50, 2, generator=torch.Generator().manual_seed(0)).double()
    labels = torch.arange(50) % 2
    margin = logit_difference(logits, labels)
    torch.testing.assert_close(cross_entropy(logits, labels), nn.functional.softplus(margin))


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("attack", [fgsm, straight, apgd])
def test_two_linear_classes_fall_exactly_at_their_distance(walks, linear, norm, attack):
    data = walks(30)
    data = SequenceDataset.from_raw(data.raw(), data.lengths, data.labels % 2, ("a", "b"))
    model = linear(classes=2)
    radii = model.radii(data, norm)
    with attacked(model, data, norm=norm) as victim:
        assert torch.equal(victim.is_fooled(attack(victim, radii * (1 + 1e-9))), radii >= 0)
        assert torch.equal(victim.is_fooled(attack(victim, radii * (1 - 1e-9))), radii == 0)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("attack", [pgd, apgd])
def test_linear_classes_fall_at_their_distance(walks, linear, norm, loss, attack):
    data, model = walks(30), linear()
    radii = model.radii(data, norm)
    with attacked(model, data, norm=norm) as victim:
        beyond = attack(victim, radii * 1.02, loss=loss, restarts=3)
        # Each class has a maximum of its own on the sphere, and a run may find a lesser one.
        assert victim.is_fooled(beyond).double().mean() > 0.8
        assert torch.equal(victim.is_fooled(attack(victim, radii * 0.999, loss=loss)), radii == 0)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("attack", [fgsm, straight])
def test_targets_are_reached_at_the_distance_of_the_target(walks, linear, norm, attack):
    data, model = walks(30), linear(classes=2)
    aim = 1 - data.labels % 2
    distances = model.radii(
        SequenceDataset.from_raw(data.raw(), data.lengths, 1 - aim, ("a", "b")), norm
    )
    data = SequenceDataset.from_raw(data.raw(), data.lengths, np.zeros_like(aim), ("a", "b"))
    with attacked(model, data, norm=norm) as victim:
        for factor in (1.001, 0.999):
            u = attack(victim, distances * factor, targets=torch.from_numpy(aim))
            reached = victim.logits(u).argmax(1).numpy() == aim
            assert (reached == ((factor > 1) | (distances == 0).numpy())).all()
            assert not u[distances == 0].any()


@pytest.mark.parametrize("attack", [pgd, apgd])
def test_targets_decide_which_class_is_taken(digits, digits_lstm, attack):
    data = digits.test.subset(range(30))
    with attacked(digits_lstm, data) as victim:
        for step in (1, 5):
            targets = torch.from_numpy((data.labels + step) % 10)
            u = attack(victim, 2.0, targets=targets)
            assert (victim.logits(u).argmax(1) == targets).float().mean() > 0.6


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("attack", [fgsm, pgd, apgd, square])
def test_no_budget_no_perturbation(walks, lstm, norm, attack):
    data = walks(12)
    with attacked(lstm, data, norm=norm) as victim:
        assert not attack(victim, 0.0).any()
        epsilon = torch.arange(12) % 2 * 0.5
        u = attack(victim, epsilon)
        right = ~victim.is_fooled(victim.zeros())
        assert torch.equal(sizes(u, norm) > 0, (epsilon > 0) & right)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("attack", [fgsm, pgd, apgd, square])
def test_a_sequence_that_is_masked_entirely_stays(walks, lstm, norm, attack):
    steps = np.ones((9, 8), dtype=bool)
    steps[[0, 4]] = False
    with attacked(lstm, walks(9), norm=norm, steps=steps) as victim:
        u = attack(victim, 0.5)
        assert not u[[0, 4]].any()
        assert u.any()


@pytest.mark.parametrize("attack", [fgsm, pgd, apgd, square])
def test_one_sequence_of_one_step(attack):
    data = SequenceDataset.from_raw([[[1.0, 0.0]]], [1], [0], ("a", "b"))
    model = SequenceClassifier("rnn", 2, 2, hidden=3)
    label = model(torch.tensor([[[1.0, 0.0]]])).argmax(1).numpy()
    data = SequenceDataset.from_raw([[[1.0, 0.0]]], [1], label, ("a", "b"))
    with attacked(model, data) as victim:
        assert victim.is_fooled(attack(victim, 10.0)).all()


@pytest.mark.parametrize("attack", [pgd, apgd, square])
def test_the_seed_alone_decides(digits, digits_lstm, attack):
    with attacked(digits_lstm, digits.test.subset(range(8))) as victim:
        before = torch.random.get_rng_state()
        u = attack(victim, 0.1, seed=3)
        assert torch.equal(torch.random.get_rng_state(), before)
        torch.manual_seed(99)
        assert torch.equal(attack(victim, 0.1, seed=3), u)
        assert not torch.equal(attack(victim, 0.1, seed=4), u)


@pytest.mark.parametrize(
    "change",
    [
        {"iterations": 7},
        {"step_size": 0.01},
        {"step_size": torch.linspace(0.01, 0.02, 20)},
        {"restarts": 3},
        {"random_start": False},
        {"momentum": 0.9},
        {"loss": "logit_difference"},
        {"targets": torch.arange(20) % 10},
        {"start": torch.full((20, 8, 8), 0.1)},
    ],
    ids=lambda change: next(iter(change)),
)
@pytest.mark.parametrize("norm", NORMS)
def test_every_option_changes_something(digits, digits_lstm, norm, change):
    with attacked(digits_lstm, digits.test.subset(range(20)), norm=norm) as victim:
        plain = {"epsilon": 0.2, "iterations": 10}
        assert not torch.equal(pgd(victim, **plain), pgd(victim, **plain | change))


@pytest.mark.parametrize("norm", NORMS)
def test_momentum_is_that_of_its_formula(walks, lstm, norm):
    data, mu, size = walks(30), 0.8, 0.02
    with attacked(lstm, data, norm=norm) as victim:
        u = pgd(victim, 0.08, iterations=4, step_size=size, random_start=False, momentum=mu)
        v, m = victim.zeros(), 0
        for _ in range(4):
            _, g, _ = victim.gradient(v, cross_entropy)
            m = mu * m + g / g.abs().sum((1, 2), keepdim=True)
            way = m.sign() if norm == "linf" else m / m.square().sum((1, 2), keepdim=True).sqrt()
            v = v + size * way * victim.budget.movable
        resist = ~victim.is_fooled(v) & ~victim.is_fooled(u)
        assert resist.sum() > 5
        torch.testing.assert_close(u[resist], v[resist])


def test_more_steps_and_restarts_do_not_hurt(digits, digits_lstm):
    with attacked(digits_lstm, digits.test.subset(range(120))) as victim:

        def rate(u):
            return victim.is_fooled(u).double().mean()

        few, many = (rate(pgd(victim, 0.2, iterations=k)) for k in (3, 40))
        assert rate(fgsm(victim, 0.2)) <= many + 0.02
        assert few <= many + 0.02
        one = victim.is_fooled(pgd(victim, 0.2, iterations=10))
        five = victim.is_fooled(pgd(victim, 0.2, iterations=10, restarts=5))
        assert (five >= one).all()
        assert five.sum() > one.sum()


def test_a_warm_start_keeps_what_it_had(digits, digits_lstm):
    with attacked(digits_lstm, digits.test.subset(range(60))) as victim:
        small = pgd(victim, 0.15)
        large = pgd(victim, 0.3, start=small, iterations=3)
        had = victim.is_fooled(small)
        assert had.any()
        assert torch.equal(large[had], small[had])
        assert victim.is_fooled(large).sum() > had.sum()


@pytest.mark.parametrize("attack", [pgd, apgd])
def test_the_fooled_leave_and_are_looked_at_no_more(digits, digits_lstm, attack, gradients):
    with attacked(digits_lstm, digits.test.subset(range(60))) as victim:
        right = int((~victim.is_fooled(victim.zeros())).sum())
        seen = gradients(digits_lstm)
        left = int((~victim.is_fooled(attack(victim, 0.25))).sum())
    assert seen[0] == right
    assert seen[-1] >= left
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] < right / 2


def test_a_wide_budget_is_met_in_one_look(digits, digits_lstm, gradients):
    # A warm start that fools already costs one pass, and no update.
    with attacked(digits_lstm, digits.test.subset(range(40))) as victim:
        u = pgd(victim, 1.5)
        assert victim.is_fooled(u).all()
        seen = gradients(digits_lstm)
        assert torch.equal(pgd(victim, 1.5, start=u), u)
        assert len(seen) == 1


@pytest.mark.parametrize("rows", [1, 7, 10**6])
@pytest.mark.parametrize("attack", [pgd, apgd])
def test_how_runs_share_batches_is_of_no_matter(walks, lstm, attack, rows, monkeypatch):
    with attacked(lstm, walks(23), norm="l2") as victim:
        usual = victim.is_fooled(attack(victim, 0.7, restarts=4, iterations=10))
        monkeypatch.setattr(ascent, "ROWS", rows)
        u = attack(victim, 0.7, restarts=4, iterations=10)
        assert torch.equal(victim.is_fooled(u), usual)
        assert 0 < usual.sum() < 23


@pytest.mark.parametrize("norm", NORMS)
def test_random_starts_fill_the_ball_of_what_may_move(walks, norm):
    steps = np.arange(8) < 2
    data = walks(4).subset([0] * 500)
    budget = Threat(norm=norm, steps=steps).budget(data, torch.float64, torch.device("cpu"))
    epsilon = torch.full((500,), 2.0, dtype=torch.float64)
    u = ascent.random_start(budget, epsilon, torch.Generator().manual_seed(0))
    assert not u[~budget.movable].any()
    # Of a ball in d = 4 dimensions, a share r^d lies within r of the radius.
    share = (sizes(u, norm) / 2) ** 4
    assert abs(share.mean() - 0.5) < 4 / np.sqrt(12 * 500)
    assert abs((share < 0.25).double().mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 500)
    assert (u[budget.movable].view(500, 4).mean(0).abs() < 4 * 2 / np.sqrt(500)).all()


def test_a_vanishing_gradient_still_has_a_direction(walks, linear):
    # Squares of the entries underflow; the direction, and with it the distance, stays.
    model, data = linear(classes=2), walks(10)
    data = SequenceDataset.from_raw(data.raw(), data.lengths, data.labels % 2, ("a", "b"))
    radii = model.radii(data, "l2")
    with torch.no_grad():
        model.W *= 1e-200
        model.b *= 1e-200
    with attacked(model, data, norm="l2") as victim:
        u = straight(victim, radii * 1.001, loss="logit_difference", momentum=0.5)
        assert victim.is_fooled(u).all()


@pytest.mark.parametrize("attack", [fgsm, pgd, apgd])
def test_a_flat_model_gives_finite_perturbations(walks, linear, attack):
    model = linear()
    with torch.no_grad():
        model.W.zero_()
    for norm in NORMS:
        with attacked(model, walks(9), norm=norm) as victim:
            assert torch.isfinite(attack(victim, 0.5)).all()
    with attacked(model, walks(9), norm="l2") as victim:
        assert torch.isfinite(pgd(victim, 0.5, momentum=0.9)).all()


@pytest.mark.parametrize("attack", [fgsm, pgd, apgd, square])
@pytest.mark.parametrize(
    ("epsilon", "error"),
    [
        (-0.1, "`epsilon` must be a finite number >= 0, got -0.1"),
        (np.nan, "`epsilon` must be a finite number >= 0, got nan"),
        (np.inf, "`epsilon` must be a finite number >= 0, got inf"),
        (torch.tensor([0.1, 0.1, -1.0]), "`epsilon` must be a finite number >= 0, got -1.0"),
        (torch.tensor([0.1, torch.nan, 1.0]), "`epsilon` must be a finite number >= 0, got nan"),
        (torch.ones(2), r"`epsilon` must be a number or 3 numbers, .* got shape \(2,\)"),
    ],
)
def test_a_budget_that_is_none_is_refused(walks, linear, attack, epsilon, error):
    with attacked(linear(), walks(3)) as victim, pytest.raises(ValueError, match=error):
        attack(victim, epsilon)


@pytest.mark.parametrize("attack", [pgd, apgd])
@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"iterations": 0}, "`iterations` must be an integer of at least 1, got 0"),
        ({"iterations": 2.5}, "`iterations` must be an integer of at least 1, got 2.5"),
        ({"restarts": 0}, "`restarts` must be an integer of at least 1, got 0"),
        ({"loss": "hinge"}, "`loss` must be one of cross_entropy, logit_difference, got 'hinge'"),
        ({"targets": torch.tensor([1])}, r"`targets` must hold 3 classes, .* of shape \(1,\)"),
        ({"targets": torch.ones(3)}, "`targets` must hold 3 classes, .*got torch.float32"),
        ({"targets": torch.tensor([0, 1, 3])}, "`targets` must be classes from 0 to 2, got 3"),
        ({"targets": torch.tensor([0, -1, 2])}, "`targets` must be classes from 0 to 2, got -1"),
        ({"start": torch.zeros(3, 8, 1)}, r"`start` must have shape \(3, 8, 2\), got \(3, 8, 1\)"),
        ({"seed": -1}, "`seed` must be an integer from 0"),
    ],
)
def test_options_out_of_range_are_refused(walks, linear, attack, options, error):
    with attacked(linear(), walks(3)) as victim, pytest.raises(ValueError, match=error):
        attack(victim, 0.1, **options)


def test_options_of_pgd_out_of_range_are_refused(walks, linear):
    with attacked(linear(), walks(3)) as victim:
        for momentum in (-1, 1.5, np.nan):
            with pytest.raises(ValueError, match=f"`momentum` must be from 0 to 1, got {momentum}"):
                pgd(victim, 0.1, momentum=momentum)
        with pytest.raises(ValueError, match="`step_size` must be a finite number >= 0, got nan"):
            pgd(victim, 0.1, step_size=np.nan)
        with pytest.raises(ValueError, match="`restarts` must be 1 without a random start, got 2"):
            pgd(victim, 0.1, restarts=2, random_start=False)


@pytest.mark.parametrize("attack", [fgsm, pgd, apgd])
def test_a_model_without_a_gradient_is_refused(walks, attack):
    class Detached(SequenceClassifier):
        def forward(self, *arguments):
            return super().forward(*arguments).detach()

    model = Detached("rnn", 2, 3, hidden=4)
    with attacked(model, walks(6, full=True)) as victim:
        with pytest.raises(ValueError, match="`model` must be differentiable"):
            attack(victim, 0.1)
