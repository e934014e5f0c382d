"""What figures of robustness share: a curve of accuracy, and the words for its sizes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from rnnspec.plots.style import MARKERS, colour
from rnnspec.robustness.minimal import MinimalPerturbations
from rnnspec.robustness.result import RobustnessCurve

NORMS = {"linf": "ℓ∞", "l2": "ℓ₂"}
UNITS = {"std": "standard deviations", "raw": "raw units"}


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


def size_label(
    results: Mapping[str, RobustnessCurve] | Mapping[str, MinimalPerturbations], name: str
) -> str:
    """What the sizes of all `results` are, which must be of one kind; errors call them `name`."""
    if not results:
        raise ValueError(f"`{name}` must hold at least one result, got none")
    kinds = {(result.target, result.norm, result.units) for result in results.values()}
    if len(kinds) > 1:
        listed = ", ".join("/".join(kind) for kind in sorted(kinds))
        raise ValueError(f"`{name}` must share target, norm and units, got {listed}")
    ((target, norm, units),) = kinds
    if norm == "steps":
        return "number of time steps that are touched"
    if target == "state":
        return f"ε: {NORMS[norm]} perturbation of the initial state"
    return f"ε: {NORMS[norm]} perturbation of the {target} ({UNITS[units]})"
