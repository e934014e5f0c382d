"""Numbers in a picture: each mark lies where the number is attained."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.patches import Circle

from rnnspec import plots
from rnnspec.spectra import gallery
from rnnspec.spectra.bracket import Bracket
from rnnspec.spectra.distance import distance_to_instability
from rnnspec.spectra.numerical_range import numerical_range
from rnnspec.spectra.pseudospectral import pseudospectral_radius
from rnnspec.spectra.pseudospectrum import pseudospectrum

MARKS = (plots.mark_pseudospectral_radius, plots.mark_distance_to_instability)
A = 0.9 * gallery.grcar(12) / np.abs(np.linalg.eigvals(gallery.grcar(12))).max()


@pytest.fixture(scope="module")
def result():
    return pseudospectrum(A, grid=40, levels=[1e-2, 1e-1], name="grcar")


@pytest.fixture
def ax(result):
    return plots.pseudospectrum(result)


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def circles(ax):
    return [patch for patch in ax.patches if isinstance(patch, Circle)]


def test_the_radius_is_marked_at_its_witness(ax):
    found = pseudospectral_radius(A, 0.1)
    assert plots.mark_pseudospectral_radius(found, ax) is ax
    assert ax.lines[-1].get_xydata().tolist() == [[found.witness.real, found.witness.imag]]
    (circle,) = circles(ax)
    assert circle.center == (0, 0)
    assert circle.radius == pytest.approx(found.value)
    assert labels(ax)[-1] == rf"$\rho_\varepsilon$ = {found.value:.3g}"


def test_the_marked_point_lies_on_the_contour(ax):
    plots.mark_pseudospectral_radius(pseudospectral_radius(A, 0.1), ax)
    contour = ax.collections[0].get_paths()[1].vertices
    cell = np.ptp(contour[:, 0]) / 40
    assert np.hypot(*(contour - ax.lines[-1].get_xydata()).T).min() < cell


def test_the_distance_touches_the_unit_circle(ax):
    found = distance_to_instability(A)
    assert plots.mark_distance_to_instability(found, ax) is ax
    ((x, y),) = ax.lines[-1].get_xydata()
    assert complex(x, y) == found.witness
    assert np.hypot(x, y) == pytest.approx(1)
    (disc,) = circles(ax)
    assert disc.center == (x, y)
    assert disc.radius == found.value
    assert labels(ax)[-1].startswith("distance to instability 0.0")


def area(points):
    return float((points[:-1].conj() * points[1:]).imag.sum() / 2)


@pytest.mark.parametrize(("directions", "gap"), [(5, 0.6), (400, 1e-3)])
def test_the_numerical_range_lies_between_two_closed_polygons(ax, directions, gap):
    found = numerical_range(A, directions)
    assert plots.draw_numerical_range(found, ax) is ax
    inner, outer = (line.get_xydata() @ [1, 1j] for line in ax.lines[-2:])
    np.testing.assert_array_equal(inner, [*found.inner, found.inner[0]])
    np.testing.assert_array_equal(outer, [*found.outer, found.outer[0]])
    assert (1 - gap) * area(outer) < area(inner) < (1 - gap / 10) * area(outer)
    assert labels(ax)[-1] == "numerical range"


def test_all_of_them_in_one_picture(ax):
    plots.mark_pseudospectral_radius(pseudospectral_radius(A, 0.1), ax)
    plots.mark_distance_to_instability(distance_to_instability(A), ax)
    plots.draw_numerical_range(numerical_range(A), ax)
    assert len(labels(ax)) == 5
    ax.figure.canvas.draw()
    box = ax.get_legend().get_window_extent()
    assert box.y0 >= ax.get_window_extent().y1  # the legend covers no data
    assert ax.title.get_window_extent().y0 >= box.y1  # nor the title
    assert ax.title.get_window_extent().y1 <= ax.figure.bbox.y1


@pytest.mark.parametrize("mark", MARKS)
def test_limits_are_widened_only_for_a_point_beyond_them(ax, mark):
    before = ax.get_xlim(), ax.get_ylim()
    mark(Bracket(0.1, 0.1, 0.1, True, witness=0.5 + 0.5j), ax)
    assert (ax.get_xlim(), ax.get_ylim()) == before
    mark(Bracket(0.1, 0.1, 0.1, True, witness=-9 + 9j), ax)
    assert ax.get_xlim()[0] < -9
    assert ax.get_xlim()[1] == before[0][1]
    assert ax.get_ylim()[0] == before[1][0]
    assert ax.get_ylim()[1] > 9


@pytest.mark.parametrize("mark", MARKS)
def test_a_number_that_is_attained_nowhere_cannot_be_marked(ax, mark):
    with pytest.raises(ValueError, match="`bracket` must have a witness, .* got None"):
        mark(Bracket(1.0, 1.0, 1.0, True), ax)


def test_a_panel_does_not_repeat_the_legend_of_its_figure(result):
    left, right = plots.spectra({"a": result, "b": result})
    plots.mark_distance_to_instability(distance_to_instability(A), left)
    assert len(labels(left)) == 1
    assert right.get_legend() is None


def test_the_style_is_the_same_outside_its_context(ax):
    """A colour "C1" would be looked up when the figure is drawn, by then in another style."""
    plots.mark_pseudospectral_radius(pseudospectral_radius(A, 0.1), ax)
    assert ax.lines[-1].get_color() == "#d55e00"
    assert plt.rcParams["axes.prop_cycle"].by_key()["color"][1] != "#d55e00"
