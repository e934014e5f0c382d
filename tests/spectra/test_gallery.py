"""Each named matrix has the property that it is known for."""

import numpy as np
import pytest

from rnnspec.spectra import gallery
from rnnspec.spectra.eigen import eigenvalues, spectral_norm, spectral_radius
from rnnspec.spectra.nonnormality import commutator_norm

EPS = np.finfo(float).eps
SIZED = {
    "grcar": gallery.grcar,
    "jordan": gallery.jordan,
    "delay_line": gallery.delay_line,
    "cyclic_shift": gallery.cyclic_shift,
    "kahan": gallery.kahan,
    "demmel": gallery.demmel,
    "limacon": gallery.limacon,
    "convection_diffusion": gallery.convection_diffusion,
    "ginibre": lambda n: gallery.ginibre(n, seed=8),
    "random_triangular": lambda n: gallery.random_triangular(n, seed=8),
    "random_orthogonal": lambda n: gallery.random_orthogonal(n, seed=8),
}


@pytest.mark.parametrize("make", SIZED.values(), ids=SIZED)
@pytest.mark.parametrize("n", [1, 2, 7])
def test_every_size_gives_a_finite_float_matrix(make, n):
    A = make(n)
    assert A.shape == (n, n)
    assert A.dtype == np.float64
    assert np.isfinite(A).all()


@pytest.mark.parametrize("make", SIZED.values(), ids=SIZED)
def test_size_zero_is_refused(make):
    with pytest.raises(ValueError, match="`n` must be an integer of at least 1, got 0"):
        make(0)


@pytest.mark.parametrize(
    "make", [gallery.ginibre, gallery.random_triangular, gallery.random_orthogonal]
)
def test_the_seed_decides(make):
    np.testing.assert_array_equal(make(5, seed=3), make(5, seed=3))
    assert np.abs(make(5, seed=3) - make(5, seed=4)).max() > 0.01


def test_options_of_the_formulas():
    assert gallery.grcar(5, k=1)[0].tolist() == [1, 1, 0, 0, 0]
    assert gallery.jordan(2, eigenvalue=3.0)[1, 1] == 3
    assert gallery.delay_line(2, gain=5.0)[1, 0] == 5
    assert gallery.demmel(4, corner=8.0)[0].tolist() == pytest.approx([-1, -2, -4, -8])
    assert gallery.convection_diffusion(3, length=4.0)[0].tolist() == [-2, 1.5, 0]


def test_demmel_needs_a_positive_corner():
    with pytest.raises(ValueError, match="`corner` must be a finite number > 0, got -1.0"):
        gallery.demmel(3, corner=-1.0)


def test_grcar_norm_of_the_reference_sheet():
    assert spectral_norm(gallery.grcar(32)) == pytest.approx(3.222318496, abs=1e-9)


def test_cyclic_shift_is_normal_with_roots_of_unity():
    A = gallery.cyclic_shift(9)
    assert commutator_norm(A) == 0
    np.testing.assert_allclose(eigenvalues(A) ** 9, 1, atol=100 * EPS)


def test_kahan_rows_shrink_to_a_tenth():
    A = gallery.kahan(6)
    assert A[-1, -1] == pytest.approx(0.1)
    assert -A[0, 1] == pytest.approx(np.sqrt(1 - 0.1 ** (2 / 5)))


def test_kahan_first_row_norm_is_that_of_its_formula():
    A = gallery.kahan(6)
    np.testing.assert_allclose(
        A / A.diagonal()[:, None], np.triu(A[0, 1] + (1 - A[0, 1]) * np.eye(6))
    )


def test_convection_diffusion_eigenvalues_in_closed_form():
    n, length = 12, 13.0  # h = 1
    exact = -2 + 2 * np.sqrt(1.5 * 0.5) * np.cos(np.arange(1, n + 1) * np.pi / (n + 1))
    found = np.sort(eigenvalues(gallery.convection_diffusion(n, length)).real)
    np.testing.assert_allclose(found, np.sort(exact), atol=1e-9)


def test_random_orthogonal_is_orthogonal():
    Q = gallery.random_orthogonal(30, seed=6)
    np.testing.assert_allclose(Q @ Q.T, np.eye(30), atol=100 * EPS)


def test_ginibre_tends_to_radius_one_and_norm_two():
    A = gallery.ginibre(300, seed=12)
    assert spectral_radius(A) == pytest.approx(1, abs=0.1)
    assert spectral_norm(A) == pytest.approx(2, abs=0.1)


def test_companion_eigenvalues_are_the_roots():
    roots = eigenvalues(gallery.companion(np.poly([1.0, 2.0, -3.0])))
    np.testing.assert_allclose(np.sort(roots.real), [-3, 1, 2], atol=1e-12)


@pytest.mark.parametrize("bad", [[1.0], [0.0, 1.0], [[1.0, 2.0]]])
def test_companion_refuses_what_is_no_polynomial(bad):
    with pytest.raises(ValueError, match="`coefficients` must be a vector of at least 2 numbers"):
        gallery.companion(bad)


def test_godunov_characteristic_polynomial_in_integers():
    A = gallery.godunov().astype(int).astype(object)
    M, coefficients = np.zeros_like(A), [1]
    for k in range(1, 8):  # Faddeev and LeVerrier
        M = A @ M + coefficients[-1] * np.eye(7, dtype=int).astype(object)
        coefficients.append(-(A @ M).trace() // k)
    assert coefficients == np.poly([0, 1, -1, 2, -2, 4, -4]).round().astype(int).tolist()
