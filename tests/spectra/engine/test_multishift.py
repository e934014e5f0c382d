"""The kernel against one SVD per point, and at the places where it could break."""

import numpy as np
import pytest
from scipy.linalg import schur

from rnnspec.spectra import gallery
from rnnspec.spectra.eigen import spectral_norm
from rnnspec.spectra.engine.multishift import smallest_singular_values
from rnnspec.spectra.engine.triangle import ShiftedTriangle

EPS = np.finfo(float).eps


def by_svd(A, z):
    return np.array([np.linalg.svd(p * np.eye(len(A)) - A, compute_uv=False)[-1] for p in z])


def by_kernel(A, z, tol=1e-6, max_iterations=9999):
    scale = spectral_norm(A)
    T, _ = schur(A / scale, output="real" if np.isrealobj(A) else "complex")
    rng = np.random.default_rng(3)
    start = rng.standard_normal((len(A), 1)) + 1j * rng.standard_normal((len(A), 1))
    found = smallest_singular_values(
        ShiftedTriangle(T), np.asarray(z, complex) / scale, start, tol, max_iterations
    )
    return scale * found.sigma, found.converged


def cloud(count, radius, seed):
    rng = np.random.default_rng(seed)
    return radius * (rng.uniform(-1, 1, count) + 1j * rng.uniform(-1, 1, count))


MATRICES = {
    "grcar": gallery.grcar(40),
    "kahan": gallery.kahan(30),
    "demmel": gallery.demmel(20),
    "limacon": gallery.limacon(33),
    "convection_diffusion": gallery.convection_diffusion(32),
    "ginibre": gallery.ginibre(64, seed=5),
    "random_triangular": gallery.random_triangular(32, seed=5),
    "random_orthogonal": gallery.random_orthogonal(48, seed=5),
    "cyclic_shift": gallery.cyclic_shift(32),
    "godunov": gallery.godunov(),
    "complex": gallery.ginibre(20, seed=1) + 1j * gallery.ginibre(20, seed=2),
    "repeated": np.kron(np.eye(8), gallery.ginibre(4, seed=3)),
}


@pytest.mark.parametrize("A", MATRICES.values(), ids=MATRICES)
def test_agrees_with_the_svd(A):
    norm = spectral_norm(A)
    z = cloud(400, 1.5 * norm, seed=77)
    sigma, converged = by_kernel(A, z)
    exact = by_svd(A, z)
    clear = exact > 1e-10 * norm
    assert converged.all()
    assert (np.abs(sigma - exact)[clear] <= 1e-6 * exact[clear]).all()
    assert (np.abs(sigma - exact)[~clear] <= 100 * len(A) * EPS * norm).all()


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 15, 16, 17, 48])
def test_every_size_of_block(n):
    A = gallery.ginibre(n, seed=n)
    z = cloud(50, 1.2, seed=n)
    np.testing.assert_allclose(by_kernel(A, z)[0], by_svd(A, z), rtol=1e-6)


@pytest.mark.parametrize("A", MATRICES.values(), ids=MATRICES)
def test_on_an_eigenvalue_the_value_is_zero_to_rounding(A):
    sigma, converged = by_kernel(A, np.linalg.eigvals(A))
    assert converged.all()
    assert (sigma <= 100 * len(A) * EPS * spectral_norm(A)).all()


@pytest.mark.parametrize("n", [20, 64, 200])
def test_a_large_jordan_block_does_not_overflow(n):
    A = gallery.jordan(n, eigenvalue=0.5)
    z = 0.5 + np.array([0, 1e-300, 1e-100, 1e-8, 1e-3, 0.1, 0.9, 1.5])
    with np.errstate(all="raise", under="ignore"):
        sigma, converged = by_kernel(A, z)
    assert converged.all()
    np.testing.assert_allclose(sigma, by_svd(A, z), rtol=1e-6, atol=1e-13)


@pytest.mark.parametrize("factor", [1e-120, 1e120])
def test_scaling_the_plane_scales_the_values(factor):
    A, z = gallery.grcar(20), cloud(30, 3, seed=4)
    np.testing.assert_allclose(
        by_kernel(factor * A, factor * z)[0], factor * by_kernel(A, z)[0], rtol=1e-6
    )


def test_a_value_does_not_depend_on_its_company():
    A, z = gallery.ginibre(40, seed=8), cloud(60, 1.2, seed=8)
    alone = np.concatenate([by_kernel(A, z[i : i + 1])[0] for i in range(60)])
    np.testing.assert_allclose(alone, by_kernel(A, z)[0], rtol=1e-9)


def test_a_tighter_tolerance_costs_iterations_and_gains_digits():
    A, z = gallery.random_orthogonal(60, seed=2), cloud(100, 1.2, seed=2)
    exact = by_svd(A, z)
    loose = np.abs(by_kernel(A, z, tol=1e-1)[0] / exact - 1).max()
    tight = np.abs(by_kernel(A, z, tol=1e-10)[0] / exact - 1).max()
    assert tight < 1e-10
    assert 1e-6 < loose < 0.2


def test_too_few_iterations_are_reported_and_give_upper_bounds():
    A, z = gallery.random_orthogonal(60, seed=2), cloud(100, 0.3, seed=2)
    sigma, converged = by_kernel(A, z, max_iterations=3)
    assert not converged.any()
    assert (sigma >= by_svd(A, z) * (1 - 1e-12)).all()
