"""Real stability radius: never below the complex one, attained by a real matrix, brute force."""

import numpy as np
import pytest

from rnnspec import ConvergenceWarning
from rnnspec.spectra import gallery, real_radius
from rnnspec.spectra.eigen import eigenvalues
from rnnspec.spectra.real_radius import real_distance, stability_radius_real
from rnnspec.spectra.stability import distance_to_instability

from . import oracle


@pytest.mark.parametrize("name", oracle.stable_cases())
def test_brute_force_agrees_and_complex_is_smaller(name):
    A = oracle.stable_cases()[name]
    found = stability_radius_real(A)
    assert found.certified
    assert found.lower <= found.value <= found.upper
    assert found.lower >= 0.9899 * found.value
    assert distance_to_instability(A).lower <= found.upper
    assert float(found) == pytest.approx(oracle.real_radius(A), rel=1e-4)


@pytest.mark.parametrize("n", [3, 12, 40])
def test_perturbation_is_real_that_small_and_reaches_the_circle(n):
    A = gallery.ginibre(n, seed=n + 1)
    A = 0.9 * A / np.abs(eigenvalues(A)).max()
    found = stability_radius_real(A)
    assert found.perturbation.dtype == np.float64
    assert np.linalg.norm(found.perturbation, 2) == pytest.approx(float(found), rel=1e-5)
    assert np.abs(eigenvalues(A + found.perturbation) - found.witness).min() < 1e-9
    assert abs(found.witness) == pytest.approx(1)


@pytest.mark.parametrize(
    "A", [np.diag([0.5, -0.8]), 0.8 * gallery.cyclic_shift(5), [[0.0, 0.8], [-0.8, 0.0]]]
)
def test_normal_matrix(A):
    assert float(stability_radius_real(A)) == pytest.approx(0.2, rel=1e-9)


def test_real_and_complex_radius_differ():
    A = gallery.grcar(8) / 3
    assert float(stability_radius_real(A)) > 1.0004 * float(distance_to_instability(A))


def test_invariance_under_orthogonal_similarity():
    A, Q = gallery.grcar(10) / 2.6, gallery.random_orthogonal(10, 3)
    assert float(stability_radius_real(Q @ A @ Q.T)) == pytest.approx(
        float(stability_radius_real(A)), rel=1e-6
    )


@pytest.mark.parametrize("A", [[[0]], np.zeros((2, 2)), np.zeros((1, 1), complex)])
def test_zero_matrix(A):
    assert float(stability_radius_real(A)) == pytest.approx(1)


@pytest.mark.parametrize("A", [np.eye(2), [[3]], 1.1 * gallery.cyclic_shift(3)])
def test_unstable_matrix_needs_no_perturbation(A):
    found = stability_radius_real(A)
    assert (found.value, found.upper, found.certified) == (0, 0, True)
    assert not found.perturbation.any()


def test_distance_at_one_point_is_never_below_the_complex_one():
    A = gallery.ginibre(9, seed=3) / 2
    for angle in (0.1, 1.0, 3.0):
        value, weight = real_distance(A, angle)
        assert value >= oracle.smallest(A, [np.exp(1j * angle)])[0] * (1 - 1e-12)
        assert real_distance(A, angle, weight=weight)[0] == pytest.approx(value, rel=1e-6)
        assert real_distance(A, angle, xtol=0.3)[0] <= value * (1 + 1e-9)


def test_rtol_decides_the_bracket():
    A = gallery.grcar(8) / 3
    wide, narrow = stability_radius_real(A, rtol=0.05), stability_radius_real(A, rtol=1e-3)
    assert narrow.lower >= 0.9989 * narrow.value
    assert wide.lower < narrow.lower


def test_an_unfinished_search_says_so(monkeypatch):
    monkeypatch.setattr(real_radius, "WORK", 1)
    with pytest.warns(ConvergenceWarning, match="the search did not reach rtol=1e-09"):
        found = stability_radius_real(gallery.grcar(8) / 3, rtol=1e-9)
    assert not found.certified
    assert 0 < found.lower < found.upper


def test_errors():
    with pytest.raises(ValueError, match="`A` must be real, got complex entries"):
        stability_radius_real([[0.5j]])
    with pytest.raises(ValueError, match="`rtol` must be a finite number > 0"):
        stability_radius_real([[0.5]], rtol=-1)
    with pytest.raises(ValueError, match="finite"):
        stability_radius_real([[np.inf]])
