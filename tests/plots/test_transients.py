"""Powers between their bounds: each line is the array that it is named after."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from rnnspec import plots
from rnnspec.spectra import gallery
from rnnspec.spectra.transient import transient_growth
from rnnspec.spectra.transient_bounds import transient_bounds

A = 0.7 * gallery.jordan(6, 0.9) + 0.2 * np.eye(6)


@pytest.fixture(scope="module")
def both():
    return transient_growth(A, steps=30), transient_bounds(A, steps=30)


def lines(ax):
    return {line.get_label(): line.get_ydata() for line in ax.lines}


def test_norms_and_all_bounds_are_in_one_picture(both):
    growth, bounds = both
    ax = plots.transient_bounds(growth, bounds)
    drawn = lines(ax)
    np.testing.assert_array_equal(drawn["‖Aᵏ‖"], growth.norms)
    np.testing.assert_array_equal(drawn["ρᵏ: the eigenvalues alone"], growth.prediction)
    np.testing.assert_array_equal(drawn["upper bound e n K"], np.full(31, bounds.upper))
    np.testing.assert_array_equal(drawn["lower bound of the peak so far"], bounds.lower_peak)
    lower = drawn["lower bound of ‖Aᵏ‖"]
    np.testing.assert_array_equal(np.nan_to_num(lower), bounds.lower)  # zeros are not drawn
    (peak,) = np.flatnonzero(np.isfinite(drawn["peak"]))
    assert (peak, drawn["peak"][peak]) == (growth.peak_step, growth.peak)
    assert ax.get_yscale() == "log"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list(drawn)


def test_a_bound_that_is_infinite_is_left_out():
    B = gallery.jordan(3, 1.1)
    ax = plots.transient_bounds(transient_growth(B, steps=9), transient_bounds(B, steps=9))
    assert "upper bound e n K" not in lines(ax)
    assert np.isfinite(ax.get_ylim()).all()


def test_the_given_axes_are_used(both):
    figure, ax = plt.subplots()
    assert plots.transient_bounds(*both, ax=ax) is ax
    assert plt.get_fignums() == [figure.number]


def test_nothing_is_clipped_and_the_legend_covers_no_data(both):
    ax = plots.transient_bounds(*both)
    ax.figure.canvas.draw()
    box, drawn = ax.figure.bbox, ax.get_tightbbox()
    assert box.x0 <= drawn.x0
    assert drawn.x1 <= box.x1
    assert drawn.y1 <= box.y1
    assert ax.get_legend().get_window_extent().y0 >= ax.get_window_extent().y1


def test_bounds_of_another_number_of_steps_are_refused(both):
    with pytest.raises(ValueError, match="`bounds` must have the 9 steps of `growth`, got 30"):
        plots.transient_bounds(transient_growth(A, steps=9), both[1])
