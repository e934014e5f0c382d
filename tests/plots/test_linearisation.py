"""Panels of linearisations: spectra side by side, each with its room and its distance."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from rnnspec import plots
from rnnspec.spectra.distance import distance_to_instability
from rnnspec.spectra.pseudospectrum import pseudospectrum

BOX = (-1.5, 1.5, -1.5, 1.5)
JACOBIANS = {
    "quiet": np.diag([0.8, 0.3]),
    "fragile": np.array([[0.8, 5.0], [0.0, 0.7]]),
    "unstable": np.diag([1.25, 0.1]),
}


@pytest.fixture(scope="module")
def results():
    return {
        name: pseudospectrum(J, box=BOX, grid=30, levels=[0.01, 0.1])
        for name, J in JACOBIANS.items()
    }


@pytest.fixture(scope="module")
def distances():
    return {name: distance_to_instability(J) for name, J in JACOBIANS.items()}


def test_each_panel_says_what_the_eigenvalues_leave_and_what_is_left(results, distances):
    panels = plots.linearisations(results, distances)
    assert [ax.get_title() for ax in panels] == [
        "quiet: 1 − ρ = 0.2",
        "fragile: 1 − ρ = 0.2",
        "unstable: 1 − ρ = −0.25",
    ]
    labels = [ax.get_legend().get_texts()[-1].get_text() for ax in panels]
    assert labels == [
        "distance to instability 0.2",
        "distance to instability 0.012",
        "distance to instability 0",
    ]


def test_the_star_is_where_the_smallest_change_puts_an_eigenvalue(results, distances):
    for ax, bracket in zip(
        plots.linearisations(results, distances), distances.values(), strict=True
    ):
        star = ax.lines[-1].get_xydata()[0] @ [1, 1j]
        assert star == bracket.witness


def test_every_panel_has_the_unit_circle_and_the_last_one_the_colour_bar(results, distances):
    panels = plots.linearisations(results, distances)
    for ax in panels:
        (circle,) = [line for line in ax.lines if line.get_label() == "unit circle"]
        np.testing.assert_allclose(np.hypot(*circle.get_xydata().T), 1)
    assert [len(ax.child_axes) for ax in panels] == [0, 0, 1]


def test_the_given_axes_are_used(results, distances):
    figure, axes = plt.subplots(1, 3, figsize=(9, 3))
    assert list(plots.linearisations(results, distances, axes)) == list(axes)
    assert plt.get_fignums() == [figure.number]
    assert figure.get_figheight() == 3


@pytest.mark.parametrize("n", [1, 3])
def test_nothing_is_clipped(results, distances, n):
    names = list(results)[:n]
    panels = plots.linearisations({k: results[k] for k in names}, {k: distances[k] for k in names})
    figure = panels[0].figure
    figure.canvas.draw()
    assert figure.get_tightbbox().y1 < figure.get_figheight()


def test_errors(results, distances):
    with pytest.raises(ValueError, match="the titles of `results`, quiet, .*, got quiet$"):
        plots.linearisations(results, {"quiet": distances["quiet"]})
    with pytest.raises(ValueError, match="`results` must hold at least one pseudospectrum"):
        plots.linearisations({}, {})
