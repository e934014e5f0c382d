import numpy as np

from rnnspec.study.statistics.estimate import Estimate
from rnnspec.study.statistics.holm import correct, holm


def test_holm_is_its_definition():
    p = np.random.default_rng(3).uniform(0, 0.1, 8)
    order = np.argsort(p)
    corrected = holm(p)
    for i, place in enumerate(order):
        assert corrected[place] == max(min(1, (8 - j) * p[order[j]]) for j in range(i + 1))


def test_holm_of_few():
    assert holm([]).tolist() == []
    assert holm([0.2]).tolist() == [0.2]
    assert holm([0.9, 0.8]).tolist() == [1, 1]
    assert np.isnan(holm([np.nan])).all()


def test_a_family_is_corrected_in_its_order_and_nothing_else_changes():
    family = [Estimate("a", 1.0, p=0.04), Estimate("b", p=np.nan), Estimate("c", p=0.01)]
    found = correct(iter(family))
    assert [one.p_corrected for one in found[::2]] == [0.04, 0.02]
    assert np.isnan(found[1].p_corrected)
    assert [(one.name, one.value) for one in found[:1]] == [("a", 1.0)]
