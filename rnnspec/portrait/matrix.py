"""What a page shows of one matrix: its plane, its numbers, its powers, and what rounding does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec._checks import square
from rnnspec.robustness.quantisation import round_to_bits, to_half_precision
from rnnspec.spectra.eigen import spectral_norm, spectral_radius
from rnnspec.spectra.engine.grid import Box
from rnnspec.spectra.measures import measure
from rnnspec.spectra.numbers import StabilityMeasures
from rnnspec.spectra.pseudospectral import pseudospectral_radius
from rnnspec.spectra.pseudospectrum import Pseudospectrum, pseudospectrum
from rnnspec.spectra.transient import TransientGrowth, transient_growth

GRID = 80  # points a side; four figures of each take some 45 kB of the page
STEPS = 40  # powers drawn
EPSILON = 0.01  # of the pseudospectral radius
MARGIN = 1.1  # of the plane around what it is to show


@dataclass(frozen=True)
class Rounding:
    """What storing the entries in fewer bits does to a matrix."""

    name: str  # "int8", "int4" or "float16"
    moved: float  # spectral norm of the difference
    spectral_radius: float  # afterwards


@dataclass(frozen=True, eq=False)
class MatrixPortrait:
    """One matrix as the page shows it."""

    name: str
    spectrum: Pseudospectrum
    measures: StabilityMeasures
    growth: TransientGrowth
    roundings: tuple[Rounding, ...]  # none of a Jacobian, whose entries nobody stores


def portrait_of_matrix(A: Any, name: str, stored: bool = True) -> MatrixPortrait:
    """Compute what the page shows of `A`.

    Parameters
    ----------
    A : array_like, shape (n, n)
    name : str
    stored : bool
        Whether the entries are weights, which may be rounded.

    Raises
    ------
    ValueError
        If `A` is not square or has non-finite entries; names the matrix.

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
    """Half precision, eight bits, four bits; what overflows half precision is left out.

    Examples
    --------
    >>> [(one.name, one.moved) for one in roundings(np.diag([1.0, 0.5]))]
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


def _box(A: NDArray[Any]) -> Box:
    """A square about 0 that holds the unit disk and the pseudospectrum of a tenth of the norm."""
    radius = pseudospectral_radius(A, spectral_norm(A) / 10 or 1.0).value
    side = MARGIN * max(1.0, radius)
    return -side, side, -side, side
