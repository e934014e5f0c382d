"""Robustness drawn: lines and bands are the fields of the results."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from rnnspec import plots
from rnnspec.report.tables import print_robustness
from rnnspec.robustness.minimal import MinimalPerturbations
from rnnspec.robustness.moved_weights import MovedWeights
from rnnspec.robustness.result import RobustnessCurve, wilson

EPSILONS = np.array([0, 0.1, 0.2])


def curve(accuracy, **changed):
    accuracy = np.array(accuracy)
    low, high = wilson(accuracy, 100)
    fields = {
        "target": "input", "attack": "pgd", "norm": "linf", "units": "std", "epsilons": EPSILONS,
        "accuracy": accuracy, "ci_low": low, "ci_high": high, "mean_loss": 1 - accuracy,
        "max_perturbation": EPSILONS, "seconds": EPSILONS, "thresholds": np.zeros(100), "n": 100,
        "clean_accuracy": float(accuracy[0]),
    }  # fmt: skip
    return RobustnessCurve(**{**fields, **changed})


def minimal(r, **changed):
    r = np.array(r)
    fields = {"attack": "fmn", "norm": "l2", "units": "std", "target": "input"}
    return MinimalPerturbations(**{**fields, **changed}, r=r, relative=r, clean_correct=r > 0)


def moved(matrix, size, n_correct, attack="random", distance=0.25):
    seen = (0.9, size, distance, size)
    return MovedWeights(matrix, attack, "spectral", size, None, n_correct, 40, *seen)


def test_lines_and_bands_are_the_curves():
    both = {"plain": curve([0.9, 0.5, 0.1]), "robust": curve([0.8, 0.7, 0.6])}
    ax = plots.robustness(both)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list(both)
    for line, band, one in zip(ax.lines, ax.collections, both.values(), strict=True):
        np.testing.assert_array_equal(line.get_xydata().T, [EPSILONS, one.accuracy])
        edge = band.get_paths()[0].vertices
        for end in (one.ci_low, one.ci_high):
            for point in zip(EPSILONS, end, strict=True):
                assert (np.abs(edge - point).sum(1) < 1e-12).any()
    assert len({line.get_marker() for line in ax.lines}) == 2
    assert len({line.get_color() for line in ax.lines}) == 2


@pytest.mark.parametrize(
    ("changed", "label"),
    [
        ({}, "ε: ℓ∞ perturbation of the input (standard deviations)"),
        ({"norm": "l2", "units": "raw"}, "ε: ℓ₂ perturbation of the input (raw units)"),
        ({"target": "state"}, "ε: ℓ∞ perturbation of the initial state"),
    ],
)
def test_the_axis_says_what_moves_and_in_which_units(changed, label):
    assert plots.robustness({"a": curve([1, 1, 0], **changed)}).get_xlabel() == label


def test_a_curve_draws_itself_into_given_axes():
    figure, ax = plt.subplots()
    assert curve([1, 0.5, 0]).plot(ax=ax) is ax
    assert plt.get_fignums() == [figure.number]


def test_distribution_of_smallest_changes():
    found = minimal([0, 3.0, 1.0, np.inf, 2.0])  # one is wrong already, one resists
    ax = plots.minimal({"a": found})
    x, y = ax.lines[0].get_data()
    np.testing.assert_array_equal(x, [0, 1, 2, 3])
    np.testing.assert_array_equal(y, [0, 0.25, 0.5, 0.75])
    assert np.interp(0.5, y, x) == 2.0


def test_nothing_right_is_drawn_as_nothing():
    assert plots.minimal({"a": minimal([0.0])}).lines[0].get_ydata().tolist() == [0]


def test_weights_are_drawn_by_the_matrix_that_moved_most():
    records = [moved(f"layer{k}", s * (1 + k), c) for s, c in ((0, 40), (0.2, 10)) for k in (0, 1)]
    ax = plots.weights({"random": records, "int8": [moved("layer0", 0.05, 30, "int8")]})
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), [[0, 1], [0.4, 0.25]])
    np.testing.assert_array_equal(ax.lines[1].get_xydata(), [[0.05, 0.75]])
    assert ax.lines[2].get_xdata() == [0.25, 0.25]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "random", "int8", "distance to instability",
    ]  # fmt: skip


def test_the_least_distance_is_that_of_any_matrix_of_any_attack():
    ax = plots.weights(
        {"random": [moved("a", 0.1, 30)], "int8": [moved("b", 0.1, 30, distance=0.125)]}
    )
    assert ax.lines[2].get_xdata() == [0.125, 0.125]


@pytest.mark.parametrize(
    ("plot", "says"),
    [
        (plots.robustness, "`curves` must hold at least one result, got none"),
        (plots.minimal, "`found` must hold at least one result, got none"),
        (plots.weights, "`moved` must hold at least one attack's records, got none"),
    ],
)
def test_nothing_to_draw_is_refused(plot, says):
    with pytest.raises(ValueError, match=says):
        plot({})


def test_what_cannot_share_an_axis_is_refused():
    with pytest.raises(ValueError, match="`curves` must share .*, got input/l2/std, input/linf"):
        plots.robustness({"a": curve([1, 1, 1]), "b": curve([1, 1, 1], norm="l2")})
    with pytest.raises(ValueError, match="`found` must share target, norm and units, got"):
        plots.minimal({"a": minimal([1.0]), "b": minimal([1.0], units="raw")})


def test_nothing_is_clipped():
    ax = plots.robustness({f"model {k}": curve([1, 0.5, 0.1]) for k in range(7)})
    ax.figure.canvas.draw()
    assert ax.figure.bbox.y1 >= ax.get_tightbbox().y1


def test_the_table_shows_each_row(capsys):
    one = curve([0.9, 0.5, 0.1])
    print_robustness(
        {"clean_accuracy": 0.9, "n": 100, "units": None, "results": one.rows(),
         "minimal": {"fmn": minimal([1.0, 2.0]).to_dict()}}
    )  # fmt: skip
    out = capsys.readouterr().out
    assert out.startswith("accuracy 0.9000 on 100 sequences\n")
    assert out.count("pgd (linf)") == 3
    assert "smallest perturbation that changes the decision" in out
    assert "fmn" in out
