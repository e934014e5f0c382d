"""Runs are compared with runs that began alike."""

import numpy as np
import pytest

from rnnspec.study.claims.contrasts import contrast, orders, pairs, rise

ROW = {"run": "a", "dataset": "digits", "cell": "gru", "seed": 0, "start": "c0ffee"}


@pytest.mark.parametrize("name", ["dataset", "cell", "seed", "start"])
def test_a_start_is_all_of_its_settings(name):
    one, other = ROW | {"side": "left"}, ROW | {"side": "right"}
    sides = (lambda run: run["side"] == "left", lambda run: run["side"] == "right")
    assert pairs([one, other], *sides) == [[(one, other)]]
    assert pairs([one, other | {name: "else"}], *sides) == []


def test_a_start_counts_once():
    """Six starts, of one of them two pairs: their mean is its difference."""
    starts = [[({"x": 3.0}, {"x": 1.0})]] * 5 + [
        [({"x": 1.0}, {"x": 1.0}), ({"x": 5.0}, {"x": 1.0})]
    ]
    found = contrast(starts, "x", rise, "mine")
    assert (found.n, found.name, found.value, found.low) == (6, "mine", 2, 2)
    assert contrast(starts, "x", orders, "").value == pytest.approx(np.log10(3))


def test_orders_below_zero_are_unknown():
    assert np.isnan(orders(-1.0, 2.0))
