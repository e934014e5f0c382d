"""Real distance at one point: at least the complex one, the same from every start."""

import numpy as np
import pytest

from benchmarks import oracle
from rnnspec.spectra import gallery
from rnnspec.spectra.eigen import eigenvalues
from rnnspec.spectra.real_distance import (
    real_distance,
    real_form,
    real_perturbation,
    turning_point,
)

A = gallery.ginibre(9, seed=3) / 2


@pytest.mark.parametrize("angle", [0.1, 1.0, 3.0])
def test_never_below_the_complex_one_and_every_weight_is_a_lower_bound(angle):
    found = real_distance(A, angle)
    assert found.value >= oracle.smallest(A, [np.exp(1j * angle)])[0] * (1 - 1e-12)
    for weight in np.geomspace(1e-3, 1, 40):
        proved = np.linalg.svd(real_form(A, angle, weight), compute_uv=False)[-2]
        assert proved <= found.value * (1 + 1e-9)
        assert real_distance(A, angle, weight).value == pytest.approx(found.value, rel=1e-8)


def test_weight_and_its_inverse_prove_the_same():
    one, other = (np.linalg.svd(real_form(A, 0.7, g), compute_uv=False) for g in (0.3, 1 / 0.3))
    np.testing.assert_allclose(one, other, rtol=1e-12)


@pytest.mark.parametrize("angle", [0.4, 1.3, 2.8])
def test_slope_is_the_derivative_over_the_angle(angle):
    h = 1e-5
    rise = (real_distance(A, angle + h).value - real_distance(A, angle - h).value) / (2 * h)
    assert real_distance(A, angle).slope == pytest.approx(rise, rel=1e-4)


@pytest.mark.parametrize("angle", [0.0, 0.3, 1.9, np.pi])
def test_perturbation_puts_an_eigenvalue_at_the_point(angle):
    E = real_perturbation(A, angle)
    assert np.abs(eigenvalues(A + E) - np.exp(1j * angle)).min() < 1e-10
    if 0 < angle < np.pi:
        assert np.linalg.norm(E, 2) == pytest.approx(real_distance(A, angle).value, rel=1e-8)


def test_one_by_one_matrix_has_no_way_off_the_real_axis():
    assert real_distance(np.array([[0.5]]), 1.0).value > 1e10


def test_turning_point_asks_once():
    asked = []

    def slope(x):  # that contradicts itself when asked again, as one found by iteration may
        asked.append(x)
        return (1.5 - x) * (-1) ** (asked.count(x) - 1)

    assert turning_point(slope, 0.0, 0.1, (-2.0, 3.0), 1e-9) == pytest.approx(1.5)
    assert len(set(asked)) == len(asked)


def test_turning_point_stops_at_the_ends():
    assert turning_point(lambda _: 1.0, 0.0, 0.1, (-2.0, 3.0), 1e-9) == 3
    assert turning_point(lambda _: -1.0, 0.0, 0.1, (-2.0, 3.0), 1e-9) == -2
