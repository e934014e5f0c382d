"""The table of attacks: what it says of a function is what the function takes."""

import inspect

import pytest

from rnnspec import robustness
from rnnspec.robustness.attacks.table import ATTACKS, MINIMAL, ON_SEQUENCES, ON_WEIGHTS, names
from rnnspec.robustness.examples import two_logits

RUNNABLE = [name for name in ATTACKS if ATTACKS[name].function]


def test_every_attack_is_on_sequences_or_on_weights():
    assert {*ON_SEQUENCES, *ON_WEIGHTS} == set(ATTACKS)
    assert not {*ON_SEQUENCES} & {*ON_WEIGHTS}
    assert set(RUNNABLE) == set(ON_SEQUENCES)


@pytest.mark.parametrize("name", RUNNABLE)
def test_a_function_takes_what_the_table_says(name):
    attack = ATTACKS[name]
    taken = inspect.signature(getattr(robustness, attack.function)).parameters
    first, second, *_ = taken
    assert first == "victim"
    assert (second == "epsilon") == (attack.kind != "minimal" or attack.capped)
    assert ("seed" in taken) == attack.seeded
    assert set(attack.options) <= set(taken)
    if attack.kind == "search":
        assert ("start" in taken) == attack.warm
    if attack.iterations:
        assert "iterations" in taken
    for one in list(taken.values())[1 + (attack.kind != "minimal") :]:
        assert one.kind is one.KEYWORD_ONLY


@pytest.mark.parametrize("name", names("search", "single"))
def test_an_attack_succeeds_beyond_the_boundary_and_not_before(name):
    curve = robustness.robustness_curve(*two_logits(3.0, 1.0), name, [0.0, 0.9, 1.1])
    assert curve.accuracy.tolist() == [1, 1, 0]


@pytest.mark.parametrize("name", names("noise"))
def test_noise_fools_no_one_before_the_boundary_and_chance_beyond(name):
    fooled = [
        robustness.robustness_curve(*two_logits(3.0, 1.0), name, [0.9, 9.0], seed=seed).accuracy
        for seed in range(20)
    ]
    before, beyond = zip(*fooled, strict=True)
    assert set(before) == {1}
    assert set(beyond) == {0, 1}


@pytest.mark.parametrize("name", [name for name in MINIMAL if not ATTACKS[name].capped])
def test_a_smallest_perturbation_is_the_distance_to_the_boundary(name):
    found = robustness.minimal_perturbations(*two_logits(3.0, 1.0), name, norm="linf")
    assert found.r == pytest.approx(1, rel=0.02)
