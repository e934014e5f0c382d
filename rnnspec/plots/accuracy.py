"""One curve of accuracy, as every figure of robustness draws it."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from rnnspec.plots.style import MARKERS, colour


def draw_accuracy(
    ax: Axes,
    sizes: ArrayLike,  # shape: (n,)
    accuracy: ArrayLike,  # shape: (n,)
    interval: tuple[ArrayLike, ArrayLike] | None,  # each of shape: (n,)
    position: int,
    **line: Any,
) -> None:
    """Draw one curve of accuracy in the colour and with the marker of its position.

    Parameters
    ----------
    ax : matplotlib Axes
    sizes, accuracy : array_like, shape (n,)
    interval : pair of array_like, shape (n,), or None
        Lower and upper ends, which are drawn as a band.
    position : int
        Number of the curve among those of the figure.
    **line
        What matplotlib knows of a line, for example its label.
    """
    shade, marker = colour(position), MARKERS[position % len(MARKERS)]
    if interval is not None:
        ax.fill_between(sizes, *interval, color=shade, alpha=0.15, linewidth=0)
    ax.plot(sizes, accuracy, marker=marker, color=shade, markersize=4, **line)
    ax.set(ylabel="accuracy", ylim=(-0.02, 1.02))
