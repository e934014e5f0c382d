"""Many points: order, start vectors, batches and threads change nothing but the time."""

import tracemalloc

import numpy as np
import pytest
import torch
from scipy.linalg import schur

from rnnspec.spectra import gallery
from rnnspec.spectra.engine import arrays, continuation
from rnnspec.spectra.engine.continuation import sigma_min_many
from rnnspec.spectra.engine.dense import engine_of
from rnnspec.spectra.resolvent import check_device, sigma_min

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


def engine(A):
    A = A / np.linalg.norm(A, 2)
    return engine_of(schur(A, output="real" if np.isrealobj(A) else "complex")[0]), A


def plane(nx, ny, side=1.2):
    return (np.linspace(-side, side, nx) + 1j * np.linspace(0.01, side, ny)[:, None]).ravel()


def by_svd(A, z):
    return np.linalg.svd(z[:, None, None] * np.eye(len(A)) - A, compute_uv=False)[:, -1]


SYMMETRIC = gallery.ginibre(24, seed=1) + gallery.ginibre(24, seed=1).T
CROSSINGS = {
    "orthogonal": gallery.random_orthogonal(48, seed=3),
    "cyclic_shift": gallery.cyclic_shift(24),
    "symmetric": SYMMETRIC,
    "block_diagonal": np.kron(np.diag([1.0, 0.7, -0.8]), gallery.ginibre(8, seed=3)),
    "commuting": np.kron(np.eye(2), gallery.grcar(12)) + np.kron(np.diag([0, 0.3]), np.eye(12)),
    "complex": np.diag(np.exp(1j * np.arange(20.0))) @ gallery.ginibre(20, seed=2),
}


@pytest.mark.parametrize("A", CROSSINGS.values(), ids=CROSSINGS)
def test_a_neighbours_vector_does_not_mislead_at_a_crossing(A):
    T, A = engine(A)
    z = plane(50, 40)
    sigma, converged, _ = sigma_min_many(T, z, tol=1e-6)
    assert converged.all()
    np.testing.assert_allclose(sigma, by_svd(A, z), rtol=1e-6, atol=1e-14)


def test_warm_starts_save_iterations():
    T, _ = engine(gallery.ginibre(64, seed=1))
    z = plane(60, 60)
    warm = sigma_min_many(T, z, tol=1e-6)[2]
    cold = sum(sigma_min_many(T, point[None], tol=1e-6)[2] for point in z[::37])
    assert warm / len(z) < 0.95 * cold / len(z[::37])


@pytest.mark.parametrize(
    ("module", "name", "value"),
    [(continuation, "TILE", 100), (continuation, "WORKSPACE", 500000), (arrays, "CACHE", 5000)],
)
@pytest.mark.parametrize("factor", [1, 1j])
def test_small_tiles_and_batches_change_only_rounding(module, name, value, factor, monkeypatch):
    T, _ = engine(factor * gallery.ginibre(20, seed=4))
    z = plane(40, 30)
    whole = sigma_min_many(T, z, tol=1e-9)[0]
    monkeypatch.setattr(arrays, "NARROW", 16)
    monkeypatch.setattr(module, name, value)
    np.testing.assert_allclose(sigma_min_many(T, z, tol=1e-9)[0], whole, rtol=1e-8)


def test_the_number_of_threads_changes_no_bit():
    T, _ = engine(gallery.ginibre(20, seed=4))
    z = plane(100, 100)
    np.testing.assert_array_equal(
        sigma_min_many(T, z, 1e-6, workers=1)[0], sigma_min_many(T, z, 1e-6, workers=3)[0]
    )


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_few_points_lines_and_repeats(count):
    T, A = engine(gallery.grcar(12))
    for z in (np.linspace(0, 1j, count), np.full(count, 0.3 + 0.1j), np.arange(count) + 0j):
        np.testing.assert_allclose(sigma_min_many(T, z, 1e-6)[0], by_svd(A, z), rtol=1e-6)


def test_every_point_is_counted_once():
    counted = []
    T, _ = engine(gallery.grcar(12))
    sigma_min_many(T, plane(31, 17), 1e-6, count=counted.append)
    assert sum(counted) == 31 * 17


def test_an_interrupt_stops_at_once():
    def interrupted(_points):
        raise KeyboardInterrupt

    T, _ = engine(gallery.grcar(12))
    with pytest.raises(KeyboardInterrupt):
        sigma_min_many(T, plane(9, 9), 1e-6, workers=2, count=interrupted)


@pytest.mark.parametrize("factor", [1, 1 + 1j])
@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=needs_gpu)])
def test_tensors_give_the_values_of_arrays(device, factor):
    A = gallery.ginibre(33, seed=4) * factor
    z = np.append(plane(30, 30), np.linalg.eigvals(A / np.linalg.norm(A, 2)))
    of_arrays, A = engine(A)
    like = torch.empty(0, dtype=torch.complex128, device=device)
    T = schur(A, output="real" if np.isrealobj(A) else "complex")[0]
    of_tensors = arrays.ArrayEngine(T, np.full(33, 33**-0.5 + 0j), like)
    found, converged, _ = sigma_min_many(of_tensors, z, 1e-6)
    assert converged.all()
    np.testing.assert_allclose(found, sigma_min_many(of_arrays, z, 1e-6)[0], rtol=1e-6, atol=1e-13)


@needs_gpu
def test_sigma_min_on_the_gpu():
    A, z = gallery.grcar(40), plane(20, 20, 3)
    np.testing.assert_allclose(sigma_min(A, z, device="cuda"), sigma_min(A, z), rtol=1e-6)


def test_a_gpu_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="torch finds no GPU"):
        check_device("cuda")


@pytest.mark.parametrize("factor", [1, 1j])
@pytest.mark.parametrize("compiled", [True, False])
def test_vectors_stay_within_the_workspace(compiled, factor, monkeypatch, without_numba):
    if not compiled:
        without_numba()
    T, _ = engine(factor * gallery.ginibre(60, seed=4))
    z = plane(50, 40)
    whole = sigma_min_many(T, z, tol=1e-6)[0]
    monkeypatch.setattr(continuation, "WORKSPACE", 2**20)
    tracemalloc.start()
    try:
        parts = sigma_min_many(T, z, tol=1e-6)[0]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= 2**20 + 64 * len(z)  # and the points with their values
    np.testing.assert_allclose(parts, whole, rtol=1e-6)
