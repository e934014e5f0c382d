"""A smallest change drawn: few channels as lines, many as images."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from rnnspec import plots
from rnnspec.robustness.smallest_changes import Example


def example_of(d):
    clean = np.arange(3.0 * d).reshape(3, d)
    return Example(clean, clean + 0.5, "a", "b", size=0.5 * np.sqrt(3 * d))


@pytest.mark.parametrize("d", [1, 6])
def test_few_channels_are_lines_before_and_after(d):
    found = example_of(d)
    ax = plots.example(found)
    assert len(ax.lines) == 2 * d
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), found.clean[:, 0])
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), found.changed[:, 0])
    assert [line.get_linestyle() for line in ax.lines[:2]] == [":", "-"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["before", "after"]


def test_many_channels_are_images_with_the_change_enlarged():
    found = example_of(7)
    ax = plots.example(found)
    before, change, after = (image.get_array() for image in ax.images)
    np.testing.assert_array_equal(before, found.clean)
    np.testing.assert_allclose(change, np.full((3, 7), 20.5))
    np.testing.assert_array_equal(after, found.changed)
    assert {image.get_clim() for image in ax.images} == {(-20.5, 20.5)}
    assert [text.get_text() for text in ax.texts] == ["before", "change × 41", "after"]


def test_classes_are_shown_letter_by_letter():
    found = example_of(1)
    ax = plots.example(Example(found.clean, found.changed, "$_", "$_", 1.0))
    ax.figure.canvas.draw()
    assert ax.get_title() == r"\$_, changed by 1, is taken for \$_"


def test_the_given_axes_are_used():
    figure, ax = plt.subplots()
    assert plots.example(example_of(7), ax) is ax
    assert plt.get_fignums() == [figure.number]
