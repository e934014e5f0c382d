"""Figures: what is drawn, where, and that nothing is shown, leaked or clipped."""

from dataclasses import replace

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgba

from rnnspec import plots
from rnnspec.plots.contours import level_colours
from rnnspec.spectra import gallery
from rnnspec.spectra.pseudospectrum import pseudospectrum
from rnnspec.spectra.transient import transient_growth


@pytest.fixture(autouse=True)
def headless(monkeypatch):
    def refuse():
        raise AssertionError("a plot called show")

    plt.switch_backend("agg")
    monkeypatch.setattr(plt, "show", refuse)
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def grcar():
    return pseudospectrum(gallery.grcar(16), grid=40, levels=[1e-3, 1e-2, 1e-1], name="grcar(16)")


@pytest.fixture(scope="module")
def growths():
    return {
        "delay line": transient_growth(gallery.delay_line(5, gain=2.0), steps=9),
        "shrinking": transient_growth(0.5 * np.eye(3), steps=9),
    }


def texts(ax):
    return [text.get_text() for text in ax.texts]


def line(ax, label):
    return next(found for found in ax.lines if found.get_label() == label)


def inside(figure):
    """Whether all that is drawn lies within the figure."""
    figure.canvas.draw()
    box, drawn = figure.bbox, figure.get_tightbbox().transformed(figure.dpi_scale_trans)
    return box.x0 <= drawn.x0 and drawn.x1 <= box.x1 and box.y0 <= drawn.y0 and drawn.y1 <= box.y1


def test_pseudospectrum_draws_what_it_promises(grcar):
    ax = plots.pseudospectrum(grcar)
    assert ax.get_title() == "grcar(16)"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Re z", "Im z")
    assert ax.get_aspect() == 1
    assert ax.get_xlim() == (grcar.x[0], grcar.x[-1])
    assert ax.get_ylim() == (grcar.y[0], grcar.y[-1])
    points = line(ax, "eigenvalues").get_xydata() @ [1, 1j]
    np.testing.assert_array_equal(points, grcar.eigenvalues)
    circle = line(ax, "unit circle").get_xydata()
    np.testing.assert_allclose(np.hypot(*circle.T), 1)
    assert [text.get_text() for text in ax.get_legend().texts] == ["unit circle", "eigenvalues"]


def test_contours_are_labelled_in_log10_epsilon(grcar):
    ax = plots.pseudospectrum(grcar)
    assert texts(ax) == ["−2", "−1"]  # the two loops of -3 are too short to carry a label
    (bar,) = ax.child_axes
    assert bar.get_ylabel() == "log₁₀ ε"
    assert [tick.get_text() for tick in bar.get_yticklabels()] == ["−3", "−2", "−1"]


def test_contours_lie_where_sigma_min_equals_epsilon():
    ax = pseudospectrum(gallery.jordan(1, 0.3), grid=101, levels=[0.1, 0.2]).plot()
    (contours,) = ax.collections
    for path, epsilon in zip(contours.get_paths(), [0.1, 0.2], strict=True):
        distance = np.abs(path.vertices @ [1, 1j] - 0.3)
        assert np.abs(distance - epsilon).max() < 0.005


def test_a_line_has_the_colour_of_the_bar(grcar):
    (contours,) = plots.pseudospectrum(grcar).collections
    scale = level_colours(np.log10(grcar.levels))
    np.testing.assert_allclose(
        contours.get_edgecolor(), [to_rgba(scale.to_rgba(e)) for e in (-3, -2, -1)]
    )
    assert len(np.unique(contours.get_edgecolor(), axis=0)) == 3


def test_labels_keep_their_distance_from_eigenvalues_and_each_other(grcar):
    ax = plots.pseudospectrum(grcar)
    places = np.array([text.get_position() for text in ax.texts])
    points = np.column_stack([grcar.eigenvalues.real, grcar.eigenvalues.imag])
    for place in places:
        assert np.hypot(*(points - place).T).min() > 0.1
    assert np.hypot(*(places[0] - places[1])) > 0.5


def test_a_projection_is_called_an_inner_approximation(grcar):
    inner = replace(grcar, inner=True)
    assert plots.pseudospectrum(inner).get_title() == "grcar(16) (inner approximation)"
    (ax,) = plots.spectra({"after": inner})
    assert ax.get_title() == "after (inner approximation)"


