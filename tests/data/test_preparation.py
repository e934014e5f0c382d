from fractions import Fraction

import numpy as np
import pytest

from rnnspec.data.preparation import (
    channel_statistics,
    moments,
    three_ways,
    validation_split,
)

LABELS = np.repeat([0, 1, 2], [50, 100, 150])


def test_three_ways_are_disjoint_complete_and_stratified():
    parts = three_ways(LABELS, seed=3)
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(300))
    assert [len(part) for part in parts] == [210, 30, 60]
    for part in parts:
        np.testing.assert_allclose(np.bincount(LABELS[part]) / len(part), [1 / 6, 1 / 3, 1 / 2])


def test_the_seed_chooses_the_split():
    assert np.array_equal(three_ways(LABELS, 3)[2], three_ways(LABELS, 3)[2])
    assert not np.array_equal(three_ways(LABELS, 3)[2], three_ways(LABELS, 4)[2])


@pytest.mark.parametrize(("smallest", "held"), [(4, 0), (5, 2)])
def test_validation_is_cut_only_from_classes_of_five(smallest, held):
    stay, validation = validation_split(np.repeat([0, 1], [smallest, 5]), 0)
    assert len(validation) == held
    assert len(stay) + held == smallest + 5


def test_statistics_see_real_steps_only():
    rng = np.random.default_rng(8)
    values = rng.normal(4, 3, (10, 6, 2)).astype(np.float32)
    lengths = np.full(10, 4)
    mean, std = channel_statistics(values, lengths)
    np.testing.assert_allclose(mean, values[:, :4].mean(axis=(0, 1)), rtol=1e-6)
    np.testing.assert_allclose(std, values[:, :4].std(axis=(0, 1)), rtol=1e-6)


def test_a_constant_channel_is_not_divided_by_zero():
    mean, std = channel_statistics(np.full((3, 4, 2), 7.1, np.float32), np.full(3, 4))
    np.testing.assert_allclose(mean, 7.1, rtol=1e-6)
    np.testing.assert_array_equal(std, 1)


@pytest.mark.parametrize("ddof", [0, 1])
def test_univariate_series_that_are_zscored_are_left_alone(ddof):
    values = np.random.default_rng(2).normal(9, 4, (5, 40, 1))
    values = (values - values.mean(axis=1, keepdims=True)) / values.std(
        axis=1, keepdims=True, ddof=ddof
    )
    mean, std = channel_statistics(values.astype(np.float32), np.full(5, 40))
    assert (mean.tolist(), std.tolist()) == ([0.0], [1.0])
    shifted = channel_statistics(values.astype(np.float32) + 1, np.full(5, 40))
    assert shifted[0] == pytest.approx(1, abs=1e-6)


def test_constant_is_relative_to_the_values():
    tiny = 1e-15 * np.random.default_rng(3).normal(size=(5, 8, 1))
    _, std = channel_statistics(tiny, np.full(5, 8))
    assert std == pytest.approx(tiny.std(), rel=1e-12)


@pytest.mark.parametrize("unit", [1e-300, 1e300, 1.7e308])
def test_extreme_units_overflow_nowhere(unit):
    values = np.array([[[1.0], [-1.0]], [[0.5], [-0.5]]]) * unit
    mean, std = channel_statistics(values, np.array([2, 2]))
    assert mean == 0
    assert std / unit == pytest.approx(np.sqrt(0.625))


def exact(values):
    x = [Fraction(float(v)) for v in values]
    mean = sum(x) / len(x)
    return float(mean), float(sum((v - mean) ** 2 for v in x) / len(x)) ** 0.5


@pytest.mark.parametrize(
    ("offset", "amplitude"), [(0, 1), (1e9, 1e-3), (1.7e9, 1e5), (-3e5, 1e-6), (1, 1e-9)]
)
def test_both_are_those_of_exact_arithmetic(offset, amplitude):
    values = offset + amplitude * np.random.default_rng(61).normal(size=500)
    mean, std = moments(values[:, np.newaxis])
    expected = exact(values)
    assert mean[0] == pytest.approx(expected[0], rel=1e-15)
    assert std[0] == pytest.approx(expected[1], rel=1e-12)


@pytest.mark.parametrize("unit", [2.0**-1000, 1e-300, 1e-20, 1e20, 1e300])
def test_units_change_nothing(unit):
    steps = np.random.default_rng(62).normal(size=(40, 2)) + [0, 3]
    ones, scaled = moments(steps), moments(steps * unit)
    for one, other in zip(ones, scaled, strict=True):
        np.testing.assert_allclose(other / unit, one, rtol=1e-13)


@pytest.mark.parametrize("value", [0.0, 7.1, 1e-300, 1.7e9])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_constant_has_deviation_0_whatever_its_size(value, dtype):
    mean, std = moments(np.full((1001, 1), value, dtype))
    assert (mean[0], std[0]) == (dtype(value), 0)


def test_one_step_is_a_constant():
    assert moments(np.array([[3.0, 4.0]]))[1].tolist() == [0, 0]


def test_lost_digits_are_said():
    steps = 1.7e9 + 1e-6 * np.arange(9.0)[:, np.newaxis]
    with pytest.warns(
        UserWarning, match=r"channel 0 has values near 1\.7e\+09, which float64 tells"
    ):
        assert moments(steps)[1][0] == pytest.approx(2.58e-6, rel=0.05)
    with pytest.warns(UserWarning, match="its digits are lost, and counts as constant"):
        assert moments(np.array([[0.3], [0.1 + 0.2]]))[1][0] == 0
    with pytest.warns(UserWarning, match="which float32 tells apart in steps of 1.3e\\+02"):
        assert (
            200
            < moments((1.7e9 + 100 * np.arange(9.0)[:, np.newaxis]).astype(np.float32))[1][0]
            < 300
        )
