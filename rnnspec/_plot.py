"""The one place where a result calls the room that draws it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot(figure: str, result: Any, ax: Axes | None) -> Axes:
    """Draw `result` with ``rnnspec.plots.<figure>``, which imports matplotlib only now.

    Parameters
    ----------
    figure : str
        Name of a function of `rnnspec.plots`.
    result : object
        The result that the function draws.
    ax : matplotlib.axes.Axes, optional
        Where it draws; by default into a new figure.

    Returns
    -------
    matplotlib.axes.Axes
    """
    axes: Axes = getattr(import_module("rnnspec.plots"), figure)(result, ax=ax)
    return axes
