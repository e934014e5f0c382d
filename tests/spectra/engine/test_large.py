"""Sparse matrices and operators: the same values as dense, or an inner approximation."""

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse import csc_array, diags_array, eye_array
from scipy.sparse.linalg import aslinearoperator

from rnnspec import ConvergenceWarning
from rnnspec.spectra import gallery
from rnnspec.spectra.engine import krylov, large
from rnnspec.spectra.engine import sparse as sparse_engine
from rnnspec.spectra.engine.krylov import KrylovResolvent
from rnnspec.spectra.engine.large import large_resolvent
from rnnspec.spectra.engine.sparse import SparseResolvent
from rnnspec.spectra.pseudospectrum import pseudospectrum
from rnnspec.spectra.resolvent import sigma_min

BOX = (-1.0, 3.0, -3.0, 3.0)
POINTS = np.array([[0.3, 0.2 + 1j, -1.0], [2.0, 0.5j, 1 - 1j]])


@pytest.mark.parametrize("A", [gallery.grcar(40), gallery.grcar(40) * 1j, gallery.ginibre(30, 2)])
def test_sparse_values_are_the_dense_ones(A):
    values, converged = SparseResolvent(csc_array(A)).sigma_min(POINTS, tol=1e-6)
    assert converged
    np.testing.assert_allclose(values, sigma_min(A, POINTS), rtol=1e-6)


def test_exactly_on_an_eigenvalue():
    A = csc_array(np.diag(np.arange(5.0)))
    np.testing.assert_array_equal(SparseResolvent(A).sigma_min(np.array([2.0 + 0j]), 1e-6)[0], 0)


def test_a_large_sparse_matrix(monkeypatch):
    monkeypatch.setattr(large, "DENSE", 50)
    n = 80
    A = diags_array([np.full(n - 1, 2.0), np.full(n - 1, 0.5)], offsets=[1, -1])
    result = pseudospectrum(A, box=(-2, 2, -1, 1), grid=5)
    assert (result.method, result.inner, len(result.eigenvalues)) == ("sparse", False, 20)
    dense = pseudospectrum(A.toarray(), box=(-2, 2, -1, 1), grid=5)
    clear = dense.sigma_min > 1e-10
    np.testing.assert_allclose(result.sigma_min[clear], dense.sigma_min[clear], rtol=1e-6)


@pytest.mark.parametrize("kind", ["array", "matrix"])
@pytest.mark.parametrize("layout", ["csr", "csc", "coo", "dia", "bsr", "lil", "dok"])
@pytest.mark.parametrize("dense", [large.DENSE, 0])
def test_every_sparse_format_gives_the_dense_values(monkeypatch, layout, kind, dense):
    monkeypatch.setattr(large, "DENSE", dense)
    A, stored = gallery.grcar(40), getattr(sparse, f"{layout}_{kind}")
    result = pseudospectrum(stored(A), box=BOX, grid=3)
    assert result.method == ("lanczos" if dense else "sparse")
    expected = pseudospectrum(A, box=BOX, grid=3).sigma_min
    np.testing.assert_allclose(result.sigma_min, expected, rtol=1e-5)
    A[2, 3] = np.nan
    with pytest.raises(ValueError, match="`A` must be finite"):
        pseudospectrum(stored(A), box=BOX, grid=3)


def test_a_small_sparse_matrix_is_dense():
    A = csc_array(gallery.grcar(12))
    result = pseudospectrum(A, box=BOX, grid=6)
    assert result.method == "lanczos"
    np.testing.assert_array_equal(
        result.sigma_min, pseudospectrum(A.toarray(), box=BOX, grid=6).sigma_min
    )


@pytest.mark.parametrize("factor", [1, 1j])
def test_a_projection_is_an_inner_approximation_and_says_so(factor, monkeypatch):
    A = gallery.grcar(60) * factor
    errors = []
    for dimension in (15, 30, 60):
        monkeypatch.setattr(krylov, "KRYLOV", dimension)
        result = pseudospectrum(aslinearoperator(A), box=(-3, 3, -3, 3), grid=8)
        exact = pseudospectrum(A, box=(-3, 3, -3, 3), grid=8).sigma_min
        assert (result.sigma_min >= exact * (1 - 1e-6) - 1e-12).all()
        errors.append(np.abs(result.sigma_min - exact).max())
    assert result.inner
    assert result.method == "arnoldi"
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 1e-6 * exact.max()  # the whole space: what is left is the tolerance's
    assert result.plot().get_title() == "(inner approximation)"


def test_an_invariant_subspace_ends_the_projection():
    resolvent = KrylovResolvent(aslinearoperator(np.diag([1.0, 1.0, 4.0, 4.0])))
    assert resolvent.H.shape == (3, 2)
    np.testing.assert_allclose(np.sort(resolvent.eigenvalues(0).real), [1, 4])


def test_progress_is_counted():
    for resolvent in (
        SparseResolvent(csc_array(gallery.grcar(20))),
        KrylovResolvent(aslinearoperator(gallery.grcar(20))),
    ):
        counted = []
        resolvent.sigma_min(POINTS, 1e-6, counted.append)
        assert sum(counted) == 6


def test_bad_arguments():
    with pytest.raises(
        ValueError, match=r"`A` must be a square matrix with rows, got shape \(2, 3"
    ):
        large_resolvent(csc_array(np.ones((2, 3))))
    with pytest.raises(ValueError, match="`A` must be finite"):
        large_resolvent(csc_array([[np.nan]]))
    with pytest.raises(ValueError, match="`box` must be given for a sparse matrix or an operator"):
        pseudospectrum(csc_array(np.eye(3)))


def test_an_eigenvalue_at_the_centre_of_the_box(monkeypatch):
    """The factorisation there would be exactly singular."""
    monkeypatch.setattr(large, "DENSE", 10)
    A = diags_array(np.arange(-30.0, 31.0), format="csc")
    result = pseudospectrum(A, box=(-1.5, 1.5, -1.5, 1.5), grid=4)
    assert abs(result.eigenvalues).max() == pytest.approx(10)
    assert abs(result.eigenvalues).min() == pytest.approx(0, abs=1e-12)


def test_a_large_jordan_block_has_a_picture_and_no_eigenvalues(monkeypatch):
    monkeypatch.setattr(large, "DENSE", 10)
    A, where = eye_array(60, k=1, format="csc"), (-1.5, 1.5, -1.5, 1.5)
    with pytest.warns(ConvergenceWarning, match="no eigenvalue near 0"):
        result = pseudospectrum(A, box=where, grid=4)
    assert len(result.eigenvalues) == 0
    dense = pseudospectrum(A.toarray(), box=where, grid=4)
    clear = dense.sigma_min > 1e-10
    np.testing.assert_allclose(result.sigma_min[clear], dense.sigma_min[clear], rtol=1e-6)
    result.plot()


def test_what_did_not_converge_is_told(monkeypatch):
    """After two iterations the values are upper bounds, and the warning counts them."""
    monkeypatch.setattr(sparse_engine, "ITERATIONS", 2)
    A = gallery.random_orthogonal(40, seed=2)
    with pytest.warns(ConvergenceWarning, match="did not reach tol=1e-06 at 6 of 6 points"):
        values, converged = SparseResolvent(csc_array(A)).sigma_min(0.1 * POINTS, tol=1e-6)
    assert not converged
    assert (values >= sigma_min(A, 0.1 * POINTS) * (1 - 1e-6)).all()
