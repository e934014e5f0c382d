"""Many points: in which order, from which start vectors, in which batches.

Points are taken coarse to fine.  Each starts from the singular vectors of its nearest neighbours
that are already known, so that three or four steps suffice.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rnnspec.spectra.engine.lanes import LaneEngine, compiled
from rnnspec.spectra.engine.multishift import Estimates, smallest_singular_values
from rnnspec.spectra.engine.ordering import KnownPoints, Nearest, levels, parts, tiles
from rnnspec.spectra.engine.triangle import Array, ShiftedTriangle, host, namespace, take

WORKSPACE = 512 * 2**20  # bytes of all vectors that are held at a time
CACHE = 2**22  # bytes of one batch of vectors
NARROW, WIDE = 256, 2048  # shifts: below, calls cost more than arithmetic; above, nothing gains
TILE = 8192  # points that share start vectors
RANDOM_PART = 0.03  # of a start vector: what lies across a crossing must not stay hidden


def sigma_min_many(
    triangle: ShiftedTriangle,
    z: NDArray[np.complex128],  # shape: (m,)
    tol: float,
    workers: int = 1,
    done: Callable[[int], None] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.bool_], int]:
    """Smallest singular value of ``zI - T`` at every z, whether it converged, steps in all.

    Parameters
    ----------
    triangle : ShiftedTriangle
    z : ndarray of complex, shape (m,)
    tol : float
    workers : int
        Threads; the result is the same bits for any number.
    done : function, optional
        Called with the number of points after each batch.

    Returns
    -------
    sigma, converged : ndarrays, shape (m,)
    steps : int

    Notes
    -----
    Memory: at most `WORKSPACE` bytes, whatever n and m.  A real triangle on the CPU goes through
    compiled code if numba is there; the values agree to the tolerance either way.

    Examples
    --------
    >>> triangle = ShiftedTriangle(np.diag([0.0, 1.0]))
    >>> sigma_min_many(triangle, np.array([0.25, 1j]), tol=1e-6)[0]
    array([0.25, 1.  ])
    """
    sigma, converged, steps = np.empty(len(z)), np.empty(len(z), dtype=bool), 0
    with ThreadPoolExecutor(workers) as pool:
        run = map if workers == 1 else pool.map
        for tile in tiles(z, max(1, min(TILE, WORKSPACE // (16 * triangle.n * 5)))):
            engine, known = engine_of(triangle), KnownPoints()
            members = [tile[level] for level in levels(z[tile], engine.strides)]
            engine.reserve(sum(map(len, members[:-1])))
            for where in members:
                last = where is members[-1]
                slices = parts(len(where), engine.width(workers))

                def batch(
                    part: slice,
                    points: Any = z[where],
                    engine: _Engine = engine,
                    known: KnownPoints = known,
                    last: bool = last,
                ) -> Estimates:
                    some, first = points[part], len(known.points)
                    keep = None if last else slice(first + part.start, first + part.stop)
                    return engine.batch(some, known.nearest(some), RANDOM_PART, tol, keep)

                results = []
                for part, found in zip(slices, run(batch, slices), strict=True):
                    sigma[where[part]] = host(found.sigma)
                    converged[where[part]] = host(found.converged)
                    steps += found.steps
                    results.append(found.vectors)
                    if done is not None:
                        done(part.stop - part.start)
                if not last:
                    engine.add(results)
                    known.add(z[where])
    return sigma, converged, steps


class _Engine(Protocol):
    """Who computes batches, and keeps the vectors that are known."""

    strides: tuple[int, ...]

    def reserve(self, _count: int) -> None: ...

    def width(self, _workers: int) -> int: ...

    def batch(
        self,
        z: NDArray[np.complex128],
        nearest: Nearest,
        random_part: float,
        tol: float,
        keep: slice | None,
    ) -> Estimates: ...

    def add(self, vectors: list[Any]) -> None: ...


def engine_of(triangle: ShiftedTriangle) -> _Engine:
    """Compiled for a real triangle on the CPU, if numba is there."""
    rng = np.random.default_rng(1997)
    v = rng.standard_normal(triangle.n) + 1j * rng.standard_normal(triangle.n)
    v /= np.linalg.norm(v)
    if triangle.like is None and triangle.is_real and compiled():
        return LaneEngine(triangle.packed, v)
    return _ArrayEngine(triangle, v)


class _ArrayEngine:
    """Batches of NumPy arrays or torch tensors, wide ones; `vectors` has a column for each."""

    strides: tuple[int, ...] = (4, 2, 1)

    def __init__(self, triangle: ShiftedTriangle, noise: NDArray[np.complex128]) -> None:
        self.triangle = triangle
        self.noise = self._move(noise[:, None])
        self.vectors: Array = self.noise[:, :0]

    def reserve(self, _count: int) -> None:
        """Nothing: wide batches bring their own."""

    def width(self, workers: int) -> int:
        """Shifts in a batch: vectors that fit the cache, and are wide enough for the products."""
        if self.triangle.like is not None:
            return TILE
        n = self.triangle.n
        room = WORKSPACE // (16 * n * 12 * workers)
        return max(1, min(room, min(WIDE, max(NARROW, CACHE // (16 * n)))))

    def batch(
        self,
        z: NDArray[np.complex128],
        nearest: Nearest,
        random_part: float,
        tol: float,
        keep: slice | None,
    ) -> Estimates:
        start = self._start(nearest, random_part)
        return smallest_singular_values(
            self.triangle, self._move(z), start, tol, keep_vectors=keep is not None
        )

    def add(self, vectors: list[Any]) -> None:
        self.vectors = namespace(self.noise).concatenate([self.vectors, *vectors], 1)

    def _start(self, nearest: Nearest, random_part: float) -> Array:
        """Mean of the nearest vectors, which have like phases, plus the random part."""
        if not nearest.indices.size:
            return self.noise
        index, weights = self._move(nearest.indices), self._move(nearest.weights)
        total = take(self.vectors, index[:, 0])
        for j in range(1, index.shape[1]):
            other = take(self.vectors, index[:, j])
            other *= weights[:, j]
            total += other
        total += random_part * self.noise
        return total

    def _move(self, values: NDArray[Any]) -> Array:
        if self.triangle.like is None:
            return values
        import torch

        return torch.from_numpy(values).to(self.triangle.like.device)
