"""Level lines of a pseudospectrum: one colour for each, and a label where it fits."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm
from matplotlib.contour import QuadContourSet
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray
from scipy.spatial import KDTree

from rnnspec._format import figures
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
        lines, manual=_label_places(lines, result), fmt=figures, fontsize=8, inline_spacing=3
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


def _label_places(lines: QuadContourSet, result: Pseudospectrum) -> list[tuple[float, float]]:
    """A place for a label on the longest line of each level that is not too small for one.

    It is the place farthest from the other lines, the eigenvalues, the edges and other labels.
    """
    x, y = result.x, result.y
    least = 0.1 * max(np.ptp(x), np.ptp(y))  # side of the smallest area that a label fits in
    levels = [np.concatenate([*segments, np.empty((0, 2))]) for segments in lines.allsegs]
    others = np.column_stack([result.eigenvalues.real, result.eigenvalues.imag])
    places: list[tuple[float, float]] = []
    for level, segments in enumerate(lines.allsegs):
        # Where no point attains the level, there is no segment, or an empty one.
        line = max(segments, key=len, default=np.empty((0, 2)))
        if len(line) and abs(_area(line)) > least**2:
            spots = line[:: 1 + len(line) // 200]
            edges = np.abs(spots[:, :, None] - [[x[0], x[-1]], [y[0], y[-1]]]).min(axis=(1, 2))
            near = _clearance(
                spots, np.concatenate([*levels[:level], *levels[level + 1 :], others])
            )
            labels = _clearance(spots, np.array(places).reshape(-1, 2))
            best = int(np.minimum(np.minimum(near, edges), labels / 3).argmax())
            places.append((float(spots[best, 0]), float(spots[best, 1])))
    return places


def _clearance(spots: NDArray[np.float64], things: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance from each spot to the nearest thing."""
    if not len(things):
        return np.full(len(spots), np.inf)
    return np.asarray(KDTree(things).query(spots)[0], dtype=np.float64)


def _area(line: NDArray[np.float64]) -> float:
    """Area within a closed line, by the shoelace formula."""
    x, y = line.T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
