"""Cells of a grid: rows (low row, high row, low column, high column) of numbers of grid lines."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Indices = NDArray[np.intp]


def grid_lines(count: int, stride: int) -> Indices:
    """Every `stride`-th of `count` lines, and the last one."""
    return np.unique(np.append(np.arange(0, count, stride), count - 1))


def cells_between(rows: Indices, columns: Indices) -> Indices:
    """Cells as rows (low row, high row, low column, high column)."""
    low, left = np.meshgrid(rows[:-1], columns[:-1], indexing="ij")
    high, right = np.meshgrid(rows[1:], columns[1:], indexing="ij")
    return np.column_stack([part.ravel() for part in (low, high, left, right)])


def _middle(cells: Indices) -> tuple[Indices, Indices]:
    """Row and column number of the middle of each cell."""
    return (cells[:, 0] + cells[:, 1]) // 2, (cells[:, 2] + cells[:, 3]) // 2


def ring_points(cells: Indices) -> tuple[Indices, Indices]:
    """Row and column numbers of corners, then of the sides' midpoints, shape (8, cells)."""
    low, high, left, right = cells.T
    i, j = _middle(cells)
    rows = np.stack([low, low, high, high, low, high, i, i])
    return rows, np.stack([left, right, left, right, j, j, left, right])


def nine_points(cells: Indices) -> tuple[Indices, Indices]:
    """Row and column numbers of corners, midpoints of the sides, and middles."""
    rows, columns = ring_points(cells)
    i, j = _middle(cells)
    return np.append(rows, i), np.append(columns, j)


def quarters(cells: Indices) -> Indices:
    """The four quarters of each cell."""
    low, high, left, right = cells.T
    i, j = _middle(cells)
    parts = [
        np.column_stack([a, b, c, d])
        for a, b in ((low, i), (i, high))
        for c, d in ((left, j), (j, right))
    ]
    return np.concatenate(parts)


def holds_a_point(
    cells: Indices, x: Values, y: Values, eigenvalues: NDArray[np.complex128]
) -> NDArray[np.bool_]:
    """Whether an eigenvalue lies in each cell."""
    low, high, left, right = cells.T
    held = np.zeros(len(cells), dtype=bool)
    for point in eigenvalues:
        inside = (x[left] <= point.real) & (point.real <= x[right])
        held |= inside & (y[low] <= point.imag) & (point.imag <= y[high])
    return held
