"""The signed-rank estimate: closed forms, SciPy's test, and how often the interval is right."""

import itertools

import numpy as np
import pytest
from scipy import stats

from rnnspec.study.statistics.signed_rank import depth, signed_rank


def draws(n, count, seed=21):
    return np.random.default_rng(seed).standard_normal((count, n))


@pytest.mark.parametrize("n", [6, 9, 15])
def test_the_null_distribution_is_that_of_all_sign_flips(n):
    if n > 12:
        signs = np.sign(draws(n, 20000))
    else:
        signs = np.array(list(itertools.product([-1, 1], repeat=n)))
    T = ((signs > 0) * np.arange(1, n + 1)).sum(1)
    k = depth(n)
    exact = 0.0 if n <= 12 else 0.005
    assert 2 * (T < k).mean() <= 0.05 + exact
    assert 2 * (T < k + 1).mean() > 0.05 - exact


@pytest.mark.parametrize("n", [6, 9, 20])
def test_interval_and_p_value_agree(n):
    seen = set()
    for d in draws(n, 60) + 0.6:
        found = signed_rank(d)
        assert found.p == stats.wilcoxon(d).pvalue
        assert (found.p <= 0.05) == (found.low > 0 or found.high < 0)
        seen.add(found.p <= 0.05)
    assert seen == {True, False}


@pytest.mark.parametrize("n", [6, 9, 15])
@pytest.mark.parametrize("shape", ["normal", "heavy"])
def test_coverage_is_at_least_what_is_said(n, shape):
    d = draws(n, 800)
    d = d if shape == "normal" else d**3
    held = [found.low <= 0 <= found.high for found in map(signed_rank, d)]
    assert np.mean(held) >= 0.94


def test_shift_scale_and_sign():
    d = draws(9, 1)[0]
    one, moved, minus = signed_rank(d), signed_rank(3 * d + 1), signed_rank(-d)
    for name in ("value", "low", "high"):
        assert abs(getattr(moved, name) - (3 * getattr(one, name) + 1)) < 1e-14
    assert (minus.low, minus.value, minus.high) == (-one.high, -one.value, -one.low)
    assert (minus.effect, minus.p) == (-one.effect, one.p)


def test_the_effect_is_the_rank_biserial_correlation():
    d = draws(12, 1)[0] + 0.3
    ranks = stats.rankdata(np.abs(d))
    assert abs(signed_rank(d).effect - (ranks * np.sign(d)).sum() / ranks.sum()) < 1e-15


def test_nothing_changes():
    found = signed_rank(np.zeros(9))
    assert (found.value, found.low, found.high, found.p, found.effect) == (0, 0, 0, 1, 0)


def test_ties():
    found = signed_rank([1.0] * 9)
    assert (found.low, found.value, found.high, found.effect) == (1, 1, 1, 1)
    assert found.p == 2 / 2**9


@pytest.mark.parametrize("size", [1e6, np.inf])
def test_only_the_order_of_a_far_value_counts(size):
    d = np.r_[np.linspace(0.5, 1, 9), size]
    assert signed_rank(d).low == signed_rank(np.r_[d[:-1], 50.0]).low


def test_infinities_of_both_signs_balance():
    found = signed_rank([np.inf, -np.inf, 1.0, 2.0, 3.0, -4.0, 5.0])
    assert (found.low, found.high) == (-np.inf, np.inf)
    assert np.isfinite(found.value)
    assert signed_rank([np.inf] * 6).value == np.inf


def test_unknown_pairs_are_left_out():
    d = draws(9, 1)[0]
    found = signed_rank(np.r_[d, np.nan], "mine")
    assert (found.n, found.left_out, found.name) == (9, 1, "mine")
    assert found.value == signed_rank(d).value


@pytest.mark.parametrize(
    ("d", "why"), [([], "no pair"), ([np.nan], "no pair"), ([1.0] * 5, "too few for an interval")]
)
def test_why_there_is_no_interval(d, why):
    found = signed_rank(d)
    assert found.why == why
    assert np.isnan([found.low, found.high]).all()
    assert not signed_rank([1.0] * 6).why


def test_a_higher_confidence_goes_deeper():
    assert [depth(9, confidence) for confidence in (0.99, 0.95, 0.8)] == [2, 6, 11]
