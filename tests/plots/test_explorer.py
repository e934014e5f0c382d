"""The explorer, clicked on without a screen."""

import sys
from importlib.util import find_spec

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backend_bases import MouseEvent, NavigationToolbar2
from matplotlib.backends.backend_agg import FigureCanvasAgg

from rnnspec.plots.explore import explore
from rnnspec.plots.explorer import Explorer
from rnnspec.spectra import gallery
from rnnspec.spectra.pseudospectrum import pseudospectrum
from rnnspec.spectra.resolvent import sigma_min

A = gallery.grcar(8)


@pytest.fixture(scope="module")
def result():
    return pseudospectrum(A, grid=20, levels=[0.01, 0.1], name="grcar")


@pytest.fixture
def explorer(result):
    explorer = Explorer(A, result)
    canvas = FigureCanvasAgg(explorer.figure)
    canvas.mpl_connect("button_press_event", explorer.click)
    canvas.draw()
    return explorer


def click(ax, place):
    x, y = place
    canvas = ax.figure.canvas
    canvas.callbacks.process(
        "button_press_event", MouseEvent("button_press_event", canvas, x, y, 1)
    )


def click_at(explorer, z):
    click(explorer.plane, explorer.plane.transData.transform((z.real, z.imag)))


def test_a_click_shows_the_point_its_mode_and_its_perturbation(explorer):
    z = 1.5 + 0.5j
    click_at(explorer, z)
    assert explorer.mode.z == pytest.approx(z)
    assert explorer.mode.sigma_min == pytest.approx(float(sigma_min(A, np.array([z]))[0]))
    chosen, moved = explorer.plane.lines[-1], explorer.plane.lines[-2]
    assert complex(*chosen.get_xydata()[0]) == explorer.mode.z
    at = moved.get_xydata() @ [1, 1j]
    assert np.abs(at - explorer.mode.z).min() < 1e-10  # A + E has this eigenvalue
    np.testing.assert_allclose(at, np.linalg.eigvals(A + explorer.mode.perturbation))
    mode, perturbation = explorer.figure.axes[1:3]
    assert "1.5 + 0.5i" in mode.get_title()
    np.testing.assert_allclose(perturbation.images[0].get_array(), abs(explorer.mode.perturbation))


def test_each_click_replaces_the_last(explorer):
    for z in (1.0, 2j, 1 + 1j):
        click_at(explorer, complex(z))
    mode, perturbation = explorer.figure.axes[1:3]
    assert explorer.mode.z == pytest.approx(1 + 1j)
    assert len(perturbation.images) == 1
    assert len(perturbation.child_axes) == 1
    assert len(mode.get_legend().get_texts()) == 3


def test_a_click_beside_the_plane_changes_nothing(explorer):
    before = explorer.mode
    click(explorer.plane, (1, 1))
    click(explorer.figure.axes[1], explorer.figure.axes[1].bbox.get_points().mean(axis=0))
    assert explorer.mode is before


def test_a_click_of_a_zoom_is_no_choice(explorer):
    before, toolbar = explorer.mode, NavigationToolbar2(explorer.figure.canvas)
    toolbar.zoom()
    click_at(explorer, 1 + 1j)
    assert explorer.mode is before
    toolbar.zoom()  # and off again
    click_at(explorer, 1 + 1j)
    assert explorer.mode is not before


def test_it_shows_the_pseudospectrum_given_or_its_own(result):
    assert Explorer(A, result).plane.get_title() == "grcar"
    assert Explorer(A).plane.get_title() == ""


def test_a_matrix_that_is_none_is_refused():
    with pytest.raises(ValueError, match="`A` must be a square matrix"):
        Explorer(np.ones((2, 3)))


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    with pytest.raises(ImportError, match=r"pip install 'rnnspec\[notebook\]'"):
        explore(A)


# ipympl's own: its toolbar passes an argument that traitlets does not know
@pytest.mark.skipif(find_spec("ipympl") is None, reason="needs the extra: notebook")
@pytest.mark.filterwarnings("ignore:Passing unrecognized arguments:DeprecationWarning")
def test_the_widget_of_a_notebook(result):
    backend = mpl.get_backend()
    explorer = explore(A, result)
    assert mpl.get_backend() == backend  # other figures of the notebook stay as they are
    canvas, fields = explorer.widget.children
    real, imaginary, show = fields.children
    assert canvas.figure is explorer.figure
    assert "application/vnd.jupyter.widget-view+json" in explorer._repr_mimebundle_()
    click_at(explorer, 1 + 1j)
    assert (real.value, imaginary.value) == (explorer.mode.z.real, explorer.mode.z.imag)
    assert explorer.mode.z == pytest.approx(1 + 1j)
    real.value, imaginary.value = 0.25, -0.5
    show.click()
    assert explorer.mode.z == 0.25 - 0.5j


def test_without_a_widget_it_is_a_plain_object(explorer):
    assert explorer.widget is None
    assert explorer._repr_mimebundle_() == {}
