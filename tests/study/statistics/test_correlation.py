"""Spearman's correlation pooled over strata, and how often its interval holds the truth."""

import numpy as np
import pytest
from scipy import stats

from rnnspec.study.statistics.correlation import spearman

EPS = np.finfo(float).eps


def correlated(rng, rho, groups, size, shared):
    """Normal pairs of correlation rho, of which groups have a share in common; and labels."""

    def pair(n):
        u, v = rng.standard_normal((2, n))
        return np.array([u, rho * u + np.sqrt(1 - rho**2) * v])

    member = np.repeat(np.arange(groups), size)
    x, y = np.sqrt(shared) * pair(groups)[:, member] + np.sqrt(1 - shared) * pair(len(member))
    return x, y, member


@pytest.mark.parametrize("ties", [1, 4])
def test_one_stratum_is_scipy(ties):
    rng = np.random.default_rng(7)
    x, y = rng.integers(0, 40 // ties, (2, 30)).astype(float)
    assert abs(spearman(x, y).value - stats.spearmanr(x, y).statistic) < 30 * EPS


def test_a_bootstrap_weight_is_a_repeated_run():
    """An estimate of runs given twice is that of the runs, with more of them."""
    x, y, _ = correlated(np.random.default_rng(8), 0.5, 20, 1, 0)
    once, twice = spearman(x, y), spearman(np.tile(x, 2), np.tile(y, 2), np.tile(np.arange(20), 2))
    assert abs(once.value - twice.value) < 40 * EPS
    assert abs(once.low - twice.low) < 0.02


def test_only_ranks_count():
    x, y, _ = correlated(np.random.default_rng(9), 0.5, 20, 1, 0)
    known = spearman(x, y).to_dict()
    assert known == spearman(np.exp(x), y**3).to_dict()
    assert known == spearman(np.where(x == x.max(), np.inf, x), y).to_dict()


def test_exchange_and_sign():
    x, y, _ = correlated(np.random.default_rng(10), 0.5, 20, 1, 0)
    there, back, minus = spearman(x, y), spearman(y, x), spearman(x, -y)
    np.testing.assert_allclose([there.low, there.value], [back.low, back.value], atol=1e-12)
    np.testing.assert_allclose([minus.low, minus.high], [-there.high, -there.low], atol=1e-12)


def test_strata_hide_what_differs_between_them():
    """x and y agree across two data sets and disagree within each."""
    within = np.arange(10.0)
    x, y = np.r_[within, within + 100], np.r_[-within, 100 - within]
    assert spearman(x, y).value > 0.4
    pooled = spearman(x, y, strata=np.repeat(["a", "b"], 10))
    assert abs(pooled.value + 1) < 20 * EPS


def test_a_pooled_value_lies_between_those_of_its_strata():
    rng = np.random.default_rng(11)
    x, y = rng.standard_normal((2, 40))
    y[:20] += x[:20]
    parts = [spearman(x[part], y[part]).value for part in (slice(20), slice(20, 40))]
    assert min(parts) < spearman(x, y, strata=np.repeat([0, 1], 20)).value < max(parts)


def test_groups_widen_the_interval_where_they_share():
    x, y, member = correlated(np.random.default_rng(12), 0.3, 12, 3, 1.0)
    alone, together = spearman(x, y), spearman(x, y, member)
    assert together.value == alone.value
    assert together.high - together.low > 1.3 * (alone.high - alone.low)
    assert together.p > alone.p


def test_the_p_value_and_the_interval_agree():
    rng = np.random.default_rng(13)
    for rho in (0, 0.2, 0.3, 0.4, 0.6):
        x, y, _ = correlated(rng, rho, 30, 1, 0)
        found = spearman(x, y)
        assert (found.p < 0.05) == (found.low > 0 or found.high < 0)


@pytest.mark.parametrize(("shared", "labelled"), [(0.0, True), (0.0, False), (0.8, True)])
def test_coverage(shared, labelled):
    """36 runs in 12 groups of 3; the rank correlation of normal pairs of correlation 1/2."""
    rng = np.random.default_rng(14)
    truth = 6 / np.pi * np.arcsin(0.5 / 2)
    held = []
    for seed in range(300):
        x, y, member = correlated(rng, 0.5, 12, 3, shared)
        found = spearman(x, y, member if labelled else None, seed=seed)
        held.append(found.low <= truth <= found.high)
    assert 0.92 <= np.mean(held) <= 0.99


def test_perfect_agreement_is_not_certain_of_itself():
    found = spearman(np.arange(8), np.arange(8))
    assert found.value == found.high == 1.0
    assert 0.5 < found.low < 0.99
    assert 0 < found.p < 1e-3


def test_what_is_unknown_is_left_out_and_counted():
    x, y, _ = correlated(np.random.default_rng(15), 0.5, 20, 1, 0)
    holed = np.r_[x, np.nan, 1.0], np.r_[y, 1.0, np.nan]
    found = spearman(*holed)
    assert (found.n, found.left_out) == (20, 2)
    assert found.value == spearman(x, y).value


@pytest.mark.parametrize(
    ("x", "why"),
    [
        ([], "too few runs"),
        ([1.0], "too few runs"),
        ([np.nan] * 3, "too few runs"),
        ([2.0] * 9, "one of the two is constant"),
        ([np.inf] * 9, "one of the two is constant"),
        ([1.0, 2.0, 3.0, 4.0], "too few for an interval"),
    ],
)
def test_why_there_is_no_interval(x, why):
    found = spearman(x, np.arange(len(x)), name="mine")
    assert (found.name, found.why) == ("mine", why)
    assert np.isnan([found.low, found.high, found.p]).all()
    assert np.isnan(found.value) == (why != "too few for an interval")


def test_the_fewest_groups_of_an_interval():
    x = np.array([1.0, 2, 4, 3, 5, 6, 8, 7])
    pairs = np.repeat(np.arange(4), 2)
    assert spearman(x, np.arange(8), pairs).why
    assert not spearman(x, np.arange(8), np.r_[pairs[:6], 8, 9]).why
    assert spearman(x, np.arange(8), np.r_[pairs[:6], 8, 9], np.repeat([0, 1], 4)).why


def test_the_seed_is_that_of_the_bootstrap():
    x, y, _ = correlated(np.random.default_rng(16), 0.5, 20, 1, 0)
    y[3] = x[3] + 9
    once, again, other = (spearman(x, y, seed=seed) for seed in (1, 1, 2))
    assert once.to_dict() == again.to_dict()
    assert once.value == other.value
    assert once.low != other.low


def test_refusals():
    with pytest.raises(ValueError, match=r"of one length, got \[2, 3, 2, 2\]"):
        spearman([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="`seed` must be an integer"):
        spearman([1], [1], seed=-1)
