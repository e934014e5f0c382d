"""The nearest point of a half-space in a box, and the crossing of a ray."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.optimize import linprog, minimize

from rnnspec.robustness.access import under_attack
from rnnspec.robustness.attacks.boundary import TIGHT, nearest_in_halfspace, shrink
from rnnspec.robustness.budget import Budget, sizes
from rnnspec.robustness.threat import Threat


def problem(seed, d=6):
    """A slope, a box around 0 with one entry that cannot move, and a rise within reach."""
    rng = np.random.default_rng(seed)
    g, lower, upper = rng.standard_normal(d), -rng.random(d), rng.random(d)
    lower[0] = upper[0] = 0
    reach = np.where(g > 0, upper * g, lower * g).sum()
    return g, lower, upper, rng.uniform(0.2, 0.95) * reach


def batch(norm, *problems):
    g, lower, upper, rise = (torch.tensor(np.array(c)) for c in zip(*problems, strict=True))
    return g, rise, Budget(norm, lower, upper)


@pytest.mark.parametrize("seed", range(8))
def test_smallest_entry_agrees_with_linear_programming(seed):
    g, lower, upper, rise = problem(seed)
    v = nearest_in_halfspace(*batch("linf", (g, lower, upper, rise)))[0].numpy()
    d = len(g)
    least = linprog(
        np.append(np.zeros(d), 1),
        np.block([[np.eye(d), -np.ones((d, 1))], [-np.eye(d), -np.ones((d, 1))], [-g, 0]]),
        np.append(np.zeros(2 * d), -rise),
        bounds=[*zip(lower, upper, strict=True), (0, None)],
    )
    assert np.abs(v).max() == pytest.approx(least.fun, rel=2e-5)
    assert g @ v >= rise * (1 - 2e-5)
    assert (lower <= v).all()
    assert (v <= upper).all()


@pytest.mark.parametrize("factor", [1e-30, 1e30])
@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_a_slope_whose_squares_leave_float32_leads_to_the_same_point(norm, factor):
    g, rise, budget = batch(norm, problem(0))
    g, rise = g.float(), rise.float()
    box = Budget(norm, budget.lower.float(), budget.upper.float())
    here, there = (nearest_in_halfspace(c * g, c * rise, box) for c in (1, factor))
    assert torch.allclose(here, there, rtol=1e-5)


@pytest.mark.parametrize("seed", range(8))
def test_shortest_agrees_with_quadratic_programming(seed):
    g, lower, upper, rise = problem(seed)
    v = nearest_in_halfspace(*batch("l2", (g, lower, upper, rise)))[0].numpy()
    least = minimize(
        lambda v: v @ v,
        np.clip(g, lower, upper),
        jac=lambda v: 2 * v,
        bounds=[*zip(lower, upper, strict=True)],
        constraints={"type": "ineq", "fun": lambda v: g @ v - rise, "jac": lambda _: g},
        method="SLSQP",
        options={"ftol": 1e-14},
    )
    assert np.linalg.norm(v) == pytest.approx(np.sqrt(least.fun), rel=1e-4)
    assert g @ v >= rise * (1 - 2e-5)


@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_rows_are_solved_each_for_itself(norm):
    problems = [problem(seed) for seed in range(5)]
    together = nearest_in_halfspace(*batch(norm, *problems))
    alone = [nearest_in_halfspace(*batch(norm, one))[0] for one in problems]
    torch.testing.assert_close(together, torch.stack(alone), rtol=2e-5, atol=0)


@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_out_of_reach_is_the_corner_and_no_slope_is_nothing(norm):
    g, lower, upper, _ = problem(0)
    corner = nearest_in_halfspace(*batch(norm, (g, lower, upper, 1e3)))[0].numpy()
    np.testing.assert_allclose(corner, np.where(g > 0, upper, lower), rtol=1e-12)
    for slope in (0 * g, np.nan * g):
        assert not nearest_in_halfspace(*batch(norm, (slope, lower, upper, 1.0))).any()


@pytest.mark.parametrize("factor", [1.001, 1.5, 40.0])
def test_shrink_ends_on_the_boundary(walks, linear, factor):
    # Of two classes: the logit difference is linear along the ray, and so is its excess nearly.
    data = walks(60)
    model, data = linear(2), replace(data, labels=data.labels % 2)
    with under_attack(model, data, Threat(norm="l2")) as victim:
        right = ~victim.is_fooled(victim.zeros())
        rays = torch.randn(victim.zeros().shape, generator=torch.Generator().manual_seed(0))
        rays = victim.budget.project(10 * rays.double(), 10.0)
        crosses = victim.is_fooled(rays) & right
        near = shrink(victim, rays)
        u = shrink(victim, factor * near)
        assert victim.is_fooled(near)[crosses].all()
        assert victim.is_fooled(u)[crosses].all()
        assert not victim.is_fooled((1 - 2 * TIGHT) * near)[crosses].any()
        torch.testing.assert_close(
            sizes(u, "l2")[crosses], sizes(near, "l2")[crosses], rtol=0.01, atol=0
        )
        assert torch.equal(near[~crosses], rays[~crosses])
        assert 10 < int(crosses.sum()) < 50
