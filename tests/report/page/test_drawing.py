"""What the figures of a page show: curves by source and attack, in the colours of the page."""

import re

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

from rnnspec.report.page.drawing import png, svg
from rnnspec.report.page.robustness import draw_accuracies

ROWS = [{"epsilon": e, "accuracy": 1 - e, "ci_low": 0.0, "ci_high": 1.0} for e in (0.0, 0.5)]
BARE = [{"epsilon": 0.0, "accuracy": 1.0}]


@pytest.fixture
def ax():
    yield plt.subplots()[1]
    plt.close("all")


@pytest.mark.parametrize(
    ("keys", "names", "colours", "dashes"),
    [
        ([("a", "pgd"), ("a", "sign")], ["pgd", "sign"], 2, 1),
        ([("a", "pgd"), ("b", "pgd")], ["a", "b"], 2, 1),
        ([("a", "pgd"), ("a", "sign"), ("b", "pgd")], ["a · pgd", "a · sign", "b · pgd"], 2, 2),
    ],
)
def test_sources_differ_in_colour_and_their_attacks_in_dashes(ax, keys, names, colours, dashes):
    draw_accuracies(dict.fromkeys(keys, ROWS), "size", ax)
    assert [line.get_label() for line in ax.lines] == names
    assert len({line.get_color() for line in ax.lines}) == colours
    assert len({line.get_linestyle() for line in ax.lines}) == dashes
    assert ax.get_xlabel() == "size"


def test_a_band_is_drawn_where_it_is_known(ax):
    draw_accuracies({("a", "pgd"): ROWS, ("a", "sign"): BARE}, "size", ax)
    assert len(ax.collections) == 1


def draw(ax):
    ax.plot([0, 1], [1, 0], "s", label="<b> & $x$ 数")
    ax.axhline(0.5, color="0.6")
    ax.legend()


def test_colours_are_variables_and_identifiers_are_of_one_figure():
    first, second = svg(draw, "first", 4, 3), svg(draw, "second", 4, 3)
    assert {"var(--c0)", "var(--muted)", "var(--ink)"} <= set(re.findall(r"var\(--\w+\)", first))
    assert not re.search(r"#[0-9a-f]{6}\b", first)
    ids = [set(re.findall('id="([^"]+)"', each)) for each in (first, second)]
    assert ids[0]
    assert not ids[0] & ids[1]
    assert set(re.findall(r"url\(#(\w+)\)", first)) <= ids[0]
    assert "&lt;b&gt; &amp; " in first


def test_the_style_of_the_user_is_neither_used_nor_changed():
    usual = svg(draw, "one", 4, 3)
    with mpl.rc_context({"lines.linewidth": 7, "axes.facecolor": "red"}):
        before = mpl.rcParams.copy()
        assert svg(draw, "one", 4, 3) == usual
        assert mpl.rcParams == before
    assert plt.get_fignums() == []


def test_a_picture_stands_in_the_page_itself():
    assert png(draw).startswith("data:image/png;base64,")
