"""The one place where a result calls the room of figures that draws it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot(figure: str, result: Any, ax: Axes | None) -> Axes:
    """Call ``rnnspec.plots.<figure>``; matplotlib is imported now and not before.

    Parameters
    ----------
    figure : str
        Name of a function of `rnnspec.plots`.
    result : object
        What the function draws.
    ax : matplotlib.axes.Axes, optional
        Where it draws; by default into a new figure.
    """
    axes: Axes = getattr(import_module("rnnspec.plots"), figure)(result, ax=ax)
    return axes