def test_the_given_axes_are_used(grcar, growths):
    figure, axes = plt.subplots(1, 5)
    assert plots.pseudospectrum(grcar, ax=axes[0]) is axes[0]
    assert grcar.plot(ax=axes[1]) is axes[1]
    assert plots.transient_growth(growths, ax=axes[2]) is axes[2]
    assert plots.spectra({"a": grcar, "b": grcar}, axes=axes[3:])[1] is axes[4]
    assert all(ax.lines for ax in axes)
    assert plt.get_fignums() == [figure.number]


def test_global_settings_are_left_alone(grcar):
    before = mpl.rcParams.copy()
    plots.pseudospectrum(grcar)
    assert mpl.rcParams == before


def test_the_style_of_the_user_is_obeyed(grcar):
    with plt.style.context("dark_background"):
        ax = plots.pseudospectrum(grcar)
    assert line(ax, "eigenvalues").get_color() == "#ffffff"
    assert to_rgba(ax.get_facecolor()) == to_rgba("black")


def test_nothing_is_clipped(grcar, growths):
    assert inside(plots.pseudospectrum(grcar).figure)
    assert inside(plots.spectra({"before": grcar, "after": grcar})[0].figure)
    assert inside(plots.transient_growth(growths).figure)


@pytest.mark.parametrize("A", [[[0.5]], np.zeros((2, 2)), gallery.jordan(12), gallery.godunov()])
def test_dull_and_extreme_matrices_are_drawn(A, tmp_path):
    ax = pseudospectrum(A, grid=20).plot()
    ax.figure.savefig(tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 5000


@pytest.mark.parametrize("levels", [[0.1], [1e-9], [1e9]])
def test_one_level_even_one_that_no_point_attains(levels):
    result = pseudospectrum(gallery.grcar(16), box=(-1, 3, -3, 3), grid=20, levels=levels)
    assert inside(result.plot().figure)


def test_spectra_share_limits_and_levels(grcar):
    other = pseudospectrum(0.5 * gallery.grcar(16), grid=30, levels=[1e-4, 1e-2])
    left, right = plots.spectra({"before": grcar, "after": other})
    assert [left.get_title(), right.get_title()] == ["before", "after"]
    assert left.get_xlim() == right.get_xlim() == (grcar.x[0], grcar.x[-1])
    assert left.get_ylim() == right.get_ylim() == (grcar.y[0], grcar.y[-1])
    (bar,) = right.child_axes
    assert [tick.get_text() for tick in bar.get_yticklabels()] == ["−4", "−3", "−2", "−1"]
    level_1e2 = left.collections[0].get_edgecolor()[1], right.collections[0].get_edgecolor()[1]
    np.testing.assert_array_equal(*level_1e2)


def test_transient_growth_draws_norms_peak_and_prediction(growths):
    ax = plots.transient_growth(growths)
    np.testing.assert_array_equal(line(ax, "delay line").get_ydata()[:5], [1, 2, 4, 8, 16])
    assert np.isnan(line(ax, "delay line").get_ydata()[5:]).all()
    peaks = [found.get_xydata()[0].tolist() for found in ax.lines if len(found.get_xdata()) == 1]
    assert peaks == [[4, 16], [0, 1]]
    dotted = [found for found in ax.lines if found.get_linestyle() == ":"]
    np.testing.assert_allclose(dotted[1].get_ydata(), 0.5 ** np.arange(10))
    labels = [text.get_text() for text in ax.get_legend().texts]
    assert labels[:2] == ["delay line", "shrinking"]
    assert ax.get_yscale() == "log"


def test_overflow_is_left_out_of_the_picture():
    ax = plots.transient_growth({"explodes": transient_growth([[1e200]], steps=3)})
    assert np.isfinite(ax.get_ylim()).all()
    assert inside(ax.figure)


def test_errors(grcar):
    with pytest.raises(ValueError, match="`results` must hold at least one pseudospectrum"):
        plots.spectra({})
    with pytest.raises(ValueError, match="`results` must hold at least one transient growth"):
        plots.transient_growth({})
    with pytest.raises(ValueError, match="one Axes for each of the 1 results, got 2"):
        plots.spectra({"a": grcar}, axes=plt.subplots(1, 2)[1])
