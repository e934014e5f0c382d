import math

import pytest
import torch

from rnnspec.training.schedule import ENDS, epsilon_at, lr_schedule, period_done

TIMES = [k / 64 for k in range(65)]


def test_constant_is_constant():
    assert {epsilon_at(t, 0.3, "constant") for t in TIMES} == {0.3}


@pytest.mark.parametrize("schedule", ["constant", "linear", "cosine"])
def test_a_schedule_is_a_part_of_epsilon(schedule):
    for t in TIMES:
        assert 0 <= epsilon_at(t, 0.3, schedule) <= 0.3
        assert epsilon_at(t, 0.6, schedule) == pytest.approx(2 * epsilon_at(t, 0.3, schedule))
        assert epsilon_at(t, 0, schedule) == 0
    assert epsilon_at(1, 0.3, schedule) == 0.3


def test_linear_reaches_epsilon_half_way():
    values = [epsilon_at(t, 0.3, "linear") for t in TIMES]
    assert values[:33] == pytest.approx([0.6 * t for t in TIMES[:33]])
    assert set(values[32:]) == {0.3}


@pytest.mark.parametrize(("start", "end"), [(0, 0.5), (0.5, 0.75), (0.75, 1)])
def test_cosine_begins_anew_in_each_period(start, end):
    assert {start, end} <= set(ENDS)
    for part in (0, 0.1, 0.25, 0.4):
        # (eps_max - eps_min) / 2 (1 - cos pi t / T) with eps_min = 0 and eps_max = 2 eps.
        expected = 0.3 * (1 - math.cos(math.pi * part))
        assert epsilon_at(start + part * (end - start), 0.3, "cosine") == pytest.approx(expected)
    for part in (0.5, 0.75, 0.99):
        assert epsilon_at(start + part * (end - start), 0.3, "cosine") == pytest.approx(0.3)
    assert period_done(start) == 0


def test_an_unknown_schedule():
    with pytest.raises(ValueError, match="`schedule` must be one of constant, linear, cosine"):
        epsilon_at(0.5, 0.1, "step")


@pytest.mark.parametrize("periods", [False, True])
def test_the_step_of_adam_goes_to_zero_in_each_period(periods):
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.Adam([weight], lr=2.0)
    schedule = lr_schedule(optimizer, 64, periods)
    steps = []
    for _ in range(64):
        steps.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    assert schedule.get_last_lr()[0] == pytest.approx(0, abs=1e-12)
    done = [period_done(t) if periods else t for t in TIMES[:64]]
    assert steps == pytest.approx([1 + math.cos(math.pi * d) for d in done])
    assert steps.count(2.0) == (3 if periods else 1)
