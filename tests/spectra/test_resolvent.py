"""sigma_min at any points: closed forms, identities, and both methods behind one name."""

import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy.linalg import schur
from threadpoolctl import threadpool_info, threadpool_limits

from rnnspec import ConvergenceWarning
from rnnspec.spectra import gallery
from rnnspec.spectra.eigen import eigenvalues
from rnnspec.spectra.engine import continuation, dense
from rnnspec.spectra.engine.dense import SMALL, Resolvent
from rnnspec.spectra.nonnormality import eigenvector_condition
from rnnspec.spectra.resolvent import sigma_min

EPS = np.finfo(float).eps
POINTS = np.array([[0.3, 0.2 + 1j, -1.0], [2.0, 0.5j, 1 - 1j]])


@pytest.mark.parametrize("n", [3, SMALL, SMALL + 1, 30])
def test_normal_matrix_gives_the_distance_to_the_spectrum(n):
    A = gallery.cyclic_shift(n)
    distance = np.abs(POINTS[..., None] - eigenvalues(A)).min(axis=-1)
    np.testing.assert_allclose(sigma_min(A, POINTS), distance, rtol=1e-6, atol=100 * EPS)


def test_two_by_two_jordan_in_closed_form():
    r = np.abs(POINTS)
    exact = (np.sqrt(4 * r**2 + 1) - 1) / 2
    np.testing.assert_allclose(sigma_min([[0, 1], [0, 0]], POINTS), exact, rtol=10 * EPS)


@pytest.mark.parametrize("A", [gallery.grcar(6), gallery.grcar(24)])
def test_one_over_the_resolvent_norm(A):
    resolvents = np.linalg.inv(POINTS[..., None, None] * np.eye(len(A)) - A)
    norms = np.linalg.norm(resolvents, 2, axis=(-2, -1))
    np.testing.assert_allclose(sigma_min(A, POINTS), 1 / norms, rtol=1e-6)


def test_unitary_invariance():
    A, Q = gallery.grcar(24), gallery.random_orthogonal(24, seed=7)
    np.testing.assert_allclose(sigma_min(Q @ A @ Q.T, POINTS), sigma_min(A, POINTS), rtol=1e-6)


def test_translation_and_transposition():
    A = gallery.ginibre(20, seed=4)
    np.testing.assert_allclose(
        sigma_min(A + 2j * np.eye(20), POINTS + 2j), sigma_min(A, POINTS), rtol=1e-6
    )
    np.testing.assert_allclose(sigma_min(A.T, POINTS), sigma_min(A, POINTS), rtol=1e-6)


def test_bauer_fike():
    A = gallery.ginibre(24, seed=9)
    distance = np.abs(POINTS[..., None] - eigenvalues(A)).min(axis=-1)
    sigma = sigma_min(A, POINTS)
    assert (sigma <= distance * (1 + 1e-6)).all()
    assert (distance <= eigenvector_condition(A) * sigma * (1 + 1e-6)).all()


def test_lipschitz_with_constant_one():
    A = gallery.grcar(24)
    z = np.linspace(-1 + 2j, 3 - 1j, 300)
    assert np.abs(np.diff(sigma_min(A, z))).max() <= np.abs(np.diff(z)).max() * (1 + 1e-6)


def test_the_point_that_attains_the_published_pseudospectral_radius():
    A, epsilon, radius = gallery.grcar(100), 1e-4, 2.85215609633
    angles = np.linspace(1.2, 1.5, 3001)
    lowest = sigma_min(A, radius * np.exp(1j * angles)).min()
    assert lowest == pytest.approx(epsilon, rel=1e-4)


@pytest.mark.parametrize(
    ("A", "method"),
    [
        (np.eye(SMALL), "svd"),
        (np.eye(SMALL + 1), "lanczos"),
        (np.zeros((30, 30)), "svd"),
    ],
)
def test_method_and_dull_matrices(A, method):
    assert Resolvent(A).method == method
    np.testing.assert_allclose(sigma_min(A, [A[0, 0], 3.0]), [0, 3 - A[0, 0]], atol=10 * EPS)


