"""Pseudospectra: ``sigma_min(zI - A)`` on a grid, and at any points of the plane."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rnnspec._checks import positive, square
from rnnspec._files import load_npz, save_npz
from rnnspec._plot import plot
from rnnspec._result import Result
from rnnspec.spectra.engine.dense import Resolvent
from rnnspec.spectra.engine.krylov import KrylovResolvent
from rnnspec.spectra.engine.large import is_large, large_resolvent
from rnnspec.spectra.engine.refinement import refine
from rnnspec.spectra.engine.sparse import SparseResolvent
from rnnspec.spectra.grid import (
    automatic_box,
    check_box,
    check_grid,
    check_levels,
    nice_levels,
)
from rnnspec.spectra.grid_values import GridValues
from rnnspec.spectra.resolvent import check_device

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False, repr=False)
class Pseudospectrum(Result):
    """``sigma_min(zI - A)`` on a grid, with everything that drawing and judging it needs.

    Attributes
    ----------
    x : ndarray, shape (nx,)
    y : ndarray, shape (ny,)
        The grid.
    sigma_min : ndarray, shape (ny, nx)
        The values.
    eigenvalues : ndarray of complex, shape (n,)
    levels : ndarray
        The epsilons to draw, increasing.
    tol : float
        Relative accuracy that was asked for.
    method : {"svd", "lanczos", "sparse", "arnoldi"}
        How the values were computed.
    converged : bool
        Whether every value is accurate to `tol`.
    name : str
        What the picture and the file call the matrix.
    points : int
        Number of grid points whose value was computed; the values of the others, if the
        computation was adaptive, are interpolated.
    inner : bool
        Whether the values are those of a projection on a Krylov space.  Then the true sets are
        larger than the sets shown.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    sigma_min: NDArray[np.float64]
    eigenvalues: NDArray[np.complex128]
    levels: NDArray[np.float64]
    tol: float
    method: str
    converged: bool
    name: str
    points: int = 0
    inner: bool = False

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the contour lines of the levels; see `rnnspec.plots.pseudospectrum`."""
        return plot("pseudospectrum", self, ax)

    def save(self, path: str | PathLike[str]) -> None:
        """Write every field into the .npz file `path`."""
        save_npz(self, path)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Pseudospectrum:
        """Read what `save` wrote.

        Raises
        ------
        ValueError
            If a field is missing.
        """
        return cls(**load_npz(cls, path))


def pseudospectrum(
    A: Any,  # array_like, sparse or LinearOperator, shape: (n, n)
    box: Sequence[float] | None = None,
    grid: int | Sequence[int] = 100,
    levels: Sequence[float] | None = None,
    tol: float = 1e-6,
    device: str = "cpu",
    name: str = "",
    adaptive: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Pseudospectrum:
    """Smallest singular value of ``zI - A`` on a grid of points z.

    The set where it is below epsilon is the epsilon-pseudospectrum.  It consists of all eigenvalues
    of all matrices A + E with ``||E|| < epsilon`` in the spectral norm.

    Parameters
    ----------
    A : array_like, sparse array or LinearOperator, shape (n, n)
        Real or complex.  A sparse matrix is factored at each point.  An operator is projected on a
        Krylov space, and the sets of the projection lie within the true ones (``inner``).
    box : (xmin, xmax, ymin, ymax), optional
        By default a box that contains the eigenvalues and the contour of the largest level.  It
        must be given for a sparse matrix or an operator.
    grid : int or (nx, ny)
        Number of points along x and y, both ends included.
    levels : sequence of float, optional
        The epsilons to draw.  By default up to eight powers of ten between the smallest and the
        largest value on the grid.
    tol : float
        Relative accuracy of the values, as far as rounding, about 1e-16 ``||A||``, allows.
    device : "cpu" or "cuda"
        Where the iteration that finds the values runs, in float64.
    name : str
        What the picture and the file call this matrix.
    adaptive : bool
        Whether to compute values only near the `levels`, which must then be given.  The contour
        lines are the same; the other values are interpolated and lie between the right two levels.
    progress : function, optional
        Called from time to time with two numbers: how many points are done, and how many points
        the grid has.  An `adaptive` computation may end before all of them are done.

    Returns
    -------
    Pseudospectrum
        The values with their grid; ``.plot()`` draws them, and ``.save(path)`` keeps them.

    Raises
    ------
    ValueError
        If `A` is not square or has non-finite entries, or another argument is out of range.

    Warns
    -----
    ConvergenceWarning
        If `tol` was not reached at some point; ``converged`` is then False.

    Notes
    -----
    Cost O(n^3) once and O(n^2) for each point.  A real matrix on a grid that is symmetric about the
    real axis takes half the work, since ``sigma_min`` has the same value at conjugate points.  The
    memory is that of the values, of five matrices like `A`, and at most 512 MiB more.

    References
    ----------
    .. [1] L. N. Trefethen, Acta Numerica 8 (1999), 247-295.

    Examples
    --------
    For this matrix ``sigma_min = sqrt(|z|^2 + 1/4) - 1/2``:

    >>> result = pseudospectrum([[0.0, 1.0], [0.0, 0.0]], box=(-1, 1, -1, 1), grid=3)
    >>> result.sigma_min.round(6)
    array([[1.      , 0.618034, 1.      ],
           [0.618034, 0.      , 0.618034],
           [1.      , 0.618034, 1.      ]])
    """
    tol = float(positive(tol, "tol"))
    nx, ny = check_grid(grid)
    wanted = None if levels is None else check_levels(levels)
    if adaptive and wanted is None:
        raise ValueError("`levels` must be given if `adaptive` is set, got None")
    check_device(device)
    resolvent = _resolvent_of(A, device, with_box=box is not None)
    if box is None:
        box = automatic_box(resolvent.A, None if wanted is None else wanted[-1])
    xmin, xmax, ymin, ymax = check_box(box)
    x, y = np.linspace(xmin, xmax, nx), np.linspace(ymin, ymax, ny)
    spectrum = resolvent.eigenvalues(complex(xmin + xmax, ymin + ymax) / 2)
    field = GridValues(resolvent, x, y, tol, progress)
    if adaptive and wanted is not None:
        values, points = refine(x, y, wanted, spectrum, field)
    else:
        values, points = field.everywhere(), nx * ny
    return Pseudospectrum(
        x=x,
        y=y,
        sigma_min=values,
        eigenvalues=spectrum,
        levels=nice_levels(values) if wanted is None else wanted,
        tol=tol,
        method=resolvent.method,
        converged=field.converged,
        name=name,
        points=points,
        inner=resolvent.inner,
    )


def _resolvent_of(
    A: Any, device: str, *, with_box: bool
) -> Resolvent | SparseResolvent | KrylovResolvent:
    """What computes the values; only a dense matrix shows where its box should be."""
    if not is_large(A):
        return Resolvent(square(A), device)
    if not with_box:
        raise ValueError("`box` must be given for a sparse matrix or an operator, got None")
    return large_resolvent(A, device)
