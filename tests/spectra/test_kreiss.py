"""The Kreiss constant: closed forms, the two sides of the Kreiss theorem, brute force."""

import numpy as np
import pytest

from benchmarks import oracle
from rnnspec import ConvergenceWarning
from rnnspec.spectra import gallery
from rnnspec.spectra.eigen import spectral_radius
from rnnspec.spectra.engine.dense import exact_sigma_min
from rnnspec.spectra.kreiss import kreiss_constant
from rnnspec.spectra.pseudospectral import pseudospectral_radius
from rnnspec.spectra.transient import transient_growth


@pytest.mark.parametrize("name", oracle.stable_cases())
def test_brute_force_and_both_bounds(name):
    A = oracle.stable_cases()[name]
    found = kreiss_constant(A)
    assert found.certified
    assert found.upper <= found.lower * (1 + 1.0001e-4)
    assert oracle.kreiss(A) <= found.upper * (1 + 1e-12)
    assert float(found) == pytest.approx(max(1, oracle.kreiss(A)), rel=1e-5)
    assert found.lower <= transient_growth(A, steps=400).peak * (1 + 1e-12)
    for epsilon in (1e-3, 1e-2, 0.1, 1.0):
        assert (float(pseudospectral_radius(A, epsilon)) - 1) / epsilon <= found.upper


@pytest.mark.parametrize("n", [32, 64])
def test_larger_matrix(n):
    A = gallery.ginibre(n, seed=21)
    A = 0.95 * A / spectral_radius(A)
    found = kreiss_constant(A)
    assert found.certified
    assert found.upper <= found.lower * (1 + 1.0001e-4)
    gaps, angles = np.geomspace(1e-3, 5, 12), np.linspace(0, np.pi, 60)
    z = ((1 + gaps[:, None]) * np.exp(1j * angles)).ravel()
    assert ((np.abs(z) - 1) / exact_sigma_min(A, z)).max() <= found.upper


@pytest.mark.parametrize("n", [2, 4, 10])
@pytest.mark.parametrize("eigenvalue", [0.0, 0.5])
def test_jordan_block_on_its_ray(n, eigenvalue):
    # sigma_min of a Jordan block depends on |z - eigenvalue| only, so that the ray is best.
    A = 2 * gallery.jordan(n, eigenvalue / 2)
    gaps = np.geomspace(1e-4, 10, 40000) if n < 10 else np.geomspace(1e-3, 5, 8000)
    sampled = (gaps / exact_sigma_min(A, 1 + gaps)).max()
    assert float(kreiss_constant(A)) == pytest.approx(max(1, sampled), rel=1e-6)


def test_two_by_two_nilpotent_in_closed_form():
    assert float(kreiss_constant([[0.0, 4.0], [0.0, 0.0]])) == pytest.approx(1.25, rel=1e-9)


@pytest.mark.parametrize("b", [1.0, 2.0, 4.0])
def test_continuous_time_limit_in_closed_form(b):
    # K([[0, b], [0, -1]]) = sqrt(1 + b^2), approached at z -> 0.
    A = np.array([[-1e-7, b], [0.0, -1.0]])
    found = kreiss_constant(A, time="continuous")
    assert found.certified
    assert float(found) == pytest.approx(np.sqrt(1 + b * b), rel=2e-3)


@pytest.mark.parametrize(
    "A",
    [
        np.diag([0.5, -1.0]),
        gallery.random_orthogonal(16, 3),
        0.5 * gallery.cyclic_shift(6),
        np.zeros((2, 2)),
        np.eye(3),
        [[1]],
        [[1j]],
        gallery.jordan(5),
    ],
)
def test_one_where_the_numerical_range_lies_in_the_disk(A):
    found = kreiss_constant(A)
    assert (found.value, found.lower, found.upper, found.certified) == (1, 1, 1, True)
    assert found.witness is None


def test_infinite_with_an_eigenvalue_outside():
    assert kreiss_constant(1.01 * np.eye(2)).value == np.inf
    assert kreiss_constant([[1e-3]], time="continuous").value == np.inf
    assert kreiss_constant([[-1e-3]], time="continuous").value == 1


def test_an_eigenvalue_that_rounding_may_have_put_outside_is_no_proof():
    Q = gallery.random_orthogonal(32, 3)
    A = Q @ gallery.jordan(32, 0.9) @ Q.T
    assert spectral_radius(A) > 1.1
    with pytest.warns(ConvergenceWarning, match="rounding errors of `A` could bring it back"):
        found = kreiss_constant(A)
    assert (found.lower, found.upper, found.certified) == (1, np.inf, False)


@pytest.mark.parametrize("A", [[[1.0, 1.0], [0.0, 1.0]], [[1.0, 3.0], [0.0, 0.5]]])
def test_eigenvalue_on_the_circle_is_not_certified(A):
    with pytest.warns(ConvergenceWarning, match="an eigenvalue of `A` is on the boundary"):
        found = kreiss_constant(A)
    assert not found.certified
    assert found.lower > 1
    assert found.upper == np.inf


def test_nearly_unstable_matrix_is_certified():
    A = np.array([[1 - 1e-6, 1.0], [0.0, 0.5]])
    found = kreiss_constant(A)
    assert found.certified
    assert oracle.kreiss(A) <= found.upper * (1 + 1e-9)


def test_witness_attains_the_value_and_similarity_keeps_it():
    A, Q = gallery.grcar(12) / 2.5, gallery.random_orthogonal(12, 7)
    found = kreiss_constant(A)
    ratio = (abs(found.witness) - 1) / exact_sigma_min(A, found.witness)[0]
    assert ratio == pytest.approx(float(found), rel=1e-9)
    assert float(kreiss_constant(Q @ A @ Q.T)) == pytest.approx(float(found), rel=1e-6)
    assert float(kreiss_constant(np.exp(0.4j) * A)) == pytest.approx(float(found), rel=1e-6)


def test_options_count():
    A = gallery.grcar(10) / 2.5
    wide, narrow = kreiss_constant(A, rtol=0.1), kreiss_constant(A, rtol=1e-7)
    assert narrow.certified
    assert narrow.upper / narrow.lower <= 1 + 1.01e-7 < wide.upper / wide.lower
    shifted = A - 1.2 * np.eye(10)
    assert float(kreiss_constant(shifted, time="continuous")) != float(kreiss_constant(A))


def test_an_unfinished_search_says_so():
    with pytest.warns(ConvergenceWarning, match="the search did not reach rtol=1e-15"):
        found = kreiss_constant(gallery.grcar(10) / 2.5, rtol=1e-15)
    assert not found.certified
    assert found.lower < found.upper


def test_errors():
    with pytest.raises(ValueError, match="`time` must be one of discrete, continuous"):
        kreiss_constant([[0.5]], time="never")
    with pytest.raises(ValueError, match="`rtol` must be a finite number > 0"):
        kreiss_constant([[0.5]], rtol=-1)
    with pytest.raises(ValueError, match="square"):
        kreiss_constant([[0.5, 1.0]])


@pytest.mark.parametrize("size", [2.0**-900, 2.0**-60, 2.0**900])
def test_continuous_time_knows_no_scale(size):
    A = gallery.ginibre(12, seed=3) - 1.3 * np.eye(12)
    found, scaled = (kreiss_constant(B, "continuous") for B in (A, size * A))
    assert found.value > 1
    assert scaled.value == pytest.approx(found.value)
    assert scaled.witness == pytest.approx(size * found.witness)
