"""The compiled iteration: the values of the arrays' iteration, and what only it could break."""

import subprocess
import sys

import numpy as np
import pytest
from scipy.linalg import schur

from rnnspec.spectra import gallery
from rnnspec.spectra.eigen import spectral_norm
from rnnspec.spectra.engine.continuation import sigma_min_many
from rnnspec.spectra.engine.dense import engine_of
from rnnspec.spectra.engine.lanes import OUTSIDE, pack

EPS = np.finfo(float).eps


def engine(A):
    A = A / spectral_norm(A)
    return engine_of(schur(A, output="real")[0]), A


def plane(nx, ny, side=1.1):
    return (np.linspace(-side, side, nx) + 1j * np.linspace(0.01, side, ny)[:, None]).ravel()


def by_svd(A, z):
    return np.linalg.svd(z[:, None, None] * np.eye(len(A)) - A, compute_uv=False)[:, -1]


ORTHOGONAL = gallery.random_orthogonal(48, seed=3)
MATRICES = {
    "grcar": gallery.grcar(40),
    "kahan": gallery.kahan(30),
    "demmel": gallery.demmel(20),
    "ginibre": gallery.ginibre(65, seed=5),
    "trained": ORTHOGONAL + 0.1 * gallery.ginibre(48, seed=4),
    "nearly_orthogonal": ORTHOGONAL + 1e-3 * gallery.ginibre(48, seed=4),
    "orthogonal": ORTHOGONAL,
    "cyclic_shift": gallery.cyclic_shift(32),
    "diagonal": np.diag(np.linspace(-1, 1, 31)),
    "identity": np.eye(9),
    "repeated": np.kron(np.eye(8), gallery.ginibre(4, seed=3)),
    "block_diagonal": np.kron(np.diag([1.0, 0.7, -0.8]), gallery.ginibre(8, seed=3)),
}


@pytest.mark.parametrize("A", MATRICES.values(), ids=MATRICES)
def test_grids_agree_with_the_svd(A):
    T, A = engine(A)
    z = plane(50, 40)
    sigma, converged, _ = sigma_min_many(T, z, tol=1e-6)
    exact = by_svd(A, z)
    clear = exact > 1e-10
    assert converged.all()
    np.testing.assert_allclose(sigma[clear], exact[clear], rtol=1e-6)
    assert (np.abs(sigma - exact)[~clear] <= 100 * len(A) * EPS).all()


@pytest.mark.parametrize("A", MATRICES.values(), ids=MATRICES)
def test_on_an_eigenvalue_the_value_is_zero_to_rounding(A):
    T, A = engine(A)
    sigma, converged, _ = sigma_min_many(T, np.linalg.eigvals(A), tol=1e-6)
    assert converged.all()
    assert (sigma <= 100 * len(A) * EPS).all()


@pytest.mark.parametrize("n", [20, 64, 200])
def test_a_large_jordan_block_does_not_overflow(n):
    A = gallery.jordan(n, eigenvalue=0.5)
    T, A = engine(A)
    z = A[0, 0] + np.array([0, 1e-300, 1e-100, 1e-8, 1e-3, 0.1, 0.9, 1.5])
    sigma, converged, _ = sigma_min_many(T, z, tol=1e-6)
    assert converged.all()
    np.testing.assert_allclose(sigma, by_svd(A, z), rtol=1e-6, atol=1e-13)


@pytest.mark.parametrize("count", [1, 7, 8, 9, 255, 256, 257])
def test_any_number_of_shifts_fills_the_lanes(count):
    T, A = engine(gallery.ginibre(11, seed=2))
    rng = np.random.default_rng(count)
    z = rng.uniform(-1, 1, count) + 1j * rng.uniform(-1, 1, count)
    np.testing.assert_allclose(sigma_min_many(T, z, 1e-6)[0], by_svd(A, z), rtol=1e-6)


@pytest.mark.parametrize("n", range(1, 20))
def test_every_padding(n):
    T, A = engine(gallery.ginibre(n, seed=n))
    z = plane(5, 5)
    np.testing.assert_allclose(sigma_min_many(T, z, 1e-6)[0], by_svd(A, z), rtol=1e-6)


@pytest.mark.parametrize("n", range(1, 40, 2))
@pytest.mark.parametrize("z", [0, OUTSIDE])
def test_padding_is_not_seen(n, z):
    T, A = engine(gallery.ginibre(n, seed=n))
    z = np.array([z + 0j])
    np.testing.assert_allclose(sigma_min_many(T, z, 1e-6)[0], by_svd(A, z), rtol=1e-6)


def test_padding_cuts_no_block_of_order_two():
    T = schur(gallery.ginibre(40, seed=1), output="real")[0]
    packed = pack(T)
    first = np.flatnonzero(np.diag(T, -1))
    assert (packed.position[first] % 2 == 0).all()
    assert (packed.position[first + 1] == packed.position[first] + 1).all()
    assert packed.size % 4 == 0


def test_slow_lanes_outlive_many_others():
    """The history of one lane is kept while the others begin anew: symmetric A, far and near."""
    A = gallery.ginibre(40, seed=1)
    T, A = engine(A + A.T)
    z = np.tile([1e6, 0.1 + 1e-7j], 700)
    sigma, converged, _ = sigma_min_many(T, z, 1e-6)
    assert converged.all()
    np.testing.assert_allclose(sigma[:2], by_svd(A, z[:2]), rtol=1e-6)
    np.testing.assert_allclose(sigma, np.tile(sigma[:2], 700), rtol=1e-6)


def test_too_few_iterations_are_reported_and_give_upper_bounds(too_few_iterations):
    T, A = engine(too_few_iterations)
    z = plane(9, 9, side=0.2)
    sigma, converged, _ = sigma_min_many(T, z, 1e-6)
    assert not converged.any()
    assert (sigma >= by_svd(A, z) * (1 - 1e-12)).all()


@pytest.mark.parametrize("A", [gallery.grcar(33), ORTHOGONAL])
def test_without_the_compiler_the_values_are_the_same(A, without_numba):
    z = plane(40, 30)
    compiled = sigma_min_many(engine(A)[0], z, 1e-6)[0]
    without_numba()
    np.testing.assert_allclose(sigma_min_many(engine(A)[0], z, 1e-6)[0], compiled, rtol=1e-6)


def test_numba_is_loaded_only_when_it_is_needed():
    script = (
        "import sys; from rnnspec.spectra.pseudospectrum import pseudospectrum as p;"
        "p([[1.0]], grid=2); assert 'numba' not in sys.modules;"
        "sys.modules['numba'] = None; import numpy as np;"
        "found = p(np.diag(np.arange(10.0)), box=(0, 1, 0, 1), grid=3);"
        "assert abs(found.sigma_min[1, 0] - 0.5) < 1e-6"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True)
