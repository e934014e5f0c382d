"""What the figures of a page hold, as dictionaries."""

import numpy as np
import pytest

from rnnspec.report.page.figures import accuracies, growth, scatter
from rnnspec.report.page.sequence import example
from rnnspec.robustness.examples import Example
from rnnspec.spectra.transient import transient_growth

ROWS = [{"epsilon": e, "accuracy": 1 - e, "ci_low": 0.0, "ci_high": 1.0} for e in (0.0, 0.5)]


def example_of(d):
    clean = np.arange(3.0 * d).reshape(3, d)
    return Example(clean, clean + 0.5, "a", "b", size=0.5 * np.sqrt(3 * d))


@pytest.mark.parametrize("d", [1, 6])
def test_few_channels_are_lines_before_and_after(d):
    found = example_of(d)
    traces = example(found)["data"]
    assert len(traces) == 2 * d
    assert traces[0]["y"] == found.clean[:, 0].tolist()
    assert traces[1]["y"] == found.changed[:, 0].tolist()
    assert traces[0]["line"]["dash"] != traces[1]["line"]["dash"]
    assert [trace["showlegend"] for trace in traces].count(True) == 2


def test_many_channels_are_images_with_the_change_enlarged():
    record = example(example_of(7))
    before, change, after = record["data"]
    assert (before["zmax"], change["zmax"], after["zmax"]) == (20.5, 0.5, 20.5)
    assert np.shape(before["z"]) == (3, 7)
    titles = [note["text"] for note in record["layout"]["annotations"]]
    assert titles == ["before", "× 41", "after"]


def test_one_source_has_a_colour_per_attack_and_several_a_colour_each():
    one = accuracies({("a", "pgd"): ROWS, ("a", "sign"): ROWS}, "e")["data"]
    two = accuracies({("a", "pgd"): ROWS, ("b", "pgd"): ROWS}, "e")["data"]
    for traces, names in ((one, ["pgd", "sign"]), (two, ["a", "b"])):
        drawn = [trace for trace in traces if trace["mode"] == "lines+markers"]
        assert [trace["name"] for trace in drawn] == names
        assert len({trace["line"]["color"] for trace in drawn}) == 2
    both = accuracies({("a", "pgd"): ROWS, ("b", "sign"): ROWS}, "e")["data"]
    assert {trace["name"] for trace in both} == {"a · pgd", "b · sign"}


def test_a_band_goes_there_and_back():
    band = accuracies({("a", "pgd"): ROWS}, "e")["data"][0]
    assert band["x"] == [0.0, 0.5, 0.5, 0.0]
    assert band["y"] == [0.0, 0.0, 1.0, 1.0]
    without = [{"epsilon": 0.0, "accuracy": 1.0}]
    assert len(accuracies({("a", "pgd"): without}, "e")["data"]) == 1


@pytest.mark.parametrize(("A", "tick"), [(np.eye(2), "D2"), (2 * np.eye(2), 1.0), ([[0.0]], "D2")])
def test_ticks_of_the_growth(A, tick):
    record = growth({"a": transient_growth(A, 10)})
    assert record["layout"]["yaxis"]["dtick"] == tick


def test_many_decades_have_few_ticks():
    record = growth({"a": transient_growth([[1e-3]], 40)})
    assert record["layout"]["yaxis"]["dtick"] == 20.0


def test_each_group_has_its_own_mark():
    points = [{"x": 0.5, "y": 1.0, "group": g, "text": g} for g in ("a", "b", "a")]
    first, second = scatter(points, "accuracy", "r")["data"]
    assert (len(first["x"]), len(second["x"])) == (2, 1)
    assert first["marker"]["symbol"] != second["marker"]["symbol"]
