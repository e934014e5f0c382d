"""Powers: closed forms, agreement with matrix_power, and no overflow."""

import numpy as np
import pytest

from rnnspec.spectra import gallery
from rnnspec.spectra.transient import transient_growth


def test_delay_line_grows_and_vanishes():
    growth = transient_growth(gallery.delay_line(5, gain=2.0), steps=7)
    assert growth.norms.tolist() == [1, 2, 4, 8, 16, 0, 0, 0]
    assert (growth.peak, growth.peak_step) == (16, 4)
    assert growth.prediction.tolist() == [1, 0, 0, 0, 0, 0, 0, 0]


def test_agrees_with_matrix_power():
    A = 0.8 * gallery.grcar(16) / 2.2
    direct = [np.linalg.norm(np.linalg.matrix_power(A, k), 2) for k in range(31)]
    np.testing.assert_allclose(transient_growth(A, steps=30).norms, direct, rtol=1e-11)


def test_normal_matrix_does_what_its_eigenvalues_say():
    growth = transient_growth(0.5 * gallery.random_orthogonal(9, seed=6), steps=12)
    np.testing.assert_allclose(growth.norms, 0.5 ** np.arange(13), rtol=1e-12)
    np.testing.assert_allclose(growth.prediction, growth.norms, rtol=1e-12)
    assert growth.peak_step == 0


def test_rounding_does_not_move_the_peak_of_an_orthogonal_matrix():
    growth = transient_growth(gallery.random_orthogonal(32, seed=1), steps=60)
    assert growth.peak_step == 0


@pytest.mark.parametrize(("factor", "end"), [(1e200, np.inf), (1e-200, 0.0)])
def test_overflow_and_underflow_are_quiet(factor, end):
    norms = transient_growth(factor * gallery.grcar(4), steps=4).norms
    assert norms[-1] == end
    assert not np.isnan(norms).any()


@pytest.mark.parametrize("A", [[[0.0]], np.zeros((3, 3)), [[2]], [[0.5j]]])
def test_dull_matrices(A):
    norms = transient_growth(A, steps=3).norms
    np.testing.assert_allclose(norms, np.linalg.norm(A, 2) ** np.arange(4))


def test_steps_decides_the_length():
    assert transient_growth(np.eye(2), steps=0).norms.tolist() == [1]
    assert len(transient_growth(np.eye(2), steps=4).norms) == 5
    with pytest.raises(ValueError, match="`steps` must be an integer of at least 0, got -1"):
        transient_growth(np.eye(2), steps=-1)


def test_bad_matrices_are_refused():
    with pytest.raises(ValueError, match="square"):
        transient_growth(np.ones((2, 3)))