def test_a_zero_matrix_of_any_order_takes_no_svd(monkeypatch):
    monkeypatch.delattr(np.linalg, "svd")
    np.testing.assert_array_equal(sigma_min(np.zeros((2000, 2000)), [3 + 4j, 0.0]), [5.0, 0.0])


@pytest.mark.parametrize("factor", [1.0, 1j])
def test_the_triangle_is_the_schur_form(factor):
    A = factor * gallery.grcar(20)
    T, _ = schur(A / np.linalg.norm(A, 2))
    np.testing.assert_allclose(Resolvent(A).T, T, atol=1000 * EPS)


def test_a_schur_form_that_is_not_found_is_an_error(monkeypatch):
    def gees(_select, A, lwork, **_):
        return A, np.array([1.0]), int(lwork > 0)

    monkeypatch.setattr(dense, "get_lapack_funcs", lambda _names, _arrays: (gees,))
    with pytest.raises(np.linalg.LinAlgError, match="did not find the Schur form of `A`"):
        Resolvent(gallery.grcar(20))


def test_a_factorisation_holds_few_matrices():
    A = gallery.ginibre(300, seed=1)
    sigma_min(A, [3.0])  # imports and code that is compiled once
    tracemalloc.start()
    try:
        sigma_min(A, [3.0])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= 5.5 * A.nbytes


@pytest.mark.parametrize("n", [4, 20])
def test_shapes(n):
    A = gallery.grcar(n)
    assert sigma_min(A, 1j).shape == ()
    assert sigma_min(A, []).shape == (0,)
    assert sigma_min(A, np.zeros((2, 3, 4))).shape == (2, 3, 4)


@pytest.mark.parametrize("n", [6, 20])
def test_batches_change_nothing(n, monkeypatch):
    A, z = gallery.grcar(n), np.linspace(0, 2 + 2j, 50)
    whole = sigma_min(A, z)
    monkeypatch.setattr(dense, "WORK", 7 * n)
    np.testing.assert_allclose(sigma_min(A, z), whole, rtol=1e-9)


def test_batches_get_the_threads_that_blas_may_use(monkeypatch):
    asked = []

    class Pool(ThreadPoolExecutor):
        def __init__(self, workers):
            blas = {lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"}
            asked.append((workers, *blas))
            super().__init__(workers)

    monkeypatch.setattr(continuation, "ThreadPoolExecutor", Pool)
    values = []
    for threads in (1, 2):
        with threadpool_limits(threads, user_api="blas"):
            values.append(sigma_min(gallery.grcar(20), np.linspace(0, 2 + 2j, 5000)))
    assert asked == [(1, 1), (2, 1)]
    np.testing.assert_array_equal(*values)


def test_an_unreached_tolerance_is_told(too_few_iterations):
    with pytest.warns(ConvergenceWarning, match="did not reach tol=1e-06 at 2 of 5 points"):
        sigma_min(too_few_iterations, [0.1, 1e9, 1e9, 0.1j, 1e9])


def test_bad_arguments():
    with pytest.raises(ValueError, match="`points` must be finite"):
        sigma_min(np.eye(2), [np.nan])
    with pytest.raises(ValueError, match="`tol` must be a finite number > 0, got 0"):
        sigma_min(np.eye(2), [1.0], tol=0)
    with pytest.raises(ValueError, match="`A` must be a square matrix"):
        sigma_min(np.ones((8, 2)), [1.0])


@pytest.mark.parametrize("n", [3, 20])
def test_progress_is_told_in_points(n):
    told = []
    sigma_min(gallery.grcar(n), np.ones((3, 4)), progress=lambda *counts: told.append(counts))
    assert told[-1] == (12, 12)


def test_progress_is_a_function():
    with pytest.raises(ValueError, match="`progress` must be a function of points .*, got True"):
        sigma_min(np.eye(2), [1.0], progress=True)
