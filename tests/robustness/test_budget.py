from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from rnnspec import SequenceClassifier, Threat, under_attack
from rnnspec.robustness import BudgetExceeded
from rnnspec.robustness.attacks.apgd import apgd
from rnnspec.robustness.attacks.fgsm import fgsm
from rnnspec.robustness.attacks.pgd import pgd
from rnnspec.robustness.attacks.square import square
from rnnspec.robustness.budget import ROUNDING, Budget, like, sizes


@pytest.fixture
def points():
    return 3 * torch.randn(5, 4, 3, generator=torch.Generator().manual_seed(0)).double()


def free(norm, n=5):
    bound = torch.full((n, 4, 3), torch.inf, dtype=torch.float64)
    return Budget(norm, -bound, bound)


@pytest.mark.parametrize(("norm", "order"), [("linf", np.inf), ("l2", 2)])
def test_sizes_are_norms_of_the_whole_sequence(points, norm, order):
    expected = [np.linalg.norm(u.ravel(), order) for u in points.numpy()]
    np.testing.assert_allclose(sizes(points, norm), expected, rtol=1e-15)


@pytest.mark.parametrize("factor", [1e-30, 1e-20, 1e20, 1e30])
def test_sizes_hold_where_the_squares_leave_float32(points, factor):
    small = (points * factor).float()
    expected = np.linalg.norm(small.double().numpy().reshape(5, -1), axis=1)
    np.testing.assert_allclose(sizes(small, "l2"), expected, rtol=1e-6)
    assert (sizes(free("l2").project(points * factor, factor), "l2") <= factor * (1 + 1e-6)).all()
    assert sizes(torch.zeros(1, 4, 3), "l2").item() == 0


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_a_projection_is_idempotent_and_leaves_admissible_points(points, norm):
    epsilon = torch.tensor([0.0, 0.5, 1.0, 5.0, 1e6])
    once = free(norm).project(points, epsilon)
    torch.testing.assert_close(free(norm).project(once, epsilon), once, rtol=1e-15, atol=0)
    assert (sizes(once, norm) <= epsilon * (1 + 1e-15)).all()
    assert torch.equal(once[4], points[4])
    assert not once[0].any()
    free(norm).check(once, epsilon)


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_a_projection_is_the_nearest_point(points, norm):
    # Of a convex set: <x - P(x), y - P(x)> <= 0 for every y in it.
    epsilon = torch.tensor([0.3, 0.5, 1.0, 2.0, 4.0])
    nearest = free(norm).project(points, epsilon)
    generator = torch.Generator().manual_seed(1)
    for _ in range(50):
        other = torch.randn(points.shape, generator=generator, dtype=points.dtype)
        other = other * like(epsilon / sizes(other, norm), other)
        inner = ((points - nearest) * (other - nearest)).flatten(1).sum(1)
        assert (inner <= 1e-12).all()


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_the_box_holds_after_the_ball(points, norm):
    budget = Budget(norm, torch.full_like(points, -0.2), torch.zeros_like(points))
    u = budget.project(points, 1.0)
    assert (u <= 0).all()
    assert (u >= -0.2).all()
    assert u.any()
    budget.check(u, 1.0)


def test_what_may_not_move_is_where_the_box_has_no_width():
    lower, upper = torch.tensor([[-1.0, 0.0, 0.0]]), torch.tensor([[0.0, 2.0, 0.0]])
    assert Budget("l2", lower, upper).movable.tolist() == [[True, True, False]]
    both = Budget("l2", lower.expand(2, 3), upper.expand(2, 3))
    assert torch.equal(both[torch.tensor([1])].lower, lower)


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_a_violation_raises_and_names_the_sequence(points, norm):
    size = sizes(points, norm)
    free(norm).check(points, size)
    free(norm).check(points, size / (1 + 0.5 * ROUNDING))
    epsilon = size.clone()
    epsilon[3] /= 1 + 2 * ROUNDING
    with pytest.raises(BudgetExceeded, match=rf"sequence 3 was moved by {norm} \d+\.\d+, its"):
        free(norm).check(points, epsilon)
    with pytest.raises(BudgetExceeded, match="its budget is 0.25"):
        free(norm).check(points, 0.25)


def test_a_perturbation_that_is_no_number_is_over_every_budget(points):
    points[2, 1, 1] = torch.nan
    with pytest.raises(BudgetExceeded, match="sequence 2 was moved by linf nan"):
        free("linf").check(points, 1e9)


