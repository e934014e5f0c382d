"""Distance to instability: SLICOT's examples, closed forms, laws, brute force."""

import numpy as np
import pytest

from benchmarks import oracle
from rnnspec.spectra import gallery
from rnnspec.spectra.distance import distance_to_instability
from rnnspec.spectra.eigen import eigenvalues, spectral_radius
from rnnspec.spectra.pseudospectral import pseudospectral_radius

SLICOT = np.array(
    [
        [246.5, 242.5, 202.5, -197.5],
        [-252.5, -248.5, -207.5, 202.5],
        [-302.5, -297.5, -248.5, 242.5],
        [-307.5, -302.5, -252.5, 246.5],
    ]
)


def test_slicot_example_ab13fd():
    found = distance_to_instability(SLICOT, time="continuous")
    assert float(found) == pytest.approx(0.0039196472317, abs=1e-12)
    assert abs(found.witness.imag) == pytest.approx(0.98966520430, abs=1e-6)


def test_slicot_example_ab13ed():
    found = distance_to_instability(gallery.jordan(5, 0.1) - 0.2 * np.eye(5), time="continuous")
    assert 2.0929379255e-6 <= float(found) <= 2.0793050504e-5


@pytest.mark.parametrize("name", oracle.stable_cases())
def test_brute_force_agrees(name):
    A = oracle.stable_cases()[name]
    found = distance_to_instability(A)
    assert found.certified
    assert found.lower <= found.value <= found.upper
    assert float(found) == pytest.approx(oracle.distance(A), rel=1e-8)
    shifted = A - 1.1 * np.eye(len(A)) * np.linalg.norm(A, 2)
    found = distance_to_instability(shifted, time="continuous")
    assert float(found) == pytest.approx(oracle.distance_continuous(shifted), rel=1e-8)


@pytest.mark.parametrize("n", [3, 33, 64])
def test_perturbation_reaches_the_circle_and_is_that_small(n):
    A = gallery.ginibre(n, seed=6)
    A = 0.9 * A / spectral_radius(A)
    found = distance_to_instability(A)
    assert np.linalg.norm(found.perturbation, 2) == pytest.approx(float(found), rel=1e-10)
    assert np.abs(eigenvalues(A + found.perturbation) - found.witness).min() < 1e-10
    assert abs(found.witness) == pytest.approx(1)
    assert np.exp(1j * found.angle) == pytest.approx(found.witness)


@pytest.mark.parametrize("A", [np.diag([0.5, -0.8]), 0.7 * gallery.random_orthogonal(9, 4)])
def test_normal_matrix(A):
    assert float(distance_to_instability(A)) == pytest.approx(1 - spectral_radius(A), rel=1e-12)


@pytest.mark.parametrize("A", [gallery.grcar(12) / 2.5, gallery.jordan(5, 0.4)])
def test_radius_at_the_distance_is_one(A):
    beta = float(distance_to_instability(A))
    assert float(pseudospectral_radius(A, beta)) == pytest.approx(1, abs=1e-9)


def test_invariance_under_orthogonal_similarity():
    A, Q = gallery.grcar(12) / 2.5, gallery.random_orthogonal(12, 2)
    B = Q @ A @ Q.T
    assert float(distance_to_instability(B)) == pytest.approx(float(distance_to_instability(A)))
    complex_one = distance_to_instability(np.exp(0.3j) * A)
    assert float(complex_one) == pytest.approx(float(distance_to_instability(A)), rel=1e-9)


@pytest.mark.parametrize("A", [np.eye(3), [[2]], [[1j]], 1.5 * gallery.cyclic_shift(4)])
def test_unstable_matrix_needs_no_perturbation(A):
    found = distance_to_instability(A)
    assert (found.value, found.lower, found.upper, found.certified) == (0, 0, 0, True)
    assert not found.perturbation.any()


@pytest.mark.parametrize("A", [[[0]], np.zeros((3, 3))])
def test_zero_matrix(A):
    assert float(distance_to_instability(A)) == pytest.approx(1)
    assert float(distance_to_instability(A, time="continuous")) == 0


def test_options_count():
    A = gallery.grcar(8) / 3
    wide, narrow = distance_to_instability(A, rtol=1e-2), distance_to_instability(A)
    assert wide.upper / wide.lower > 1.005 > narrow.upper / narrow.lower
    assert float(distance_to_instability(A - np.eye(8), time="continuous")) != float(narrow)


def test_errors():
    with pytest.raises(ValueError, match="`time` must be one of discrete, continuous, got 'now'"):
        distance_to_instability([[0.5]], time="now")
    with pytest.raises(ValueError, match="`rtol` must be a finite number > 0, got 0"):
        distance_to_instability([[0.5]], rtol=0)
    with pytest.raises(ValueError, match="finite"):
        distance_to_instability([[np.nan]])


@pytest.mark.parametrize("size", [2.0**-900, 2.0**900])
def test_continuous_time_knows_no_scale(size):
    A = gallery.ginibre(12, seed=3) - 2 * np.eye(12)
    found = distance_to_instability(size * A, time="continuous")
    assert float(found) == pytest.approx(size * float(distance_to_instability(A, "continuous")))
