"""The peak of all powers: that of the sampled ones, its proof, and what it says without one."""

import numpy as np
import pytest

from benchmarks import oracle
from rnnspec import ConvergenceWarning
from rnnspec.spectra import gallery
from rnnspec.spectra.kreiss import kreiss_constant
from rnnspec.spectra.transient import transient_growth
from rnnspec.spectra.transient_peak import transient_peak

STABLE = oracle.stable_cases()


@pytest.mark.parametrize("name", STABLE)
def test_no_power_is_larger(name):
    found, growth = transient_peak(STABLE[name]), transient_growth(STABLE[name], steps=600)
    assert found.certified
    assert found.value == pytest.approx(growth.peak, rel=1e-12)
    assert found.step == growth.peak_step
    assert found.value >= kreiss_constant(STABLE[name]).lower * (1 - 1e-12)


@pytest.mark.parametrize("below", [1e-1, 1e-2, 1e-3])
def test_spectral_radius_just_below_one(below):
    A = gallery.ginibre(24, seed=11)
    A *= (1 - below) / np.abs(np.linalg.eigvals(A)).max()
    found = transient_peak(A)
    assert found.certified
    assert found.lower == found.value == found.upper
    assert found.value == pytest.approx(transient_growth(A, steps=20_000).peak, rel=1e-12)


@pytest.mark.parametrize("A", [gallery.random_orthogonal(24, 5), np.eye(3), [[0]], [[-1j]]])
def test_contraction_peaks_at_the_start(A):
    found = transient_peak(A)
    assert (found.value, found.step, found.certified) == (1, 0, True)


def test_delay_line_in_closed_form():
    found = transient_peak(gallery.delay_line(5, gain=2.0))
    assert (found.value, found.step, found.why) == (16, 4, "")


def test_unstable_matrix_says_by_how_much():
    found = transient_peak(1.01 * np.eye(2))
    assert (found.value, found.step, found.certified) == (np.inf, None, True)
    assert "grow without bound (the spectral radius is above 1 by 0.01)" in found.why


def test_undecided_growth_says_how_far_it_looked():
    with pytest.warns(ConvergenceWarning, match="none of the first 20 powers"):
        found = transient_peak([[1.0, 1.0], [0.0, 1.0]], max_steps=20)
    assert not found.certified
    assert (found.step, found.lower, found.upper) == (20, found.value, np.inf)


@pytest.mark.parametrize("size", [1e100, 1e200])
def test_overflow_is_quiet(size):
    with pytest.warns(ConvergenceWarning, match="are beyond 1e\\+150"):
        found = transient_peak(np.triu(np.full((4, 4), size), 1))
    assert found.value == np.inf
    assert not found.certified


def test_errors():
    with pytest.raises(ValueError, match="`max_steps` must be an integer of at least 1, got 0"):
        transient_peak(np.eye(2), max_steps=0)
    with pytest.raises(ValueError, match="square"):
        transient_peak(np.ones((2, 3)))


def test_growth_that_rounding_may_have_made_is_not_proved():
    # Exactly, the eigenvalue is 0.7: what LAPACK finds outside comes from the rotation's rounding.
    Q = gallery.random_orthogonal(40, seed=1)
    with pytest.warns(ConvergenceWarning, match="rounding errors"):
        found = transient_peak(Q @ gallery.jordan(40, 0.7) @ Q.T)
    assert found.value == np.inf
    assert not found.certified
    assert transient_peak(1.1 * np.eye(3)).certified
