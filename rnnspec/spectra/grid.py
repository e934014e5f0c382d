"""Where to look: the box, the grid points and the levels of a pseudospectrum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec._checks import positive
from rnnspec.spectra.eigen import eigenvalues, spectral_norm
from rnnspec.spectra.nonnormality import eigenvector_condition, numerical_abscissa

Box = tuple[float, float, float, float]


def automatic_box(
    A: NDArray[Any],
    epsilon: float | None = None,
) -> Box:
    """Box (xmin, xmax, ymin, ymax) that holds the `epsilon`-pseudospectrum of A.

    Each side is the nearer of two bounds: the eigenvalues widened by ``kappa(V) epsilon`` (Bauer
    and Fike), and the field of values widened by epsilon.  A margin of a twentieth of the longer
    side is added.  Without `epsilon`, it is a tenth of ``||A||``.

    Parameters
    ----------
    A : ndarray, shape (n, n)
    epsilon : float, optional

    References
    ----------
    .. [1] L. N. Trefethen and M. Embree, Spectra and Pseudospectra (2005), theorems 2.3 and 17.2.

    Examples
    --------
    >>> np.round(automatic_box(np.diag([0.0, 1.0]), epsilon=0.1), 9).tolist()
    [-0.16, 1.16, -0.16, 0.16]
    """
    epsilon = epsilon or 0.1 * spectral_norm(A) or 1.0
    points, radius = eigenvalues(A), eigenvector_condition(A) * epsilon
    turns = (-1, 1, 1j, -1j)  # each side in turn is rotated to the right
    sides = [
        min((points * turn).real.max() + radius, numerical_abscissa(A * turn) + epsilon)
        for turn in turns
    ]
    xmin, xmax, ymin, ymax = np.array([-1, 1, -1, 1]) * sides
    margin = max(xmax - xmin, ymax - ymin) / 20
    return xmin - margin, xmax + margin, ymin - margin, ymax + margin


def check_box(box: Sequence[float]) -> Box:
    """`box` as four finite numbers xmin < xmax, ymin < ymax.

    Examples
    --------
    >>> check_box([0, 0, -1, 1])
    Traceback (most recent call last):
    ...
    ValueError: `box` must be four finite numbers xmin < xmax, ymin < ymax, got [0, 0, -1, 1]
    """
    values = tuple(float(side) for side in box)
    ordered = len(values) == 4 and values[0] < values[1] and values[2] < values[3]
    if not ordered or not np.isfinite(values).all():
        raise ValueError(
            f"`box` must be four finite numbers xmin < xmax, ymin < ymax, got {list(box)}"
        )
    return values[0], values[1], values[2], values[3]


def check_grid(grid: int | Sequence[int]) -> tuple[int, int]:
    """`grid` as a pair (nx, ny); one number is used for both.

    Examples
    --------
    >>> check_grid(3), check_grid((4, 5))
    ((3, 3), (4, 5))
    """
    pair = (grid, grid) if isinstance(grid, int | float | np.integer) else tuple(grid)
    if len(pair) != 2 or any(count != count // 1 or count < 2 for count in pair):
        raise ValueError(f"`grid` must be an int or a pair (nx, ny), each at least 2, got {grid}")
    return int(pair[0]), int(pair[1])


def check_levels(levels: Sequence[float]) -> NDArray[np.float64]:
    """`levels` in increasing order, once each, all above zero.

    Examples
    --------
    >>> check_levels([0.1, 0.01, 0.1])
    array([0.01, 0.1 ])
    """
    if np.ndim(levels) != 1:
        raise ValueError(f"`levels` must be a sequence of epsilons, got {levels!r}")
    if len(levels) == 0:
        raise ValueError("`levels` must hold at least one epsilon, or be None, got none")
    return np.unique([positive(float(level), "levels") for level in levels])


def nice_levels(
    sigma_min: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Up to eight powers of ten, equally spaced in the exponent, that the values cross.

    The lowest hundredth of the values is left out, because its contours are specks at the
    eigenvalues, and of the upper half what has contours that leave the box.

    Parameters
    ----------
    sigma_min : ndarray, shape (ny, nx)

    Examples
    --------
    >>> x = np.linspace(-1.5, 1.5, 100)
    >>> nice_levels(np.hypot(x, x[:, None]) ** 3).round(6)
    array([0.01    , 0.031623, 0.1     , 0.316228, 1.      , 3.162278])
    """
    values = np.maximum(sigma_min, 1e-13 * sigma_min.max())  # lower values are rounding
    edge = min(values[[0, -1]].min(), values[:, [0, -1]].min())
    low, high = np.log10([np.percentile(values, 1), max(edge, np.median(values))])
    for step in (0.1, 0.25, 0.5, 1, 2, 5):
        exponents = step * np.arange(np.ceil(low / step), np.floor(high / step) + 1)
        if len(exponents) <= 8:
            break
    return np.asarray(10.0 ** (exponents if len(exponents) else np.array([(low + high) / 2])))
