"""Bounds on powers: never violated, sometimes tight, and every argument counts."""

import numpy as np
import pytest

from benchmarks import oracle
from rnnspec.spectra import gallery
from rnnspec.spectra.engine.dense import exact_sigma_min
from rnnspec.spectra.kreiss import kreiss_constant
from rnnspec.spectra.transient import transient_growth
from rnnspec.spectra.transient_bounds import transient_bounds


@pytest.mark.parametrize("name", oracle.stable_cases())
def test_bounds_hold(name):
    A = oracle.stable_cases()[name]
    norms, bounds = transient_growth(A, steps=60).norms, transient_bounds(A, steps=60)
    assert (bounds.lower <= norms * (1 + 1e-9) + 1e-14).all()
    assert (bounds.lower_peak <= np.maximum.accumulate(norms) * (1 + 1e-9)).all()
    assert norms.max() <= bounds.upper
    assert bounds.upper == pytest.approx(np.e * len(A) * float(kreiss_constant(A)), rel=2e-4)


def test_lower_bound_sees_growth_inside_the_norm_disk():
    # Points with 1 < |z| < ||A|| are used as well.
    A = gallery.delay_line(5, gain=2.0)
    assert transient_bounds(A, steps=4).lower_peak[-1] > 1.5
    inner = transient_bounds(A, steps=4, points=[1.5])
    assert inner.lower_peak[-1] > 1


def test_peak_bound_tends_to_the_ratio_of_the_kreiss_constant():
    A = gallery.grcar(10) / 2.5
    z = kreiss_constant(A).witness
    bound = transient_bounds(A, steps=2000, points=[z]).lower_peak[-1]
    assert bound == pytest.approx(float(kreiss_constant(A)), rel=1e-6)


def test_arguments_count():
    A, z = gallery.grcar(6) / 2.5, np.array([[1.2, 0.5], [1.1j, 2.0]])
    sigma = exact_sigma_min(A, z.ravel()).reshape(z.shape)
    given, computed = (transient_bounds(A, 9, z, s) for s in (sigma, None))
    np.testing.assert_allclose(given.lower_peak, computed.lower_peak)
    assert transient_bounds(A, 9, z, sigma / 2).lower_peak[-1] > given.lower_peak[-1]
    assert len(transient_bounds(A, steps=3).lower) == 4
    nothing = transient_bounds(A, 3, points=[0.5])
    np.testing.assert_array_equal(nothing.lower, [1, 0, 0, 0])


def test_unstable_matrix_has_no_upper_bound():
    bounds = transient_bounds([[2.0]], steps=3)
    assert bounds.upper == np.inf
    assert (bounds.lower <= 2.0 ** np.arange(4)).all()


def test_errors():
    with pytest.raises(ValueError, match="`steps` must be an integer of at least 0, got -1"):
        transient_bounds([[0.5]], steps=-1)
    with pytest.raises(ValueError, match="`points` must be given with `sigma_min`"):
        transient_bounds([[0.5]], sigma_min=[1.0])
    with pytest.raises(ValueError, match="`sigma_min` must have the shape of `points`"):
        transient_bounds([[0.5]], points=[2.0], sigma_min=[1.0, 2.0])


def test_a_point_whose_modulus_is_the_norm_is_as_good_as_its_neighbours():
    A = [[0.0, 4.0], [0.0, 0.0]]
    at, near = (transient_bounds(A, 2, [z]).lower for z in (4.0, 4.0 + 1e-9))
    np.testing.assert_allclose(at, near, rtol=1e-8)
    assert at[1] > 1.5
