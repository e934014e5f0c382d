"""Pseudospectra: ``sigma_min(zI - A)`` on a grid, and at any points of the plane."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnspec._checks import one_of, positive, square
from rnnspec.spectra.eigen import eigenvalues
from rnnspec.spectra.grid import (
    automatic_box,
    check_box,
    check_grid,
    check_levels,
    nice_levels,
)
from rnnspec.spectra.resolvent import choose_method, sigma_min_certified

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
class Pseudospectrum:
    """``sigma_min(zI - A)`` on a grid, with what is needed to draw it and to judge it."""

    x: NDArray[np.float64]  # shape: (nx,)
    y: NDArray[np.float64]  # shape: (ny,)
    sigma_min: NDArray[np.float64]  # shape: (ny, nx)
    eigenvalues: NDArray[np.complex128]  # shape: (n,)
    levels: NDArray[np.float64]  # the epsilons to draw, increasing
    tol: float
    method: str  # "svd" or "lanczos"
    converged: bool
    name: str

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the contours; see `rnnspec.report.plots.plot_pseudospectrum`."""
        from rnnspec.report.plots import plot_pseudospectrum

        return plot_pseudospectrum(self, ax=ax)

    def save(self, path: str | PathLike[str]) -> None:
        """Write every field into the .npz file `path`."""
        with open(path, "wb") as file:
            np.savez(file, **{field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def load(cls, path: str | PathLike[str]) -> "Pseudospectrum":
        """Read what `save` wrote.

        Raises
        ------
        ValueError
            If a field is missing.
        """
        with np.load(path, allow_pickle=False) as stored:
            missing = [field.name for field in fields(cls) if field.name not in stored]
            if missing:
                raise ValueError(
                    f"`path` must be a file that Pseudospectrum.save wrote,"
                    f" got {path} without {', '.join(missing)}"
                )
            values = {field.name: stored[field.name] for field in fields(cls)}
        return cls(**{key: v.item() if v.ndim == 0 else v for key, v in values.items()})


def pseudospectrum(
    A: ArrayLike,  # shape: (n, n)
    box: Sequence[float] | None = None,
    grid: int | Sequence[int] = 100,
    levels: Sequence[float] | None = None,
    tol: float = 1e-6,
    device: str = "cpu",
    name: str = "",
) -> Pseudospectrum:
    """Smallest singular value of ``zI - A`` on a grid of points z.

    The set where it is below epsilon is the epsilon-pseudospectrum: all eigenvalues of all
    matrices A + E with ``||E|| < epsilon``.

    Parameters
    ----------
    A : array_like, shape (n, n)
        Real or complex.
    box : (xmin, xmax, ymin, ymax), optional
        By default one that holds the eigenvalues and the largest level's contour.
    grid : int or (nx, ny)
        Points along x and y, both ends included.
    levels : sequence of float, optional
        The epsilons to draw; by default up to eight powers of ten that the grid's values cross.
    tol : float
        Relative accuracy of the values, as far as rounding, about 1e-16 ``||A||``, allows.
    device : "cpu"
    name : str
        What the picture and the file call this matrix.

    Returns
    -------
    Pseudospectrum
        ``x`` (nx,), ``y`` (ny,), ``sigma_min`` (ny, nx), ``eigenvalues`` (n,), ``levels``,
        ``tol``, ``method``, ``converged``, ``name``.

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
    Cost O(n^3) once and O(n^2) a point.  Real matrices on a grid that is symmetric about the real
    axis take half the work, since ``sigma_min`` has the same value at conjugate points.

    References
    ----------
    .. [1] L. N. Trefethen, Acta Numerica 8 (1999), 247-295.

    Examples
    --------
    >>> result = pseudospectrum([[0.0, 1.0], [0.0, 0.0]], box=(-1, 1, -1, 1), grid=3)
    >>> result.sigma_min.round(6)
    array([[1.      , 0.618034, 1.      ],
           [0.618034, 0.      , 0.618034],
           [1.      , 0.618034, 1.      ]])
    """
    A = square(A)
    one_of(device, "device", ["cpu"])
    nx, ny = check_grid(grid)
    wanted = None if levels is None else check_levels(levels)
    if box is None:
        box = automatic_box(A, None if wanted is None else wanted[-1])
    xmin, xmax, ymin, ymax = check_box(box)
    x, y = np.linspace(xmin, xmax, nx), np.linspace(ymin, ymax, ny)
    mirrored = np.isrealobj(A) and np.allclose(y, -y[::-1], rtol=0, atol=1e-14 * (ymax - ymin))
    rows = y[ny // 2 :] if mirrored else y
    values, converged = sigma_min_certified(A, x + 1j * rows[:, None], positive(tol, "tol"))
    if mirrored:  # the row on the real axis, if there is one, is not repeated
        values = np.vstack([values[ny % 2 :][::-1], values])
    return Pseudospectrum(
        x=x,
        y=y,
        sigma_min=values,
        eigenvalues=eigenvalues(A),
        levels=nice_levels(values) if wanted is None else wanted,
        tol=float(tol),
        method=choose_method(A),
        converged=converged,
        name=name,
    )
