import numpy as np
import pytest
from scipy import stats

from rnnspec.study.statistics.ratio import fieller


def gains(n, seed=5):
    rng = np.random.default_rng(seed)
    gained = 1 + 0.2 * rng.standard_normal(n)
    return 0.3 * gained + 0.05 * rng.standard_normal(n), gained


@pytest.mark.parametrize("n", [3, 8, 40])
def test_the_ends_are_where_students_test_is_at_its_level(n):
    given, gained = gains(n)
    found = fieller(given, gained)
    for end in (found.low, found.high):
        assert abs(stats.ttest_1samp(given - end * gained, 0).pvalue - 0.05) < 1e-10
    assert found.low < found.value < found.high
    assert found.value == given.mean() / gained.mean()


def test_coverage():
    held = [
        found.low <= 0.3 <= found.high
        for found in (fieller(*gains(5, seed)) for seed in range(800))
    ]
    assert 0.93 <= np.mean(held) <= 0.97


def test_units_and_sign():
    given, gained = gains(8)
    one, scaled = fieller(given, gained), fieller(-6 * given, 2 * gained)
    np.testing.assert_allclose(
        [scaled.low, scaled.value, scaled.high], [-3 * one.high, -3 * one.value, -3 * one.low]
    )


def test_an_exact_price_has_no_width():
    found = fieller([2.0, 2.2, 2.4], [1.0, 1.1, 1.2])
    np.testing.assert_allclose([found.low, found.value, found.high], 2, rtol=1e-7)


@pytest.mark.parametrize("gained", [[0.1, -0.1, 0.05], [0.0, 0.0, 0.0], [-1.0, -1.1, -1.2]])
def test_what_is_not_gained_has_no_price(gained):
    found = fieller([0.1, 0.2, 0.3], gained)
    assert found.why == "nothing gained beyond doubt"
    assert np.isnan([found.value, found.low, found.high]).all()


def test_few_and_unknown():
    given, gained = gains(8)
    found = fieller(np.r_[given, np.nan, 1], np.r_[gained, 1, np.inf])
    assert (found.n, found.left_out) == (8, 2)
    assert found.value == fieller(given, gained).value
    assert fieller([1.0], [1.0]).why == "too few"
    assert fieller([], []).why == "too few"
    with pytest.raises(ValueError, match=r"of one length, got \(1,\) and \(2,\)"):
        fieller([1.0], [1.0, 2.0])
