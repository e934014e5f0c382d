"""Real stability radius: never below the complex one, attained by a real matrix, brute force."""

import numpy as np
import pytest

from benchmarks import oracle
from rnnspec import ConvergenceWarning
from rnnspec.spectra import gallery
from rnnspec.spectra.distance import distance_to_instability
from rnnspec.spectra.eigen import eigenvalues
from rnnspec.spectra.real_radius import stability_radius_real


@pytest.mark.parametrize("name", oracle.stable_cases())
def test_brute_force_agrees_and_complex_is_smaller(name):
    A = oracle.stable_cases()[name]
    found = stability_radius_real(A)
    assert found.certified
    assert found.lower <= found.value <= found.upper
    assert found.lower >= 0.99989 * found.value
    assert distance_to_instability(A).lower <= found.upper
    assert float(found) == pytest.approx(oracle.real_radius(A), rel=1e-4)


def reaches_the_circle(A, found):
    A, E = np.asarray(A), found.perturbation
    assert E.dtype == np.float64
    assert np.linalg.norm(E, 2) == pytest.approx(float(found), rel=1e-6)
    assert abs(found.witness) == pytest.approx(1)
    # A simple eigenvalue; a multiple one moves by the root of the rounding.
    return np.abs(eigenvalues(A + E) - found.witness).min()


@pytest.mark.parametrize("name", oracle.stable_cases())
def test_perturbation_is_real_that_small_and_reaches_the_circle(name):
    A = oracle.stable_cases()[name]
    assert reaches_the_circle(A, stability_radius_real(A)) < 1e-9


@pytest.mark.parametrize("n", [3, 12, 40, 64])
def test_perturbation_of_a_random_matrix(n):
    A = gallery.ginibre(n, seed=n + 1)
    A = 0.9 * A / np.abs(eigenvalues(A)).max()
    assert reaches_the_circle(A, stability_radius_real(A)) < 1e-9


@pytest.mark.parametrize(
    "A",
    [
        np.kron(np.eye(3), [[0.3, 0.7], [-0.6, 0.2]]),
        1e-8 * gallery.grcar(12),
        0.8 * gallery.cyclic_shift(6),
        np.kron([[0.0, 0.9], [-0.9, 0.0]], np.eye(4)),
    ],
)
def test_perturbation_where_singular_values_are_multiple(A):
    assert reaches_the_circle(A, stability_radius_real(A)) < 1e-7


@pytest.mark.parametrize("n", [4, 9, 20])
def test_no_sampled_real_perturbation_is_smaller(n):
    A = gallery.ginibre(n, seed=2 * n + 1)
    A = 0.8 * A / np.abs(eigenvalues(A)).max()
    found, rng = stability_radius_real(A), np.random.default_rng(40817)
    for _ in range(100):
        E = found.perturbation / float(found) + 0.1 * rng.standard_normal((n, n))
        E *= 0.999 * found.lower / np.linalg.norm(E, 2)
        assert np.abs(eigenvalues(A + E)).max() < 1


def test_radius_one_to_rounding():
    A = gallery.ginibre(16, seed=8)
    A /= np.abs(eigenvalues(A)).max()
    with pytest.warns(ConvergenceWarning, match="the search did not reach"):
        found = stability_radius_real(A * (1 - 1e-12))
    assert 0 < found.lower <= float(found) < 1e-11
    assert stability_radius_real(A * (1 - 1e-3)).certified


def test_where_rounding_blurs_the_level_a_lower_one_is_proved():
    A = gallery.ginibre(16, seed=8)
    A *= (1 - 1e-5) / np.abs(eigenvalues(A)).max()
    with pytest.warns(ConvergenceWarning, match="the search did not reach rtol=1e-09"):
        found = stability_radius_real(A, rtol=1e-9)
    assert not found.certified
    assert (1 - 1e-2) * float(found) < found.lower < (1 - 1e-9) * float(found)


def test_tiny_radius_of_a_highly_nonnormal_matrix_is_still_bounded():
    A = gallery.grcar(64) / 2.5
    with pytest.warns(ConvergenceWarning, match="the search did not reach"):
        found = stability_radius_real(A)
    assert found.lower >= 0.999999 * distance_to_instability(A).lower
    assert found.lower <= float(found) <= 1.01 * found.lower


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


def test_rtol_decides_the_bracket():
    A = gallery.grcar(8) / 3
    wide, narrow = stability_radius_real(A, rtol=0.05), stability_radius_real(A, rtol=1e-3)
    assert narrow.lower >= 0.9989 * narrow.value
    assert stability_radius_real(A, rtol=1e-7).lower >= (1 - 1.1e-7) * narrow.value
    assert wide.lower < narrow.lower


def test_errors():
    with pytest.raises(ValueError, match="`A` must be real, got complex entries"):
        stability_radius_real([[0.5j]])
    with pytest.raises(ValueError, match="`rtol` must be a finite number > 0"):
        stability_radius_real([[0.5]], rtol=-1)
    with pytest.raises(ValueError, match="finite"):
        stability_radius_real([[np.inf]])
