"""The portrait of one matrix: its pseudospectrum, its numbers, its powers, and its roundings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnspec._checks import square
from rnnspec._result import Result
from rnnspec.robustness.quantisation import round_to_bits, to_half_precision
from rnnspec.spectra.eigen import spectral_norm, spectral_radius
from rnnspec.spectra.measures import measure
from rnnspec.spectra.numbers import StabilityMeasures
from rnnspec.spectra.pseudospectral import pseudospectral_radius
from rnnspec.spectra.pseudospectrum import Pseudospectrum, pseudospectrum
from rnnspec.spectra.transient import TransientGrowth, transient_growth

# What a page has space for: a grid of 80 x 80 points takes some 45 kB of it in four figures, and
# its contours still look smooth; within 40 steps the usual transient has risen and fallen again.
GRID = 80
STEPS = 40
EPSILON = 0.01  # of the pseudospectral radius, as in the presets of studies
MARGIN = 1.1  # a tenth of empty plane around the unit disk and the pseudospectrum


@dataclass(frozen=True, eq=False, repr=False)
class Rounding(Result):
    """What storing the entries in fewer bits does to a matrix.

    Attributes
    ----------
    name : {"float16", "int8", "int4"}
    change : float
        Spectral norm of the difference between the rounded matrix and the matrix.
    spectral_radius : float
        Spectral radius of the rounded matrix.
    """

    name: str
    change: float
    spectral_radius: float


@dataclass(frozen=True, eq=False, repr=False)
class MatrixPortrait(Result):
    """What a report shows of one matrix.

    Attributes
    ----------
    name : str
    spectrum : Pseudospectrum
        On a square that holds the unit disk and the pseudospectrum of a tenth of the norm.
    measures : StabilityMeasures
    growth : TransientGrowth
    roundings : tuple of Rounding
        Empty for a Jacobian or a complex matrix, whose entries are not stored weights.
    """

    name: str
    spectrum: Pseudospectrum
    measures: StabilityMeasures
    growth: TransientGrowth
    roundings: tuple[Rounding, ...]


def portrait_of_matrix(A: ArrayLike, name: str, stored: bool = True) -> MatrixPortrait:
    """Compute what a report shows of `A`.

    Parameters
    ----------
    A : array_like, shape (n, n)
    name : str
        Stands in the results and in errors.
    stored : bool, default True
        Whether the entries are weights, which may be stored in fewer bits.

    Returns
    -------
    MatrixPortrait

    Raises
    ------
    ValueError
        If `A` is not square or has non-finite entries; the text names the matrix.

    Notes
    -----
    Cost O(n^3) for each number, as `measure`, and O(n^2) for each of 80 x 80 points.

    Examples
    --------
    >>> portrait = portrait_of_matrix([[0.5, 3.0], [0.0, 0.5]], "shear")
    >>> portrait.growth.peak_step, [each.name for each in portrait.roundings]
    (1, ['float16', 'int8', 'int4'])
    """
    A = square(A, name)
    return MatrixPortrait(
        name,
        pseudospectrum(A, box=_box(A), grid=GRID, name=name),
        measure(A, [EPSILON]),
        transient_growth(A, STEPS),
        roundings(A) if stored and np.isrealobj(A) else (),
    )


def roundings(A: NDArray[np.float64]) -> tuple[Rounding, ...]:
    """Roundings of `A` to half precision, eight and four bits, without those that overflow.

    Parameters
    ----------
    A : ndarray, shape (n, n)

    Returns
    -------
    tuple of Rounding

    Examples
    --------
    >>> [(one.name, one.change) for one in roundings(np.diag([1.0, 0.5]))]
    [('float16', 0.0), ('int8', 0.00393...), ('int4', 0.0714...)]
    """
    with np.errstate(over="ignore"):
        stored = {
            "float16": to_half_precision(A),
            "int8": round_to_bits(A, 8),
            "int4": round_to_bits(A, 4),
        }
    return tuple(
        Rounding(name, spectral_norm(B - A), spectral_radius(B))
        for name, B in stored.items()
        if np.isfinite(B).all()
    )


def _box(A: NDArray[Any]) -> tuple[float, float, float, float]:
    """A square about 0 that holds the unit disk and the pseudospectrum of a tenth of the norm."""
    radius = pseudospectral_radius(A, spectral_norm(A) / 10 or 1.0).value
    side = MARGIN * max(1.0, radius)
    return -side, side, -side, side
