import numpy as np
import pytest

from rnnspec.data.synthetic import PERIODS, TASKS, sine, temporal_order


@pytest.mark.parametrize("name", TASKS)
def test_the_seed_reproduces_and_changes_a_task(name):
    one, same, other = TASKS[name](5), TASKS[name](5), TASKS[name](6)
    assert np.array_equal(one.values, same.values)
    assert not np.array_equal(one.values, other.values)


@pytest.mark.parametrize("name", TASKS)
def test_every_class_is_well_filled_and_values_are_in_range(name):
    task = TASKS[name](0)
    counts = np.bincount(task.labels, minlength=len(task.class_names))
    assert counts.min() > 0.8 * len(task.labels) / len(task.class_names)
    assert task.values.min() >= task.lower
    assert task.values.max() <= task.upper


def test_temporal_order_is_the_order_of_the_two_marks():
    task = temporal_order(1)
    for value, length, label in zip(task.values, task.lengths, task.labels, strict=True):
        symbols = value[:length].argmax(axis=1)
        assert "".join("XY"[s] for s in symbols if s < 2) == task.class_names[label]


def test_sine_classes_are_the_periods():
    task = sine(1)
    t = np.arange(40)
    waves = np.exp(-2j * np.pi * t / np.array(PERIODS)[:, np.newaxis])
    nearest = np.abs(task.values[:, :, 0] @ waves.T).argmax(axis=1)
    assert (nearest == task.labels).mean() > 0.97
