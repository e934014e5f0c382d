"""The compiled iteration as continuation sees it: batches of shifts, and the vectors it keeps."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec.spectra.engine.multishift import Estimates, default_max_steps
from rnnspec.spectra.engine.ordering import Nearest
from rnnspec.spectra.engine.packed import PackedTriangle

WIDTH = 256  # shifts in a batch: hundreds, so that few lanes wait for the last ones


@cache
def compiled() -> Callable[..., int] | None:
    """The compiled iteration; None without numba, or with nowhere to keep what it compiles."""
    try:
        from rnnspec.spectra.engine.lane_lanczos import lanczos
    except (ImportError, RuntimeError):
        return None
    return lanczos


class LaneEngine:
    """Batches for one real triangle; `vectors` are the kept ones, a row each.

    Parameters
    ----------
    triangle : PackedTriangle
    noise : ndarray of complex, shape (n,)
        Of norm 1: the start where nothing is known.

    Examples
    --------
    >>> from rnnspec.spectra.engine.packed import pack
    >>> engine, z = LaneEngine(pack(np.diag([0.0, 1.0])), np.array([0.6, 0.8j])), np.array([0.3j])
    >>> engine.batch(z, Nearest.none(1), 0.03, tol=1e-6, keep=None).sigma.round(9)
    array([0.3])
    """

    strides: tuple[int, ...] = (8, 4, 2, 1)

    def __init__(self, triangle: PackedTriangle, noise: NDArray[np.complex128]) -> None:
        self.triangle, self.order = triangle, len(noise)
        planes = np.zeros((triangle.size, 2))
        planes[triangle.position, 0] = noise.real
        planes[triangle.position, 1] = noise.imag
        self.noise = planes.ravel()
        self.vectors = np.empty((0, 2 * triangle.size))

    def reserve(self, count: int) -> None:
        """Make room for vectors to keep."""
        self.vectors = np.empty((count, 2 * self.triangle.size))

    def width(self, _workers: int) -> int:
        """Shifts in a batch."""
        return WIDTH

    def batch(
        self,
        z: NDArray[np.complex128],  # shape: (m,)
        nearest: Nearest,
        random_part: float,
        tol: float,
        keep: slice | None,
    ) -> Estimates:
        """What `smallest_singular_values` does, from starts made of the nearest vectors.

        Starts for later batches go to the rows `keep` of `vectors`.
        """
        lanczos = compiled()
        assert lanczos is not None  # continuation asks first
        sigma, converged = np.empty(len(z)), np.empty(len(z), dtype=bool)
        steps = lanczos(
            self.triangle,
            np.ascontiguousarray(z),
            random_part * self.noise if nearest.indices.size else self.noise,
            self.vectors,
            nearest.indices,
            nearest.weights,
            tol,
            default_max_steps(self.order),
            sigma,
            converged,
            self.vectors[keep or slice(0)],
        )
        return Estimates(sigma, converged, None, int(steps))

    def add(self, _vectors: list[Any]) -> None:
        """Nothing: they are in their rows."""
