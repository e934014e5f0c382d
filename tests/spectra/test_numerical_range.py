"""The numerical range: polygons that enclose it, and how near they come."""

import numpy as np
import pytest

from rnnspec.spectra import gallery
from rnnspec.spectra.eigen import eigenvalues
from rnnspec.spectra.numerical_radius import numerical_radius
from rnnspec.spectra.numerical_range import numerical_range


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


def test_errors():
    with pytest.raises(ValueError, match="`angles` must be an integer of at least 3, got 2"):
        numerical_range(np.eye(2), angles=2)
    with pytest.raises(ValueError, match="must be an integer of at least 3, got 3.5"):
        numerical_range(np.eye(2), angles=3.5)
    with pytest.raises(ValueError, match="square"):
        numerical_range(np.ones((2, 3)))
