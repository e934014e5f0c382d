import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

from rnnspec.plots.style import legend, point, styled


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
    with styled():
        assert not mpl.rcParams["axes.spines.top"]
    assert mpl.rcParams == before
