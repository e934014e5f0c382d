"""Pseudospectral radius and abscissa: published values, closed forms, laws, brute force."""

import numpy as np
import pytest

from benchmarks import oracle
from rnnspec import ConvergenceWarning
from rnnspec.spectra import gallery
from rnnspec.spectra.eigen import spectral_abscissa, spectral_radius
from rnnspec.spectra.engine.dense import exact_sigma_min
from rnnspec.spectra.nonnormality import numerical_abscissa
from rnnspec.spectra.pseudospectral import pseudospectral_abscissa, pseudospectral_radius

BOTH = [pseudospectral_radius, pseudospectral_abscissa]
REFERENCE = [  # Guglielmi and Overton for n = 100; EigTool's routines for n = 32
    (100, 1e-4, 2.8521560963, 2.4127649236),
    (32, 1e-2, 2.67399075669, 2.09543304038),
    (32, 1e-4, 2.34471822642, 1.6590867483),
]


@pytest.mark.parametrize(("n", "epsilon", "radius", "abscissa"), REFERENCE)
def test_reference_values_of_grcar(n, epsilon, radius, abscissa):
    A = gallery.grcar(n)
    for function, expected in zip(BOTH, (radius, abscissa), strict=True):
        found = function(A, epsilon)
        assert found.certified
        assert float(found) == pytest.approx(expected, abs=2e-10)
        at_witness = exact_sigma_min(A, found.witness)[0]
        assert at_witness == pytest.approx(epsilon, rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("name", oracle.stable_cases())
@pytest.mark.parametrize("epsilon", [0.05, 0.3])
def test_brute_force_agrees(name, epsilon):
    A = oracle.stable_cases()[name]
    for function, kind in zip(BOTH, ("radius", "abscissa"), strict=True):
        found = function(A, epsilon)
        expected = oracle.outermost(A, epsilon, kind)
        assert found.lower <= found.value <= found.upper
        assert expected <= found.upper + 1e-12
        assert found.value == pytest.approx(expected, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("seed", [3, 4])
def test_no_sample_lies_outside_at_n_64(seed):
    A, epsilon = gallery.ginibre(64, seed=seed), 0.05
    found = pseudospectral_radius(A, epsilon)
    s = np.linspace(0, np.pi, 1500)
    assert found.certified
    assert exact_sigma_min(A, found.upper * np.exp(1j * s)).min() > epsilon


@pytest.mark.parametrize(
    "A", [np.diag([0.5, -0.9, 1j]), gallery.cyclic_shift(7), gallery.random_orthogonal(20, 5)]
)
@pytest.mark.parametrize("epsilon", [1e-6, 0.1])
def test_normal_matrix_has_discs(A, epsilon):
    assert float(pseudospectral_radius(A, epsilon)) == pytest.approx(
        spectral_radius(A) + epsilon, rel=1e-12
    )
    assert float(pseudospectral_abscissa(A, epsilon)) == pytest.approx(
        spectral_abscissa(A) + epsilon, rel=1e-12
    )


def test_two_by_two_jordan_block_in_closed_form():
    for epsilon in (1e-8, 1e-3, 0.5):
        expected = np.sqrt(epsilon * (1 + epsilon))
        for function in BOTH:
            assert float(function(gallery.jordan(2), epsilon)) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("A", [gallery.grcar(12), gallery.ginibre(10, 2), gallery.jordan(5, 0.5)])
def test_laws(A):
    epsilons = [1e-9, 1e-6, 1e-3, 0.1, 1.0]
    radii = [float(pseudospectral_radius(A, e)) for e in epsilons]
    abscissas = [float(pseudospectral_abscissa(A, e)) for e in epsilons]
    assert np.all(np.diff(radii) > 0)
    assert np.all(np.diff(abscissas) > 0)
    Q = gallery.random_orthogonal(len(A), seed=12)
    for e, radius, abscissa in zip(epsilons[2:], radii[2:], abscissas[2:], strict=True):
        assert radius >= spectral_radius(A) + e - 1e-12
        assert abscissa <= numerical_abscissa(A) + e + 1e-12
        assert float(pseudospectral_radius(Q @ A @ Q.T, e)) == pytest.approx(radius, rel=1e-10)
        turned = [
            float(pseudospectral_abscissa(np.exp(-1j * t) * A, e)) for t in np.arange(0, 6, 0.5)
        ]
        assert max(turned) <= radius + 1e-10


def test_radius_is_the_abscissa_of_the_best_rotation():
    A = gallery.grcar(8)
    found = pseudospectral_radius(A, 0.01)
    turned = np.exp(-1j * found.angle) * A
    assert float(pseudospectral_abscissa(turned, 0.01)) == pytest.approx(float(found), rel=1e-10)


@pytest.mark.parametrize("A", [[[2]], [[0.0]], np.zeros((3, 3)), np.eye(3), [[0.5j]]])
def test_dull_matrices(A):
    assert float(pseudospectral_radius(A, 0.25)) == pytest.approx(spectral_radius(A) + 0.25)
    assert float(pseudospectral_abscissa(A, 0.25)) == pytest.approx(spectral_abscissa(A) + 0.25)


def test_epsilon_below_rounding_is_said_to_be():
    for function in BOTH:
        with pytest.warns(ConvergenceWarning, match="at most the rounding of sigma_min"):
            found = function(gallery.grcar(20), 1e-16)
        assert not found.certified
        assert found.lower <= found.upper


@pytest.mark.parametrize("function", BOTH)
def test_rtol_decides_the_bracket(function):
    A = gallery.grcar(8) / 3
    wide, narrow = function(A, 0.1, rtol=1e-3), function(A, 0.1)
    assert wide.certified
    assert narrow.certified
    assert wide.lower <= narrow.value <= wide.upper
    assert narrow.upper - narrow.lower < 1e-9 < wide.upper - wide.lower
    with pytest.raises(ValueError, match="`rtol` must be a finite number > 0, got 0"):
        function(A, 0.1, rtol=0)


@pytest.mark.parametrize("function", BOTH)
def test_errors(function):
    with pytest.raises(ValueError, match="`epsilon` must be a finite number > 0, got -0.1"):
        function(np.eye(2), -0.1)
    with pytest.raises(ValueError, match="square"):
        function(np.ones((2, 3)), 0.1)
    with pytest.raises(ValueError, match="finite"):
        function([[np.nan]], 0.1)
    with pytest.raises(ValueError, match="at least one row"):
        function(np.empty((0, 0)), 0.1)


@pytest.mark.parametrize("size", [1e-300, 1e-30])
def test_a_matrix_that_is_nothing_beside_epsilon(size):
    for function in BOTH:
        assert float(function(size * gallery.ginibre(12, seed=3), 1.0)) == pytest.approx(1.0)
