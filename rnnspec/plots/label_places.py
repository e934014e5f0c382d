"""Where the labels of level lines fit: away from other lines, eigenvalues, edges and labels."""

from __future__ import annotations

import numpy as np
from matplotlib.contour import QuadContourSet
from numpy.typing import NDArray
from scipy.spatial import KDTree

from rnnspec.spectra.pseudospectrum import Pseudospectrum


def label_places(lines: QuadContourSet, result: Pseudospectrum) -> list[tuple[float, float]]:
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
