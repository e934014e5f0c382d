"""A sequence drawn before and after the smallest change that changes its class."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from rnnspec._format import figures
from rnnspec.plots.style import axes_or_new, colour, figure_style, legend, literal
from rnnspec.robustness.smallest_changes import Example

LINES = 6  # as many channels as the style has colours for; more are drawn as an image
# Blue to red through nothing at all, so that zero is the ground of a light and of a dark page.
COLOURS = ("#2166ac", "#2166ac00", "#b2182b00", "#b2182b")
SIGNED = LinearSegmentedColormap.from_list("signed", COLOURS)


def example(found: Example, ax: Axes | None = None) -> Axes:
    """Draw a sequence before its change, and after it.

    Up to six channels are lines over time, dotted before the change.  For more channels there are
    three images with a time step in each row: the sequence before, the change alone (enlarged), and
    the sequence after.

    Parameters
    ----------
    found : Example
    ax : matplotlib Axes, optional
        By default a new figure.

    Returns
    -------
    Axes

    Examples
    --------
    >>> clean = np.zeros((5, 1))
    >>> ax = example(Example(clean, clean + 0.1, "low", "high", size=0.22))
    >>> len(ax.lines), ax.get_title()
    (2, 'low, changed by 0.22, is taken for high')
    """
    with figure_style():
        ax = axes_or_new(ax, 5.2, 2.4)
        images = found.clean.shape[1] > LINES
        (_draw_images if images else _draw_lines)(ax, found)
        was, became = literal(found.was), literal(found.became)
        ax.set_title(
            f"{was}, changed by {figures(found.size)}, is taken for {became}",
            pad=20 if images else None,  # above the titles of the images
        )
        legend(ax)
    return ax


def _draw_lines(ax: Axes, found: Example) -> None:
    for channel in range(found.clean.shape[1]):
        for text, values, dash in (("before", found.clean, ":"), ("after", found.changed, "-")):
            label = text if channel == 0 else None
            ax.plot(values[:, channel], dash, color=colour(channel), label=label)
    ax.set(xlabel="step", ylabel="value")


def _draw_images(ax: Axes, found: Example) -> None:
    """The change is scaled to the largest value of the sequence; its title says by how much."""
    change = found.changed - found.clean
    largest = max(float(np.abs(each).max()) for each in (found.clean, found.changed))
    times = largest / float(np.abs(change).max())
    width = found.clean.shape[1]
    for j, (text, values) in enumerate(
        (
            ("before", found.clean),
            (f"change × {figures(times, 2)}", times * change),
            ("after", found.changed),
        )
    ):
        left = 1.1 * width * j
        ax.imshow(
            values,
            cmap=SIGNED,
            vmin=-largest,
            vmax=largest,
            interpolation="none",
            extent=(left, left + width, len(values), 0),
        )
        ax.text(left + width / 2, 0, text, ha="center", va="bottom", fontsize="small")
    ax.set(xlim=(0, 3.2 * width), ylim=(len(found.clean), 0))
    ax.set_axis_off()
