"""A plot draws results: with all of linear algebra out of order, each still works."""

import numpy as np
import pytest
import scipy.linalg

from rnnspec.dynamics.projection import principal_axes
from rnnspec.report import linearisation, marks, modes, plots, state_space, surface
from rnnspec.spectra import gallery
from rnnspec.spectra.crisscross import pseudospectral_radius
from rnnspec.spectra.numerical_range import numerical_range
from rnnspec.spectra.pseudomode import pseudomode
from rnnspec.spectra.pseudospectrum import pseudospectrum
from rnnspec.spectra.resolvent import Resolvent
from rnnspec.spectra.stability import distance_to_instability
from rnnspec.spectra.transient import transient_growth
from rnnspec.spectra.transient_bounds import transient_bounds

A = 0.5 * gallery.jordan(6, 0.5)


@pytest.fixture(scope="module")
def results():
    return {
        "ps": pseudospectrum(A, grid=20, levels=[0.01, 0.1]),
        "radius": pseudospectral_radius(A, 0.1),
        "distance": distance_to_instability(A),
        "range": numerical_range(A, 12),
        "mode": pseudomode(A, 0.5j),
        "growth": transient_growth(A, steps=9),
        "bounds": transient_bounds(A, steps=9),
        "axes": principal_axes(A),
    }


def draw_all(r):
    ax = plots.plot_pseudospectrum(r["ps"])
    marks.mark_pseudospectral_radius(r["radius"], ax)
    marks.mark_distance_to_instability(r["distance"], ax)
    marks.draw_numerical_range(r["range"], ax)
    plots.plot_spectra({"a": r["ps"]})
    plots.plot_transient_growth({"a": r["growth"]})
    plots.plot_transient_bounds(r["growth"], r["bounds"])
    modes.plot_pseudomode(r["mode"])
    modes.plot_perturbation(r["mode"])
    surface.plot_surface(r["ps"])
    linearisation.plot_linearisations({"a": r["ps"]}, {"a": r["distance"]})
    state_space.plot_state_space(r["axes"], trajectories=A[np.newaxis])


def test_nothing_is_computed(results, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a plot computed something")

    for place in (np.linalg, scipy.linalg):
        for name in ("svd", "svdvals", "eig", "eigh", "eigvals", "eigvalsh", "schur", "solve"):
            monkeypatch.setattr(place, name, refuse, raising=False)
    monkeypatch.setattr(Resolvent, "__init__", refuse)
    with pytest.raises(AssertionError, match="computed"):
        pseudospectrum(A, grid=4)
    draw_all(results)
