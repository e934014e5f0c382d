"""Wilson's interval: its defining equation, and SciPy's."""

import numpy as np
import pytest
from scipy.stats import binomtest

from rnnspec.robustness.result import Z, wilson


@pytest.mark.parametrize(("k", "n"), [(0, 7), (3, 7), (7, 7), (99, 360), (1, 1)])
def test_it_is_scipys(k, n):
    theirs = binomtest(k, n).proportion_ci(0.95, method="wilson")
    np.testing.assert_allclose(wilson(k / n, n), theirs, rtol=1e-12, atol=1e-15)


def test_its_ends_are_where_the_share_is_z_deviations_away():
    p, n = np.array([0.1, 0.5, 0.8]), 50
    for end in wilson(p, n):
        np.testing.assert_allclose((p - end) ** 2, Z**2 * end * (1 - end) / n, rtol=1e-12)


def test_it_has_a_width_where_all_or_none_are_right():
    low, high = wilson([0.0, 1.0], 20)
    assert (low[0], high[1]) == (0, 1)
    assert high[0] == pytest.approx(1 - low[1])
    assert high[0] > 0.1
