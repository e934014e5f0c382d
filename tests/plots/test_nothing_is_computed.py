"""A plot draws results: with all of linear algebra out of order, each still works."""

import numpy as np
import pytest
import scipy.linalg

from rnnspec import plots
from rnnspec.dynamics.principal_axes import principal_axes
from rnnspec.spectra import gallery
from rnnspec.spectra.distance import distance_to_instability
from rnnspec.spectra.engine.dense import Resolvent
from rnnspec.spectra.numerical_range import numerical_range
from rnnspec.spectra.pseudomode import pseudomode
from rnnspec.spectra.pseudospectral import pseudospectral_radius
from rnnspec.spectra.pseudospectrum import pseudospectrum
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
    ax = plots.pseudospectrum(r["ps"])
    plots.mark_pseudospectral_radius(r["radius"], ax)
    plots.mark_distance_to_instability(r["distance"], ax)
    plots.draw_numerical_range(r["range"], ax)
    plots.spectra({"a": r["ps"]})
    plots.transient_growth({"a": r["growth"]})
    plots.transient_bounds(r["growth"], r["bounds"])
    plots.pseudomode(r["mode"])
    plots.perturbation(r["mode"])
    plots.surface(r["ps"])
    plots.linearisations({"a": r["ps"]}, {"a": r["distance"]})
    plots.state_space(r["axes"], trajectories=A[np.newaxis])


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
