"""The numerical radius: closed forms, discs, similarity, brute force."""

import numpy as np
import pytest

from benchmarks import oracle
from rnnspec.spectra import gallery
from rnnspec.spectra.eigen import spectral_norm, spectral_radius
from rnnspec.spectra.numerical_radius import numerical_radius

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


def test_rtol_decides_the_gap():
    A = gallery.grcar(8)
    wide, narrow = numerical_radius(A, rtol=1e-3), numerical_radius(A)
    assert wide.upper - wide.lower > 1e4 * (narrow.upper - narrow.lower)


def test_errors():
    with pytest.raises(ValueError, match="`rtol` must be a finite number > 0"):
        numerical_radius(np.eye(2), rtol=0)
    with pytest.raises(ValueError, match="square"):
        numerical_radius(np.ones((2, 3)))
