"""Radius, abscissa and norm are three numbers."""

import numpy as np
import pytest

from rnnspec.spectra import gallery
from rnnspec.spectra.eigen import eigenvalues, spectral_abscissa, spectral_norm, spectral_radius
from rnnspec.spectra.nonnormality import (
    commutator_norm,
    eigenvector_condition,
    henrici_departure,
    numerical_abscissa,
)

EPS = np.finfo(float).eps
EVERY = [
    eigenvalues,
    spectral_radius,
    spectral_abscissa,
    spectral_norm,
    henrici_departure,
    commutator_norm,
    eigenvector_condition,
    numerical_abscissa,
]


def test_three_numbers_of_one_matrix():
    A = np.array([[-2.0, 10.0], [0.0, 1.0]])
    assert spectral_radius(A) == 2
    assert spectral_abscissa(A) == 1
    assert spectral_norm(A) > 10


def test_complex_pair_counts_with_its_modulus():
    angle = 0.3
    A = 0.9 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    assert spectral_radius(A) == pytest.approx(0.9, abs=10 * EPS)
    assert spectral_abscissa(A) == pytest.approx(0.9 * np.cos(angle), abs=10 * EPS)


def test_reference_values_of_grcar():
    A = gallery.grcar(32)
    assert spectral_abscissa(A) == pytest.approx(1.657433351, abs=1e-8)
    assert spectral_radius(A) == pytest.approx(2.249447777, abs=1e-8)


def test_radius_below_norm_and_abscissa_below_radius():
    A = gallery.ginibre(40, seed=11)
    assert spectral_abscissa(A) <= spectral_radius(A) <= spectral_norm(A)


@pytest.mark.parametrize("function", EVERY)
@pytest.mark.parametrize("A", [[[2]], [[0.0]], np.eye(3), np.zeros((3, 3)), [[1j, 0], [0, 2]]])
def test_dull_matrices_give_finite_numbers(function, A):
    assert np.isfinite(function(A)).all()


@pytest.mark.parametrize("function", EVERY)
@pytest.mark.parametrize(
    ("A", "text"),
    [
        (np.zeros((0, 0)), "at least one row"),
        ([[np.nan]], "must be finite"),
        (np.ones((4, 2)), r"square matrix, got shape \(4, 2\)"),
    ],
)
def test_bad_matrices_are_refused(function, A, text):
    with pytest.raises(ValueError, match=text):
        function(A)
