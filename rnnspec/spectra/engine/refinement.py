"""Adaptive grids: only the cells that a level crosses are refined.

`sigma_min` is 1-Lipschitz, which rules levels out of cells, and every component of the set
``sigma_min < epsilon`` holds an eigenvalue, which finds the islands that corners do not show.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rnnspec.spectra.engine.cells import (
    Values,
    cells_between,
    grid_lines,
    holds_a_point,
    nine_points,
    quarters,
    ring_points,
)

Evaluate = Callable[[NDArray[np.intp], NDArray[np.intp]], NDArray[np.float64]]

COARSEST = 8  # from one line of the first round to the next: three halvings lead to the grid
FEWEST = 40  # lines of the first round, along the shorter side, so that no hole is missed easily


def refine(
    x: Values,
    y: Values,
    levels: Values,
    eigenvalues: NDArray[np.complex128],
    evaluate: Evaluate,
) -> tuple[Values, int]:
    """Values on the whole grid whose contour lines at `levels` are those of the computed grid.

    Parameters
    ----------
    x, y : ndarray, shapes (nx,) and (ny,)
        Grid lines.
    levels : ndarray, shape (k,)
        Increasing.
    eigenvalues : ndarray of complex, shape (n,)
    evaluate : function
        Of row and column numbers, shape (k,) each: the values at these grid points.

    Returns
    -------
    values : ndarray, shape (ny, nx)
        Computed near the levels; elsewhere interpolated within one band between two levels.
    points : int
        How many were computed.

    Notes
    -----
    Cells are halved while a level passes between their corners or the midpoints of their sides,
    or while they hold an eigenvalue, unless ``|sigma_min(z) - sigma_min(c)| <= |z - c|`` from the
    corners c proves that no level passes.  A level set may have a hole within one of the first
    cells.  Second differences find such holes; it is not proved that they find every one.

    References
    ----------
    .. [1] Koutis and Gallopoulos, exclusion of grid regions (Pseudospectra Gateway, software).

    Examples
    --------
    >>> x = np.linspace(-1.0, 1.0, 257)
    >>> values, points = refine(
    ...     x, x, np.array([0.5]), np.zeros(1), lambda row, column: np.hypot(x[column], x[row])
    ... )
    >>> bool(((values < 0.5) == (np.hypot(x, x[:, None]) < 0.5)).all()), points < 257**2 / 5
    (True, True)
    """
    values = np.full((len(y), len(x)), np.nan)
    stride = COARSEST
    while stride > 1 and min(len(x), len(y)) < FEWEST * stride:
        stride //= 2
    rows, columns = grid_lines(len(y), stride), grid_lines(len(x), stride)
    first = np.meshgrid(rows, columns, indexing="ij")
    points = _compute(values, first[0].ravel(), first[1].ravel(), evaluate)
    cells, bulge = cells_between(rows, columns), _bulge(values[np.ix_(rows, columns)])
    leaves, forced = cells[:0], False
    while len(cells):
        sizes = cells[:, 1::2] - cells[:, ::2]
        coarse = (sizes > 1).any(axis=1) & (sizes > 0).all(axis=1)
        cells, bulge = cells[coarse], bulge[coarse]
        split = np.zeros(len(cells), dtype=bool)
        fresh = split | forced | _to_split(values, cells, bulge, x, y, levels, eigenvalues)
        while fresh.any():  # a midpoint of one cell may show that a level crosses its neighbour
            points += _compute(values, *nine_points(cells[fresh]), evaluate)
            split |= fresh
            fresh = ~split & _to_split(values, cells, bulge, x, y, levels, eigenvalues)
        leaves = np.concatenate([leaves, cells[~split]])
        bulge = np.tile(bulge[split] / 4, 4)  # a parabola's height goes with the square
        cells, forced = quarters(cells[split]), False
        if not len(cells):  # the finer points of a neighbour may show that a level crosses a leaf
            shown = np.array([_is_crossed(values, leaf, levels) for leaf in leaves], dtype=bool)
            cells, leaves, forced = leaves[shown], leaves[~shown], True
            bulge = np.zeros(len(cells))
    for leaf in leaves:
        _interpolate(values, leaf)
    return values, points


def _bulge(values: Values) -> Values:
    """How far values in a cell may lie beyond those at its corners, from second differences."""
    bend = np.zeros_like(values)
    bend[1:-1] += np.abs(np.diff(values, 2, axis=0))
    bend[:, 1:-1] += np.abs(np.diff(values, 2, axis=1))
    corners = np.stack([bend[:-1, :-1], bend[1:, :-1], bend[:-1, 1:], bend[1:, 1:]])
    height: Values = corners.max(axis=0).ravel() / 8  # f'' h^2 / 8, a parabola between its ends
    return height


def _to_split(
    values: Values,
    cells: NDArray[np.intp],
    bulge: Values,
    x: Values,
    y: Values,
    levels: Values,
    eigenvalues: NDArray[np.complex128],
) -> NDArray[np.bool_]:
    """Whether each cell must be split.

    It must if a level can cross it, and either values near it show that one does or it holds an
    eigenvalue.
    """
    known = values[ring_points(cells)]
    smallest, largest = np.nanmin(known, axis=0), np.nanmax(known, axis=0)
    low, high, left, right = cells.T
    radius = np.hypot(x[right] - x[left], y[high] - y[low]) / 2  # sigma_min is 1-Lipschitz
    possible = _band(smallest - radius, levels) != _band(largest + radius, levels)
    crossed = _band(smallest - bulge, levels) != _band(largest + bulge, levels)
    split: NDArray[np.bool_] = possible & (crossed | holds_a_point(cells, x, y, eigenvalues))
    return split


def _band(values: Values, levels: Values) -> NDArray[np.intp]:
    """Number of the levels below each value."""
    return np.searchsorted(levels, values)


def _compute(
    values: Values, rows: NDArray[np.intp], columns: NDArray[np.intp], evaluate: Evaluate
) -> int:
    """Compute the values at those of the given points that have none; return how many."""
    flat = np.unique(rows * values.shape[1] + columns)
    flat = flat[np.isnan(values.ravel()[flat])]
    rows, columns = np.divmod(flat, values.shape[1])
    if len(flat):
        values[rows, columns] = evaluate(rows, columns)
    return len(flat)


def _is_crossed(values: Values, cell: NDArray[np.intp], levels: Values) -> bool:
    """Whether known values of the cell lie on both sides of a level."""
    low, high, left, right = cell
    patch = values[low : high + 1, left : right + 1]
    smallest, largest = _band(np.array([np.nanmin(patch), np.nanmax(patch)]), levels)
    return bool(smallest != largest)


def _interpolate(values: Values, cell: NDArray[np.intp]) -> None:
    """Fill in the missing values of the cell bilinearly from its corners."""
    low, high, left, right = cell
    patch = values[low : high + 1, left : right + 1]
    s = np.linspace(0, 1, high - low + 1)[:, None]
    t = np.linspace(0, 1, right - left + 1)
    top = patch[0, 0] * (1 - t) + patch[0, -1] * t
    bottom = patch[-1, 0] * (1 - t) + patch[-1, -1] * t
    np.copyto(patch, top * (1 - s) + bottom * s, where=np.isnan(patch))