def test_leaving_the_box_raises(points):
    budget = free("linf")
    budget.upper[1, 2, 0] = 0.0
    points[1, 2, 0] = 1e-30
    with pytest.raises(BudgetExceeded, match="sequence 1 was moved where it must not move"):
        budget.check(points, 1e9)


def test_an_unknown_norm_is_refused(points):
    with pytest.raises(ValueError, match="`norm` must be one of linf, l2, got 'l1'"):
        sizes(points, "l1")
    with pytest.raises(ValueError, match="`norm` must be one of linf, l2, got 'max'"):
        Budget("max", -points.abs(), points.abs())


def test_a_box_without_zero_is_a_defect(points):
    with pytest.raises(AssertionError):
        Budget("l2", points.abs(), 2 * points.abs())
    with pytest.raises(AssertionError):
        Budget("l2", -2 * points.abs(), -points.abs())
    with pytest.raises(AssertionError):
        Budget("l2", -points.abs(), points.abs()[:2])


def test_one_number_counts_for_all_and_several_for_one_each(points):
    assert like(0.5, points).shape == ()
    assert like(torch.arange(5), points).shape == (5, 1, 1)
    assert like(0.5, points).dtype == points.dtype


ATTACKS = {
    "fgsm": fgsm,
    "pgd": partial(pgd, iterations=6, restarts=2),
    "pgd, long steps": partial(pgd, iterations=6, step_size=3.0, momentum=0.9),
    "apgd": partial(apgd, iterations=10, loss="logit_difference"),
    "square": partial(square, iterations=25),
}
EARLY, SOME = np.arange(8) < 3, np.arange(8) % 3 == 1
THREATS = {
    "padded": ("walks", {}),
    "raw": ("walks", {"units": "raw"}),
    "steps": ("walks", {"steps": EARLY}),
    "steps of each": ("walks", {"steps": np.arange(8) % 4 == np.arange(16)[:, None] % 4}),
    "channel": ("walks", {"channels": np.array([False, True])}),
    "bounded": ("digits", {}),
    "bounded raw": ("digits", {"units": "raw"}),
    "unbounded": ("digits", {"bounded": False}),
    "bounded, masked": ("digits", {"steps": EARLY, "channels": SOME}),
    "state": ("walks", {"target": "state"}),
}
EPSILONS = {"small": 0.03, "middle": 0.6, "wide": 30.0, "each": torch.linspace(0, 2, 16)}


@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize("threat", THREATS)
@pytest.mark.parametrize("attack", ATTACKS)
def test_no_attack_leaves_its_budget(walks, digits, norm, threat, attack):
    kind, options = THREATS[threat]
    data = walks(16) if kind == "walks" else digits.test.subset(range(16))
    model = SequenceClassifier("lstm", data.n_features, data.n_classes, hidden=6)
    inputs, lengths = torch.from_numpy(data.inputs), torch.from_numpy(data.lengths)
    data = replace(data, labels=model(inputs, lengths).argmax(1).numpy())  # all right at first
    threat = Threat(norm=norm, **options)
    with under_attack(model, data, threat) as victim:
        for epsilon in EPSILONS.values():
            u = ATTACKS[attack](victim, epsilon)
            assert u.flatten(1).any(1).sum() >= 15
            if threat.target == "state":
                size, slack = np.linalg.norm(u.flatten(1), NORM[norm], axis=1), 0
            else:
                size, slack = moved(data, threat, victim.perturb(u).numpy())
            assert (size <= np.asarray(epsilon) * (1 + 1e-5) + slack).all()


NORM = {"linf": np.inf, "l2": 2}


def moved(data, threat, inputs):
    """(n,) sizes in the units of `threat`, from the inputs alone, and their rounding."""
    change = inputs.astype(float) - data.inputs
    free = data.mask()[:, :, None] & np.ones(data.n_features, bool)
    free &= True if threat.steps is None else threat.steps[..., None]
    free &= True if threat.channels is None else threat.channels
    assert not change[~free].any()
    raw = inputs.astype(float) * data.std + data.mean
    rounding = 4 * np.finfo(np.float32).eps * (np.abs(raw).max() + np.abs(data.mean).max())
    if threat.bounded:
        assert (raw >= data.lower - rounding)[free].all()
        assert (raw <= data.upper + rounding)[free].all()
    unit = data.std if threat.units == "raw" else np.ones(data.n_features)
    sizes = np.linalg.norm((change * unit).reshape(len(data), -1), NORM[threat.norm], axis=1)
    return sizes, rounding / data.std.min() * np.sqrt(change[0].size)
