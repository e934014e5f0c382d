"""Pictures of one point: the vectors, and the entries of the perturbation."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from rnnspec import plots
from rnnspec.spectra import gallery
from rnnspec.spectra.pseudomode import pseudomode


@pytest.fixture(scope="module")
def mode():
    return pseudomode(gallery.grcar(12), 0.5 + 2.1j)


def line(ax, label):
    return next(found for found in ax.lines if found.get_label() == label)


def test_both_singular_vectors_are_drawn(mode):
    ax = plots.pseudomode(mode)
    for vector, label in (
        (mode.right, "pseudomode v"),
        (mode.left, "left vector u"),
    ):
        np.testing.assert_array_equal(line(ax, label).get_xdata(), np.arange(1, 13))
        np.testing.assert_array_equal(line(ax, label).get_ydata(), vector.real)
    bands = [found.get_ydata() for found in ax.lines if found.get_label().startswith("_")]
    for expected in (np.abs(mode.right), -np.abs(mode.left)):
        assert any(np.array_equal(band, expected) for band in bands)
    assert f"{mode.sigma_min:.3g}" in ax.get_title()
    assert "0.5 + 2.1i" in ax.get_title()


def test_the_perturbation_is_drawn_entry_by_entry(mode):
    ax = plots.perturbation(mode)
    (image,) = ax.images
    np.testing.assert_allclose(image.get_array(), np.abs(mode.perturbation))
    assert image.get_extent() == [0.5, 12.5, 12.5, 0.5]  # rows and columns count from 1, downwards
    assert ax.get_title() == f"‖E‖ = {mode.sigma_min:.3g}, an eigenvalue at 0.5 + 2.1i"


@pytest.mark.parametrize(("n", "marker"), [(64, "."), (65, "None")])
def test_many_entries_carry_no_dots(n, marker):
    ax = plots.pseudomode(pseudomode(np.zeros((n, n)), 1.0))
    assert line(ax, "pseudomode v").get_marker() == marker


@pytest.mark.parametrize("plot", [plots.pseudomode, plots.perturbation])
def test_the_given_axes_are_used(plot, mode):
    figure, ax = plt.subplots()
    assert plot(mode, ax=ax) is ax
    assert plt.get_fignums() == [figure.number]


@pytest.mark.parametrize("plot", [plots.pseudomode, plots.perturbation])
@pytest.mark.parametrize(("A", "z"), [([[0.5]], 0.5), (np.zeros((2, 2)), 1e-300), ([[1j]], -2j)])
def test_dull_and_extreme_ones_are_drawn_within_the_figure(plot, A, z):
    ax = plot(pseudomode(A, z))
    ax.figure.canvas.draw()
    box, drawn = ax.figure.bbox, ax.get_tightbbox()
    assert box.x0 <= drawn.x0 < drawn.x1 <= box.x1
    assert box.y0 <= drawn.y0 < drawn.y1 <= box.y1
