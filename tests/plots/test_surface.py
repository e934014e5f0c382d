"""The landscape: its heights, its peaks, the contours on its floor."""

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from rnnspec import plots
from rnnspec.spectra import gallery
from rnnspec.spectra.pseudospectrum import pseudospectrum


@pytest.fixture(scope="module")
def result():
    return pseudospectrum(gallery.grcar(8), grid=21, levels=[1e-2, 1e-1], name="grcar")


def test_heights_are_those_of_the_log_of_the_resolvent(result):
    ax = plots.surface(result)
    assert ax.name == "3d"
    assert ax.get_title() == "grcar"
    inner = plots.surface(replace(result, inner=True))
    assert inner.get_title() == "grcar (inner approximation)"
    z = -np.log10(result.sigma_min)
    low, high = ax.get_zlim()
    assert low < z.min()
    assert high == pytest.approx(min(z.max(), 3))
    assert ax.get_zticks().tolist() == [1]  # no value is as small as 1e-2
    assert len(ax.collections) == 2  # the surface, and the contours below it


def test_contours_lie_on_the_floor_beside_the_eigenvalues(result):
    ax = plots.surface(result)
    (points,) = ax.lines
    x, y, z = points.get_data_3d()
    np.testing.assert_array_equal(np.asarray(x) + 1j * np.asarray(y), result.eigenvalues)
    assert np.unique(z).tolist() == [ax.get_zlim()[0]]


def test_a_peak_without_end_is_cut_off():
    ax = plots.surface(pseudospectrum([[0.0]], box=(-1, 1, -1, 1), grid=11, levels=[0.1, 0.5]))
    assert ax.get_zlim()[1] == pytest.approx(1 + np.log10(5))


@pytest.mark.parametrize("levels", [[0.1], [1e-9], [1e9]])
def test_one_level_even_one_that_no_point_attains(levels):
    result = pseudospectrum(gallery.grcar(8), grid=11, levels=levels, box=(-1, 3, -3, 3))
    ax = plots.surface(result)
    ax.figure.canvas.draw()
    assert ax.collections
    assert np.isfinite(ax.get_zlim()).all()


def test_the_given_axes_are_used(result):
    ax = plt.subplot(projection="3d")
    assert plots.surface(result, ax=ax) is ax
    assert len(plt.get_fignums()) == 1


def test_flat_axes_are_refused(result):
    with pytest.raises(ValueError, match="`ax` must be 3-D, as of .* got Axes"):
        plots.surface(result, ax=plt.subplots()[1])
