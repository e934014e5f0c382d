"""Conditions of eigenvalues and the distance to a defective matrix: closed forms and laws."""

import numpy as np
import pytest

from rnnspec.spectra import gallery
from rnnspec.spectra.defectiveness import distance_to_defective, eigenvalue_conditions
from rnnspec.spectra.eigen import eigenvalues


def test_conditions_in_closed_form():
    b = 3.0
    np.testing.assert_allclose(eigenvalue_conditions([[0, b], [0, 1]]), np.sqrt(1 + b * b))
    np.testing.assert_allclose(eigenvalue_conditions(gallery.random_orthogonal(9, 2)), 1)
    assert np.isinf(eigenvalue_conditions(gallery.jordan(3))).all()
    np.testing.assert_array_equal(eigenvalue_conditions(np.zeros((1, 1))), [1])


def test_conditions_predict_the_move_of_each_eigenvalue():
    A = gallery.grcar(8)
    values, conditions = eigenvalues(A), eigenvalue_conditions(A)
    for value, condition in zip(values, conditions, strict=True):
        U, _, Vh = np.linalg.svd(A - value * np.eye(8))
        E = 1e-8 * np.outer(Vh[-1].conj(), U[:, -1].conj())
        moved = np.abs(eigenvalues(A + E) - value).min()
        assert moved <= 1e-8 * condition * 1.001


@pytest.mark.parametrize("A", [np.diag([1.0, 2.0, 4.0]), gallery.cyclic_shift(5)])
def test_normal_matrix_is_half_a_gap_away(A):
    values = eigenvalues(A)
    gap = np.abs(values[:, None] - values)[~np.eye(len(A), dtype=bool)].min()
    found = distance_to_defective(A)
    assert found.certified
    assert float(found) == pytest.approx(gap / 2)


@pytest.mark.parametrize("b", [0.1, 1.0, 30.0])
def test_two_by_two_lies_within_the_bounds(b):
    # The nearest defective matrix of [[0, b], [0, 1]]: (sqrt(1 + b^2) - b) / 2.
    exact = (np.sqrt(1 + b * b) - b) / 2
    found = distance_to_defective([[0.0, b], [0.0, 1.0]])
    assert found.lower <= exact * (1 + 1e-12)
    assert exact <= found.upper * (1 + 1e-12)


@pytest.mark.parametrize("A", [gallery.jordan(4, 0.5), np.eye(3), np.zeros((2, 2))])
def test_multiple_eigenvalue_is_at_distance_zero(A):
    assert distance_to_defective(A).lower == 0
    assert float(distance_to_defective(A)) == pytest.approx(0, abs=1e-15)


def test_errors():
    with pytest.raises(ValueError, match="`A` must have at least two rows"):
        distance_to_defective([[1.0]])
    with pytest.raises(ValueError, match="square"):
        eigenvalue_conditions([[1.0, 2.0]])


def test_nearly_defective_matrix_is_seen_as_such():
    # Without the entry 1e-14 the eigenvalue is defective.
    found = distance_to_defective([[0.5, 1.0], [1e-14, 0.5]])
    assert found.lower <= 1e-14 * 1.01
    assert found.upper == pytest.approx(1e-14, rel=0.2)
