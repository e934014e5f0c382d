from fractions import Fraction

import numpy as np
import pytest

from rnnspec.data.moments import moments


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
    with pytest.warns(UserWarning, match="its digits are gone, and counts as constant"):
        assert moments(np.array([[0.3], [0.1 + 0.2]]))[1][0] == 0
    with pytest.warns(UserWarning, match="which float32 tells apart in steps of 1.3e\\+02"):
        assert (
            200
            < moments((1.7e9 + 100 * np.arange(9.0)[:, np.newaxis]).astype(np.float32))[1][0]
            < 300
        )
