import numpy as np
import pytest

from rnnspec.data.flip_flop import flip_flop


def test_a_target_is_the_last_pulse_of_its_bit():
    inputs, targets = flip_flop(5, 40, bits=2, rate=0.15, seed=3)
    memory = np.zeros((5, 2))
    for now, held in zip(inputs.swapaxes(0, 1), targets.swapaxes(0, 1), strict=True):
        memory = np.where(now != 0, now, memory)
        np.testing.assert_array_equal(held, memory)


def test_pulses_are_as_rare_as_asked_and_of_either_sign():
    inputs, _ = flip_flop(200, 100, bits=3, rate=0.1)
    assert set(np.unique(inputs)) == {-1, 0, 1}
    assert (inputs[:, 0] != 0).all()
    rest = inputs[:, 1:]
    for share, expected in (((rest != 0).mean(), 0.1), ((rest == 1).mean(), 0.05)):
        assert abs(share - expected) < 6 * np.sqrt(expected / rest.size)


def test_the_seed_reproduces_and_changes_the_task():
    one, same, other = (flip_flop(4, 20, seed=seed)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_dull_sizes():
    inputs, targets = flip_flop(1, 1, bits=1)
    assert inputs.shape == (1, 1, 1)
    np.testing.assert_array_equal(inputs, targets)
    inputs, targets = flip_flop(2, 30, rate=1)
    np.testing.assert_array_equal(inputs, targets)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"n": 0}, "`n` must be an integer of at least 1, got 0"),
        ({"t": 1.5}, "`t` must be an integer of at least 1, got 1.5"),
        ({"bits": True}, "`bits` must be an integer of at least 1, got True"),
        ({"rate": 0}, "`rate` must be a finite number > 0"),
        ({"rate": 1.5}, "`rate` must be a probability, at most 1, got 1.5"),
        ({"seed": -1}, "`seed` must be an integer"),
    ],
)
def test_bad_arguments_are_refused(arguments, match):
    with pytest.raises(ValueError, match=match):
        flip_flop(**{"n": 2, "t": 3} | arguments)
