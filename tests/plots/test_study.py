"""A study drawn: what stands in the axes is what stands in the runs and claims."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from rnnspec import plots
from rnnspec.study.claims.claim import Claim
from rnnspec.study.pareto import Setting
from rnnspec.study.statistics.estimate import Estimate


def runs(**changes):
    return [
        {
            "dataset": dataset, "cell": cell, "condition": condition,
            "test_accuracy": 0.9 + 0.01 * seed, "median_r": 1.0 + seed,
            "distance_to_instability": 0.1 * seed,
        }
        | changes
        for dataset in ("digits", "mnist")
        for cell in ("rnn", "gru")
        for condition in ("plain", "norm", "radius")
        for seed in range(2)
    ]  # fmt: skip


def points(ax):
    return sorted(map(tuple, np.concatenate([line.get_xydata() for line in ax.lines]).tolist()))


def labels(owner):
    return [text.get_text() for text in owner.get_texts()]


def test_a_row_of_panels_for_each_data_set():
    axes = plots.study(runs())
    assert [ax.get_xscale() for ax in axes[0]] == ["linear", "symlog"]
    assert axes.shape == (2, 2)
    for name, (accuracy, distance) in zip(("digits", "mnist"), axes, strict=True):
        assert accuracy.get_title(loc="left") == name
        assert points(accuracy) == sorted([(0.9, 1.0), (0.91, 2.0)] * 6)
        assert points(distance) == sorted([(0.0, 1.0), (0.1, 2.0)] * 6)
    figure = axes[0, 0].figure
    (shared,) = figure.legends
    assert labels(shared) == ["plain", "norm", "radius", "rnn", "gru"]
    figure.canvas.draw()


def test_a_condition_has_a_colour_and_a_cell_a_marker():
    ax = plots.runs(runs())
    shades = {to_hex(line.get_color()) for line in ax.lines}
    markers = {line.get_marker() for line in ax.lines}
    assert (len(ax.lines), len(shades), len(markers)) == (6, 3, 2)


def test_axes_and_columns_are_chosen():
    _, ax = plt.subplots()
    assert plots.runs(runs(area=0.5, henrici=0.25), "henrici", "area", ax=ax) is ax
    assert set(points(ax)) == {(0.25, 0.5)}
    assert ax.get_ylabel() == "area under the PGD curve"
    assert len(plots.runs(runs(), dataset="mnist").lines[0].get_xdata()) == 2
    assert len(plots.runs(runs()).lines[0].get_xdata()) == 4


def test_blank_numbers_have_no_point():
    ax = plots.runs(runs(median_r=None))
    assert np.isnan(np.concatenate([line.get_ydata() for line in ax.lines])).all()
    ax.figure.canvas.draw()


def test_the_panels_of_a_study_go_into_given_axes():
    figure, axes = plt.subplots(2, 2, layout="constrained")
    assert plots.study(runs(), axes) is axes
    assert plt.get_fignums() == [figure.number]
    with pytest.raises(ValueError, match=r"shape \(2, 2\), two for each data set, got \(2,\)"):
        plots.study(runs(), axes[0])


def test_no_run_is_refused():
    with pytest.raises(ValueError, match="`runs` must hold at least one run"):
        plots.study([])


def p1():
    return Claim("P1", "", "", "undecided", "", (
        correlation("test_accuracy", "median_r", 0.2, -0.1, 0.5, 36, p=0.1, p_corrected=0.4),
        correlation("test_accuracy", "area", 0.3, 0.1, 0.6, 36, p_corrected=0.04),
        correlation("henrici", "median_r", -0.9, -0.95, -0.8, 36, p_corrected=0.001),
        correlation("spectral_norm", "median_r", why="one of the two is constant"),
        correlation("test_accuracy", "median_r", 0.1, -0.1, 0.2, 18, part="digits"),
    ))  # fmt: skip


def correlation(column, against, *interval, **more):
    return Estimate("in words", *interval, column=column, against=against, **more)


def test_an_older_record_without_columns_has_whole_names_for_its_rows():
    old = Estimate("test accuracy ~ median r*", 0.2, -0.1, 0.5, 36, p_corrected=0.4)
    ax = plots.correlations(Claim("P1", "", "", "undecided", "", (old,)))
    assert ax.get_legend() is None
    assert [text.get_text() for text in ax.get_yticklabels()] == ["test accuracy ~ median r*"]


def test_the_forest_holds_the_intervals():
    ax = plots.correlations(p1())
    bars = [line.get_xdata() for line in ax.lines if len(line.get_xdata()) == 2][1:]
    assert sorted(map(tuple, bars)) == [(-0.95, -0.8), (-0.1, 0.5), (0.1, 0.6)]
    assert [text.get_text() for text in ax.get_yticklabels()] == [
        "Henrici departure", "test accuracy",
    ]  # fmt: skip
    assert labels(ax.get_legend()) == ["with the median r*", "with the area under the PGD curve"]
    dots = [line for line in ax.lines if len(line.get_xdata()) == 1]
    filled = {line.get_xdata()[0]: line.get_markerfacecolor() != "#ffffff" for line in dots}
    assert filled == {0.2: False, 0.3: True, -0.9: True}


def test_the_forest_is_of_p1():
    with pytest.raises(ValueError, match="`claim` must be P1, got P3"):
        plots.correlations(Claim("P3", "", "", "undecided", "", ()))


def test_an_empty_forest_is_drawn():
    ax = plots.correlations(Claim("P1", "", "", "undecided", "", ()))
    ax.figure.canvas.draw()
    assert not ax.get_yticklabels()


def row(gate, before, after, init="torch", cell="gru"):
    return {
        "cell": cell, "matrix": gate, "init": init,
        "henrici_relative": after, "henrici_relative_initial": before,
        "kreiss_constant": 2.0, "kreiss_constant_initial": 1.0,
    }  # fmt: skip


def test_a_line_from_before_to_after():
    rows = [
        row("layer0.new", 0.5, 0.75), row("layer0.reset", 0.25, 0.5, "orthogonal"),
        row("layer0.jacobian@mean", None, 0.5), row("layer0.new", 0.5, np.inf),
    ]  # fmt: skip
    ax = plots.before_after(rows)
    drawn = [line for line in ax.lines if len(line.get_xdata()) == 2]
    assert [line.get_ydata().tolist() for line in drawn] == [[0.5, 0.75], [0.25, 0.5]]
    assert drawn[0].get_color() != drawn[1].get_color()
    assert [text.get_text() for text in ax.get_xticklabels()] == ["gru\nnew", "gru\nreset"]
    assert labels(ax.get_legend()) == ["from torch weights", "from orthogonal weights"]
    assert ax.get_ylabel() == "relative Henrici departure"


def test_another_number_before_and_after():
    ax = plots.before_after([row("layer0", 0.1, 0.2, cell="rnn")], "kreiss_constant")
    assert ax.lines[0].get_ydata().tolist() == [1.0, 2.0]
    assert ax.get_ylabel() == "Kreiss constant"


def test_the_front_is_filled_and_areas_are_robustness():
    ax = plots.pareto([
        Setting("digits", "rnn", "plain", 0.9, 0.1, 2.0, True),
        Setting("digits", "rnn", "norm", 0.8, 0.05, 1.0, False),
    ])  # fmt: skip
    plain, norm = ax.collections
    assert plain.get_offsets().tolist() == [[0.1, 0.9]]
    assert plain.get_sizes()[0] == 2 * norm.get_sizes()[0]
    assert len(plain.get_facecolors()) == 1
    assert len(norm.get_facecolors()) == 0
    assert labels(ax.get_legend()) == ["plain", "norm", "rnn"]


@pytest.mark.parametrize(
    "draw",
    [
        lambda ax: plots.runs(runs(), ax=ax),
        lambda ax: plots.correlations(p1(), ax),
        lambda ax: plots.before_after([row("layer0.new", 0.5, 0.75)], ax=ax),
        lambda ax: plots.pareto([Setting("digits", "rnn", "plain", 0.9, 0.1, 2.0, True)], ax),
    ],
)
def test_into_given_axes(draw):
    figure, ax = plt.subplots()
    assert draw(ax) is ax
    assert plt.get_fignums() == [figure.number]
    figure.canvas.draw()
