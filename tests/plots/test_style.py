import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

from rnnspec.plots.style import figure_style, ink, legend, paper, point


@pytest.mark.parametrize(
    ("z", "text"),
    [(0, "0"), (-1, "−1"), (1j, "i"), (-1j, "−i"), (-0.25j, "−0.25i"), (1 + 2j, "1 + 2i")],
)
def test_points(z, text):
    assert point(complex(z)) == text


def test_a_legend_of_nothing_is_no_legend():
    _, ax = plt.subplots()
    legend(ax)
    assert ax.get_legend() is None


def test_the_style_ends_with_its_context():
    before = mpl.rcParams.copy()
    with figure_style():
        assert not mpl.rcParams["axes.spines.top"]
    assert mpl.rcParams == before


def test_settings_of_the_user_are_kept():
    with mpl.rc_context({"lines.linewidth": 3.25}), figure_style():
        assert mpl.rcParams["lines.linewidth"] == 3.25
        assert not mpl.rcParams["axes.spines.right"]


def test_text_and_ground_follow_the_style_of_the_user():
    with plt.style.context("dark_background"), figure_style():
        assert (ink(), paper()) == ("#ffffff", "#000000")
    with figure_style():
        assert (ink(), paper()) == ("#000000", "#ffffff")


@pytest.mark.parametrize(("width", "columns"), [(8.0, 3), (3.3, 1)])
def test_a_legend_has_no_more_columns_than_fit_its_figure(width, columns):
    figure, ax = plt.subplots(figsize=(width, 3))
    for name in "abc":
        ax.plot([0, 1], label=f"the curve of matrix {name}")
    legend(ax, columns=3)
    figure.canvas.draw()
    left_edges = {round(text.get_window_extent().x0) for text in ax.get_legend().get_texts()}
    assert len(left_edges) == columns
    assert ax.get_legend().get_window_extent().width <= figure.bbox.width
    plt.close(figure)
