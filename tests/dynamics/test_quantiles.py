import numpy as np
import pytest

from rnnspec.dynamics.quantiles import LEVELS, step_quantiles


def test_a_quantile_is_the_least_that_a_share_does_not_exceed():
    values = np.arange(1.0, 21.0)[:, None]
    assert step_quantiles(values).ravel().tolist() == [1, 5, 10, 15, 19]
    shuffled = np.random.default_rng(0).permutation(values)
    np.testing.assert_array_equal(step_quantiles(shuffled), step_quantiles(values))
    inverted = np.quantile(values, LEVELS, axis=0, method="inverted_cdf")
    np.testing.assert_array_equal(step_quantiles(values), inverted)
    assert np.isnan(step_quantiles([[np.nan]])).all()


def test_infinite_values_are_values():
    values = [[-np.inf, 1.0], [0.0, np.inf], [2.0, np.nan]]
    np.testing.assert_array_equal(step_quantiles(values, [0, 1]), [[-np.inf, 1.0], [2.0, np.inf]])


@pytest.mark.parametrize("levels", [[], [0.5, 0.5], [0.9, 0.1], [0.5, 1.5], [-0.1], [np.nan]])
def test_levels_that_are_none_are_refused(levels):
    with pytest.raises(ValueError, match="`levels` must be increasing, from 0 to 1, got"):
        step_quantiles(np.zeros((2, 2)), levels)
