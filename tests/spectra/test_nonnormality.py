"""Zero or one exactly for normal matrices, closed forms for 2 x 2, EigTool's values for grcar."""

import numpy as np
import pytest

from rnnspec.spectra import gallery
from rnnspec.spectra.eigen import eigenvalues, spectral_abscissa
from rnnspec.spectra.nonnormality import (
    commutator_norm,
    eigenvector_condition,
    henrici_departure,
    numerical_abscissa,
)

EPS = np.finfo(float).eps
NORMAL = {
    "orthogonal": gallery.random_orthogonal(20, seed=5),
    "shift": gallery.cyclic_shift(12),
    "diagonal": np.diag([1.0, -2.0, 0.5]),
    "complex": np.diag([1j, 2.0, -1 + 1j]),
}


@pytest.mark.parametrize("A", NORMAL.values(), ids=NORMAL)
def test_normal_matrices(A):
    assert henrici_departure(A) <= 100 * EPS
    assert commutator_norm(A) <= 100 * EPS
    assert eigenvector_condition(A) == pytest.approx(1, abs=1e-12)
    assert numerical_abscissa(A) == pytest.approx(spectral_abscissa(A), abs=100 * EPS)


@pytest.mark.parametrize("b", [1.0, 2.0, 4.0])
def test_two_by_two_in_closed_form(b):
    A = np.array([[0.0, b], [0.0, -1.0]])
    assert henrici_departure(A) == pytest.approx(b)
    assert numerical_abscissa(A) == pytest.approx((np.sqrt(1 + b * b) - 1) / 2)
    assert eigenvector_condition(A) == pytest.approx(b + np.sqrt(1 + b * b))
    assert commutator_norm(A) == pytest.approx(np.sqrt(2 * b**4 + 2 * b**2))


def test_reference_values_of_grcar():
    """From eigenvalues and vectors in 40 digits (mpmath), and of a symmetric matrix by LAPACK."""
    assert henrici_departure(gallery.grcar(32)) == pytest.approx(6.007086235, abs=1e-8)
    assert henrici_departure(gallery.grcar(64)) == pytest.approx(8.668232957, abs=1e-8)
    assert numerical_abscissa(gallery.grcar(32)) == pytest.approx(2.94599499966, abs=1e-10)
    assert numerical_abscissa(gallery.grcar(64)) == pytest.approx(2.98545640139, abs=1e-10)
    assert eigenvector_condition(gallery.grcar(32)) == pytest.approx(98029.3274, rel=1e-3)


@pytest.mark.parametrize("n", [2, 5, 20])
def test_jordan_block(n):
    A = gallery.jordan(n, eigenvalue=0.25)
    assert eigenvector_condition(A) == np.inf
    assert henrici_departure(A) == pytest.approx(np.sqrt(n - 1))
    assert numerical_abscissa(A) == pytest.approx(0.25 + np.cos(np.pi / (n + 1)))


def test_henrici_agrees_with_its_definition():
    A = gallery.ginibre(30, seed=3)
    squares = np.linalg.norm(A) ** 2 - (np.abs(eigenvalues(A)) ** 2).sum()
    assert henrici_departure(A) == pytest.approx(np.sqrt(squares), rel=1e-10)


def test_commutator_bounds_henrici():
    A = gallery.ginibre(30, seed=4)
    c, h2, n = commutator_norm(A), henrici_departure(A) ** 2, 30
    assert c**2 / (6 * np.linalg.norm(A) ** 2) <= h2 <= np.sqrt((n**3 - n) / 12) * c


@pytest.mark.parametrize(
    "function", [henrici_departure, commutator_norm, eigenvector_condition, numerical_abscissa]
)
def test_orthogonal_similarity_changes_nothing(function):
    A, Q = gallery.ginibre(12, seed=2), gallery.random_orthogonal(12, seed=9)
    assert function(Q @ A @ Q.T) == pytest.approx(function(A), rel=1e-10)


def test_scaling_laws():
    A = gallery.grcar(10)
    assert henrici_departure(3 * A) == pytest.approx(3 * henrici_departure(A))
    assert commutator_norm(3 * A) == pytest.approx(9 * commutator_norm(A))
    assert eigenvector_condition(3 * A) == pytest.approx(eigenvector_condition(A))


def test_a_commutator_beyond_the_largest_float_is_infinite():
    assert commutator_norm([[0.0, 1e200], [0.0, 0.0]]) == np.inf
