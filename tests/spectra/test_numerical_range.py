"""The numerical range: closed forms, discs, polygons that bound it, brute force."""

import numpy as np
import pytest

from benchmarks import oracle
from rnnspec.spectra import gallery
from rnnspec.spectra.eigen import eigenvalues, spectral_norm, spectral_radius
from rnnspec.spectra.numerical_range import numerical_radius, numerical_range

CLOSED = [
    ([[0, 1], [0, 0]], 0.5),
    ([[0, 2], [0, 0]], 1.0),
    (np.diag([1 + 2j, -0.25]), np.sqrt(5)),
    (gallery.jordan(30), np.cos(np.pi / 31)),
    (3j * gallery.jordan(7), 3 * np.cos(np.pi / 8)),
    (gallery.cyclic_shift(9), 1.0),
    (gallery.random_orthogonal(33, 2), 1.0),
    ([[-2]], 2.0),
    (np.zeros((3, 3)), 0.0),
]


@pytest.mark.parametrize(("A", "expected"), CLOSED)
def test_radius_in_closed_form_discs_included(A, expected):
    found = numerical_radius(A)
    assert found.certified
    assert found.lower <= found.value <= found.upper
    assert found.upper - found.lower <= 1.1e-10 * found.upper
    assert float(found) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", oracle.stable_cases())
def test_radius_agrees_with_brute_force(name):
    A = oracle.stable_cases()[name]
    assert float(numerical_radius(A)) == pytest.approx(oracle.numerical_radius(A), rel=1e-9)


@pytest.mark.parametrize("A", [gallery.grcar(64), gallery.ginibre(48, 5), gallery.limacon(20)])
def test_laws_of_the_radius(A):
    found, n = numerical_radius(A), len(A)
    assert max(spectral_radius(A), spectral_norm(A) / 2) <= found.upper
    assert found.lower <= spectral_norm(A)
    assert abs(found.witness) == pytest.approx(float(found), rel=1e-9)
    Q = gallery.random_orthogonal(n, 8)
    for B in (Q @ A @ Q.T, np.exp(0.3j) * A):
        assert float(numerical_radius(B)) == pytest.approx(float(found), rel=1e-10)


def inside(points, polygon, slack):
    """Whether the points lie left of every edge of a counterclockwise polygon."""
    edges = np.roll(polygon, -1) - polygon
    return ((edges.conj() * (points[:, None] - polygon)).imag >= -slack * np.abs(edges)).all()


@pytest.mark.parametrize("A", [gallery.grcar(16), gallery.ginibre(10, 1) + 1j * np.eye(10)])
def test_polygons_enclose_the_range(A):
    found = numerical_range(A, angles=90)
    rng = np.random.default_rng(55)
    X = rng.standard_normal((400, len(A))) + 1j * rng.standard_normal((400, len(A)))
    samples = np.einsum("ki,ij,kj->k", X.conj(), A, X) / (np.abs(X) ** 2).sum(axis=1)
    for points in (samples, eigenvalues(A), found.inner):
        assert inside(points, found.outer, 1e-12)
    turned = np.exp(-1j * found.angles) * found.inner
    np.testing.assert_allclose(turned.real, found.support, rtol=1e-12, atol=1e-12)


def test_gap_falls_with_the_square_of_the_angles():
    A = gallery.grcar(12)
    gaps = []
    for angles in (60, 120):
        found = numerical_range(A, angles)
        assert len(found.inner) == angles
        gaps.append(np.abs(found.outer).max() - np.abs(found.inner).max())
        assert np.abs(found.inner).max() <= float(numerical_radius(A)) + 1e-12
        assert float(numerical_radius(A)) <= np.abs(found.outer).max() + 1e-12
    assert gaps[1] < 0.4 * gaps[0]


def test_hermitian_range_is_an_interval():
    found = numerical_range(np.diag([1.0, -2.0]), angles=4)
    np.testing.assert_allclose(found.support, [1, 0, 2, 0], atol=1e-15)


def test_rtol_decides_the_gap():
    A = gallery.grcar(8)
    wide, narrow = numerical_radius(A, rtol=1e-3), numerical_radius(A)
    assert wide.upper - wide.lower > 1e4 * (narrow.upper - narrow.lower)


def test_errors():
    with pytest.raises(ValueError, match="`angles` must be an integer of at least 3, got 2"):
        numerical_range(np.eye(2), angles=2)
    with pytest.raises(ValueError, match="must be an integer of at least 3, got 3.5"):
        numerical_range(np.eye(2), angles=3.5)
    with pytest.raises(ValueError, match="`rtol` must be a finite number > 0"):
        numerical_radius(np.eye(2), rtol=0)
    for function in (numerical_range, numerical_radius):
        with pytest.raises(ValueError, match="square"):
            function(np.ones((2, 3)))
