import numpy as np
import pytest

from rnnspec.study.pareto import pareto_front, settings


def test_the_front_is_its_definition():
    P = np.random.default_rng(2).integers(0, 5, (40, 3)).astype(float)
    front = pareto_front(P)
    for i, p in enumerate(P):
        dominated = any((q >= p).all() and (q > p).any() for q in P)
        assert front[i] == (not dominated)
    assert 0 < front.sum() < 40


def test_in_one_coordinate_the_front_is_the_maximum():
    assert pareto_front([[1.0], [3.0], [2.0], [3.0]]).tolist() == [False, True, False, True]


def test_equal_points_and_a_falling_line_are_all_on_it():
    assert pareto_front(np.ones((3, 2))).all()
    assert pareto_front([[i, -i] for i in range(5)]).all()


def test_a_monotone_change_of_scale_changes_nothing():
    P = np.random.default_rng(3).uniform(size=(30, 3))
    assert (pareto_front(P) == pareto_front(np.exp(P * [1, 2, 3]))).all()


def test_the_unknown_is_neither_on_it_nor_in_the_way():
    assert pareto_front([[np.nan, 9], [1, 1], [0, 0]]).tolist() == [False, True, False]
    assert pareto_front([[np.inf, 0], [1, 0]]).tolist() == [True, False]


def test_empty_and_refused():
    assert pareto_front(np.empty((0, 3))).tolist() == []
    with pytest.raises(ValueError, match=r"shape \(n, m\), got shape \(2,\)"):
        pareto_front([1.0, 2.0])


def run(condition, accuracy, distance=0.1, median=1.0, dataset="digits", cell="rnn"):
    return {
        "dataset": dataset, "cell": cell, "condition": condition, "test_accuracy": accuracy,
        "distance_to_instability": distance, "median_r": median,
    }  # fmt: skip


def test_settings_are_means_over_their_runs():
    runs = [run("plain", 0.8), run("plain", 0.9), run("plain", None), run("norm", 0.5, 0.4)]
    plain, norm = settings(runs)
    assert (plain.condition, plain.test_accuracy) == ("plain", pytest.approx(0.85))
    assert (norm.condition, norm.distance_to_instability) == ("norm", 0.4)
    assert plain.on_front
    assert norm.on_front


@pytest.mark.parametrize("other", [{"dataset": "mnist"}, {"cell": "gru"}])
def test_rivals_share_data_set_and_cell(other):
    better = run("norm", 0.9)
    assert [one.on_front for one in settings([run("plain", 0.8), better])] == [False, True]
    assert all(one.on_front for one in settings([run("plain", 0.8), better | other]))


def test_a_setting_without_a_number_is_not_on_the_front():
    (only,) = settings([run("plain", 0.9, None)])
    assert not only.on_front
    assert settings([]) == []
