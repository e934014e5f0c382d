"""The table of attacks: what it says of a function is what the function takes."""

import inspect

import pytest

from rnnspec import robustness
from rnnspec.robustness.attacks.table import ATTACKS, ON_SEQUENCES, ON_WEIGHTS

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
