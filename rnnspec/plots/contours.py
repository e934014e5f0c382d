"""Level lines of a pseudospectrum: one colour for each, and a label where it fits."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from rnnspec._format import figures
from rnnspec.plots.label_places import label_places
from rnnspec.plots.style import ink, paper
from rnnspec.spectra.pseudospectrum import Pseudospectrum


def draw_contours(ax: Axes, result: Pseudospectrum, exponents: NDArray[np.float64]) -> None:
    """Draw contours, eigenvalues and the unit circle; the colour bar has the levels `exponents`."""
    colours = level_colours(exponents)
    lines = ax.contour(
        result.x,
        result.y,
        log_sigma_min(result),
        np.log10(result.levels),
        cmap=colours.cmap,
        norm=colours.norm,
    )
    labels = ax.clabel(
        lines, manual=label_places(lines, result), fmt=figures, fontsize=8, inline_spacing=3
    )
    for label in labels:  # readable, whatever is drawn across it
        label.set(zorder=6, path_effects=[withStroke(linewidth=2, foreground=paper())])
    turn = np.linspace(0, 2 * np.pi, 361)
    ax.plot(np.cos(turn), np.sin(turn), "--", color="0.45", linewidth=1, label="unit circle")
    points = result.eigenvalues
    ax.plot(points.real, points.imag, ".", color=ink(), markersize=4, label="eigenvalues")
    ax.set(
        xlim=(result.x[0], result.x[-1]),
        ylim=(result.y[0], result.y[-1]),
        xlabel="Re z",
        ylabel="Im z",
        aspect="equal",
    )


def log_sigma_min(result: Pseudospectrum) -> NDArray[np.float64]:
    """``log10 sigma_min``; zeros are replaced by the smallest float, below every level."""
    return np.asarray(np.log10(np.maximum(result.sigma_min, np.finfo(float).tiny)))


def caption(name: str, result: Pseudospectrum) -> str:
    """The title of a panel, which says so if the true sets are larger than the drawn ones."""
    return f"{name} (inner approximation)".lstrip() if result.inner else name


def level_colours(exponents: NDArray[np.float64]) -> ScalarMappable:
    """One colour for each level, so that lines and colour bar agree."""
    gaps = np.diff(exponents) / 2 if len(exponents) > 1 else np.array([0.5])
    edges = np.concatenate(
        [
            exponents[:1] - gaps[0],
            exponents[:-1] + gaps[: len(exponents) - 1],
            exponents[-1:] + gaps[-1],
        ]
    )
    cmap = plt.get_cmap("viridis", len(exponents) + 1)
    return ScalarMappable(BoundaryNorm(edges, cmap.N - 1), cmap)


def colour_bar(ax: Axes, exponents: NDArray[np.float64]) -> None:
    """Draw a colour bar beside the axes and as tall as they are, whatever their aspect."""
    beside = ax.inset_axes((1.04, 0, 0.035, 1))
    bar = ax.figure.colorbar(level_colours(exponents), cax=beside, ticks=exponents)
    bar.set_label("log₁₀ ε")
    bar.ax.tick_params(length=0)
    bar.ax.set_yticklabels([figures(exponent) for exponent in exponents])
