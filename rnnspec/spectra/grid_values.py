"""Values on a grid: strips bound the memory, symmetry halves the work."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rnnspec.spectra.engine.dense import Resolvent, count_points
from rnnspec.spectra.engine.krylov import KrylovResolvent
from rnnspec.spectra.engine.sparse import SparseResolvent

# Grid points that are computed together.  Indices, point and value of each take some 90 bytes, so
# that a strip needs about 100 MB however large the grid is.
STRIP = 2**20


class GridValues:
    """Values of ``sigma_min(zI - A)`` at grid points, of which each is computed once.

    Of two points that mirror each other in the real axis only the upper one is computed, if the
    matrix is real and the grid symmetric: ``sigma_min`` has the same value at conjugate points.
    ``converged`` says whether all values so far reached `tol`.

    Parameters
    ----------
    resolvent : Resolvent, SparseResolvent or KrylovResolvent
        What computes the values.
    x : ndarray, shape (nx,)
    y : ndarray, shape (ny,)
        The grid.
    tol : float
    progress : function, optional
        Called with the number of points that are done and the number of those to compute.

    Examples
    --------
    >>> x = np.array([-1.0, 0.0, 1.0])
    >>> values = GridValues(Resolvent(np.zeros((1, 1))), x, x, tol=1e-6)
    >>> values.everywhere().round(3)
    array([[1.414, 1.   , 1.414],
           [1.   , 0.   , 1.   ],
           [1.414, 1.   , 1.414]])
    """

    def __init__(
        self,
        resolvent: Resolvent | SparseResolvent | KrylovResolvent,
        x: NDArray[np.float64],
        y: NDArray[np.float64],
        tol: float,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self.resolvent, self.x, self.y, self.tol = resolvent, x, y, tol
        rounding = 1e-14 * (y[-1] - y[0])
        symmetric = np.allclose(y, -y[::-1], rtol=0, atol=rounding)
        self.mirrored = np.isrealobj(resolvent.A) and symmetric
        self.converged = True
        rows = len(y) - len(y) // 2 if self.mirrored else len(y)
        self.count = count_points(progress, len(x) * rows)

    def everywhere(self) -> NDArray[np.float64]:
        """Values on the whole grid, shape (ny, nx), computed in strips of some rows."""
        nx, ny = len(self.x), len(self.y)
        values, below = np.empty((ny, nx)), ny // 2 if self.mirrored else 0
        height = max(1, STRIP // nx)
        for low in range(below, ny, height):
            rows = np.arange(low, min(low + height, ny))
            row, column = np.repeat(rows, nx), np.tile(np.arange(nx), len(rows))
            values[rows] = self(row, column).reshape(-1, nx)
        values[:below] = values[::-1][:below]
        return values

    def __call__(self, row: NDArray[np.intp], column: NDArray[np.intp]) -> NDArray[np.float64]:
        """Values at the points of these rows and columns."""
        if self.mirrored:  # take the upper half; a row on the real axis is its own mirror image
            row = np.maximum(row, len(self.y) - 1 - row)
        flat, back = np.unique(row * len(self.x) + column, return_inverse=True)
        row, column = np.divmod(flat, len(self.x))
        z = self.x[column] + 1j * self.y[row]
        values, converged = self.resolvent.sigma_min(z, self.tol, self.count)
        self.converged &= converged
        return values[back]
