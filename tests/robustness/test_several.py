"""Several attacks on one network: the results of the functions that they stand for."""

import json

import numpy as np
import pytest

from rnnspec import plots
from rnnspec.robustness import (
    minimal_perturbations,
    robustness_curve,
    survey,
    weight_robustness,
)


@pytest.fixture
def some(digits):
    return digits.test.subset(range(40))


def test_each_result_is_that_of_its_function(digits_lstm, some):
    options = {"norm": "l2", "seed": 3}
    found = survey(
        digits_lstm, some, ["sign", "universal", "fmn"], [0.0, 2.0], iterations=5, **options
    )
    curve = robustness_curve(digits_lstm, some, "universal", [0.0, 2.0], iterations=5, **options)
    np.testing.assert_array_equal(found.curves["universal"].thresholds, curve.thresholds)
    np.testing.assert_array_equal(
        found.minimal["fmn"].r, minimal_perturbations(digits_lstm, some, "fmn", **options).r
    )
    assert [row.get("epsilon") for row in found.rows()] == [0, 2, 0, 2, None]
    assert list(found.to_dict()) == "clean_accuracy n units results minimal warnings".split()
    assert found.clean_accuracy == curve.clean_accuracy == found.curves["sign"].accuracy[0]
    json.dumps(found.to_dict(), allow_nan=False)


def test_weights_have_rows_and_a_figure_of_their_own(digits_lstm, some):
    found = survey(digits_lstm, some, ["random", "int8"], [0.1], target="weights", samples=20)
    (moved, *_) = weight_robustness(digits_lstm, some, "random", [0.1])
    assert (found.n, found.units) == (20, "absolute")
    assert [row["attack"] for row in found.rows()] == ["random", "int8"]
    assert found.rows()[0]["size"] == pytest.approx(moved.size)
    labels = [text.get_text() for text in found.plot().get_legend().get_texts()]
    assert labels == ["random", "int8", "distance to instability"]


def test_a_panel_for_accuracies_and_one_for_each_way_to_measure(digits_lstm, some):
    found = survey(digits_lstm, some, ["sign", "fmn", "sparse"], [0.5], samples=20)
    axes = found.plot().figure.axes
    assert [ax.get_xlabel().split(" (")[0] for ax in axes] == [
        "ε: ℓ∞ perturbation of the input",
        "ε: ℓ∞ perturbation of the input",
        "number of time steps that are touched",
    ]
    ax = axes[1]
    assert plots.attacks(survey(digits_lstm, some, ["fmn"], samples=9), ax=ax) is ax


def test_the_last_size_is_the_cap_of_sparse(digits_lstm, some):
    tight, loose = (
        survey(digits_lstm, some, ["sparse"], sizes).minimal["sparse"] for sizes in ([0.5], None)
    )
    assert tight.norm == loose.norm == "steps"
    assert tight.mean > 1.5 * loose.mean
    assert set(loose.r[loose.success]) <= set(range(1, 9))
    right = loose.success
    np.testing.assert_array_equal(loose.relative[right], loose.r[right] / 8)
    with pytest.raises(ValueError, match="`epsilon` must be given, got None"):
        minimal_perturbations(digits_lstm, (some.inputs, some.labels), "sparse")


def test_one_perturbation_for_all_is_no_stronger_than_one_for_each(digits_lstm, some):
    each, common = (
        robustness_curve(digits_lstm, some, name, [0.0, 0.2, 0.5], iterations=20, checks=False)
        for name in ("pgd", "universal")
    )
    assert (common.accuracy >= each.accuracy).all()
    assert common.accuracy[0] == common.clean_accuracy
    assert common.accuracy[-1] < common.clean_accuracy
    assert (common.max_perturbation <= common.epsilons * (1 + 1e-5)).all()


def test_an_unknown_attack_is_refused(digits_lstm, some):
    with pytest.raises(ValueError, match="`attacks` must be one of pgd, .*, got 'random'"):
        survey(digits_lstm, some, ["random"])
    with pytest.raises(ValueError, match="`attacks` must be one of random, .*, got 'pgd'"):
        survey(digits_lstm, some, target="weights")


def test_what_no_attack_could_use_is_refused(digits_lstm, some):
    with pytest.raises(ValueError, match="`target` must be one of input, state, weights, got 'x'"):
        survey(digits_lstm, some, target="x")
    with pytest.raises(ValueError, match="`attacks` must name at least one attack, got none"):
        survey(digits_lstm, some, [])
    with pytest.raises(ValueError, match="`epsilons` must increase, got 0.1 after 0.2"):
        survey(digits_lstm, some, ["sparse"], [0.2, 0.1])


def test_sizes_may_be_an_array(digits_lstm, some):
    names = ["sparse", "sign"]
    sizes = [0.1, 0.5]
    listed, array = (survey(digits_lstm, some, names, given) for given in (sizes, np.array(sizes)))
    np.testing.assert_array_equal(listed.minimal["sparse"].r, array.minimal["sparse"].r)
    np.testing.assert_array_equal(listed.curves["sign"].epsilons, array.curves["sign"].epsilons)


def test_a_state_has_no_units(digits_lstm, some):
    assert survey(digits_lstm, some, ["fgsm"], [1.0], target="state").units is None


def test_one_attack_may_be_named_alone(digits_lstm, some):
    alone, listed = (survey(digits_lstm, some, given, [0.5]) for given in ("sign", ["sign"]))
    assert alone.curves.keys() == listed.curves.keys() == {"sign"}
    np.testing.assert_array_equal(alone.curves["sign"].accuracy, listed.curves["sign"].accuracy)
