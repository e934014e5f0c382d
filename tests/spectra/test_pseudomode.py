"""Pseudomodes: the singular triplet, and the perturbation that puts an eigenvalue at z."""

import numpy as np
import pytest

from rnnspec.spectra import gallery
from rnnspec.spectra.pseudomode import pseudomode
from rnnspec.spectra.resolvent import sigma_min

EPS = np.finfo(float).eps


@pytest.mark.parametrize("z", [0.0, 0.3, 0.2 + 1j, -2.0])
@pytest.mark.parametrize("n", [1, 2, 5, 30])
def test_the_perturbation_is_smallest_of_rank_one_and_puts_an_eigenvalue_at_z(n, z):
    A = gallery.ginibre(n, seed=n)
    mode = pseudomode(A, z)
    E, tol = mode.perturbation, 100 * n * EPS * (np.linalg.norm(A, 2) + abs(z))
    assert mode.sigma_min == pytest.approx(sigma_min(A, z).item(), rel=1e-6)
    assert np.linalg.norm(E, 2) == pytest.approx(mode.sigma_min, rel=1e-12)
    assert np.linalg.matrix_rank(E) == 1
    np.testing.assert_allclose((A + E) @ mode.right, z * mode.right, atol=tol)
    np.testing.assert_allclose(
        z * mode.right - A @ mode.right, mode.sigma_min * mode.left, atol=tol
    )
    np.testing.assert_allclose(np.linalg.norm([mode.right, mode.left], axis=1), 1)


def test_on_an_eigenvalue_the_mode_is_the_eigenvector():
    mode = pseudomode(np.diag([1.0, 2.0, 3.0]), 2.0)
    assert mode.sigma_min == 0
    np.testing.assert_allclose(mode.right, [0, 1, 0], atol=EPS)
    np.testing.assert_array_equal(mode.perturbation, 0)


def test_the_phase_is_fixed():
    v = pseudomode(gallery.ginibre(6, seed=1) * 1j, 0.4).right
    largest = v[np.abs(v).argmax()]
    assert largest.real > 0
    assert abs(largest.imag) < EPS


def test_bad_arguments():
    with pytest.raises(ValueError, match="`z` must be finite, got"):
        pseudomode(np.eye(2), np.nan)
    with pytest.raises(ValueError, match="`A` must be a square matrix"):
        pseudomode(np.ones((2, 3)), 0)
