"""Many points: in which order, from which start vectors, in which batches.

Points are taken coarse to fine.  Each starts from the singular vectors of its nearest neighbours
that are already known, so that two or three steps suffice, and batches stay wide.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from rnnspec.spectra.multishift import Estimates, smallest_singular_values
from rnnspec.spectra.triangle import Array, ShiftedTriangle, namespace, take

WORKSPACE = 512 * 2**20  # bytes of all vectors that are held at a time
CACHE = 2**22  # bytes of one batch of vectors
NARROW, WIDE = 256, 2048  # shifts: below, calls cost more than arithmetic; above, nothing gains
TILE = 8192  # points that share start vectors
NEIGHBOURS = 4
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
    Memory: at most `WORKSPACE` bytes, whatever n and m.

    Examples
    --------
    >>> triangle = ShiftedTriangle(np.diag([0.0, 1.0]))
    >>> sigma_min_many(triangle, np.array([0.25, 1j]), tol=1e-6)[0]
    array([0.25, 1.  ])
    """
    sigma, converged, steps = np.empty(len(z)), np.empty(len(z), dtype=bool), 0
    with ThreadPoolExecutor(workers) as pool:
        run = map if workers == 1 else pool.map
        for tile in _tiles(z, triangle.n):
            known = _Known(triangle)
            levels = _levels(z[tile])
            for level, members in enumerate(levels):
                points = z[tile[members]]
                last = level + 1 == len(levels)
                parts = _parts(len(points), _width(triangle, workers))

                def batch(
                    part: slice, points: Any = points, known: Any = known, last: bool = last
                ) -> Estimates:
                    start = known.start(points[part])
                    shifts = known.move(points[part])
                    return smallest_singular_values(
                        triangle, shifts, start, tol, keep_vectors=not last
                    )

                results = []
                for part, found in zip(parts, run(batch, parts), strict=True):
                    where = tile[members[part]]
                    sigma[where], converged[where] = _host(found.sigma), _host(found.converged)
                    steps += found.steps
                    results.append(found.vectors)
                    if done is not None:
                        done(len(where))
                if not last:
                    known.add(points, results)
    return sigma, converged, steps


class _Known:
    """Points and singular vectors that are already known, and starts made from them."""

    def __init__(self, triangle: ShiftedTriangle) -> None:
        self.like = triangle.like
        rng = np.random.default_rng(1997)
        v = rng.standard_normal(triangle.n) + 1j * rng.standard_normal(triangle.n)
        self.noise = self.move((v / np.linalg.norm(v))[:, None])
        self.points = np.empty(0, complex)
        self.vectors: Array = None

    def move(self, values: NDArray[Any]) -> Array:
        if self.like is None:
            return values
        import torch

        return torch.from_numpy(values).to(self.like.device)

    def add(self, points: NDArray[np.complex128], vectors: list[Array]) -> None:
        xp = namespace(self.noise)
        parts = vectors if self.vectors is None else [self.vectors, *vectors]
        self.vectors = xp.concatenate(parts, 1)
        self.points = np.concatenate([self.points, points])
        self.tree = cKDTree(np.column_stack([self.points.real, self.points.imag]))

    def start(self, z: NDArray[np.complex128]) -> Array:
        """Mean of the nearest vectors, turned to one phase, plus the random part."""
        if self.vectors is None:
            return self.noise
        count = min(NEIGHBOURS, len(self.points))
        distance, index = self.tree.query(np.column_stack([z.real, z.imag]), range(1, count + 1))
        weights = self.move((distance[:, :1] + 1e-300) ** 4 / (distance + 1e-300) ** 4)
        index = self.move(index)
        total = take(self.vectors, index[:, 0])
        for j in range(1, count):
            other = take(self.vectors, index[:, j])
            other *= weights[:, j]
            total += other
        total += RANDOM_PART * self.noise
        return total


def _tiles(z: NDArray[np.complex128], n: int) -> Iterator[NDArray[np.intp]]:
    """Indices of compact groups of points, along the Z-order curve."""
    size = max(1, min(TILE, WORKSPACE // (16 * n * 5)))
    if len(z) <= size:
        yield np.arange(len(z))
        return
    code = np.zeros(len(z), dtype=np.int64)
    for axis, values in enumerate((z.real, z.imag)):
        rank = np.unique(values, return_inverse=True)[1]
        for bit in range(24):
            code |= ((rank >> bit) & 1) << (2 * bit + axis)
    order = np.argsort(code, kind="stable")
    for first in range(0, len(z), size):
        yield order[first : first + size]


def _levels(z: NDArray[np.complex128]) -> list[NDArray[np.intp]]:
    """Indices of every fourth grid line's points, of every second's, of the rest."""
    stride = np.full(len(z), 64)
    for values in (z.real, z.imag):
        rank = np.unique(values, return_inverse=True)[1]
        stride = np.minimum(stride, np.gcd(rank, 4))
    levels = [np.flatnonzero(stride == s) for s in (4, 2, 1)]
    return [level for level in levels if len(level)]


def _width(triangle: ShiftedTriangle, workers: int) -> int:
    """Shifts in a batch: vectors that fit the cache, and are wide enough for the products."""
    if triangle.like is not None:
        return TILE
    room = WORKSPACE // (16 * triangle.n * 12 * workers)
    return max(1, min(room, min(WIDE, max(NARROW, CACHE // (16 * triangle.n)))))


def _parts(count: int, width: int) -> list[slice]:
    """Slices of nearly equal size, none above `width`."""
    number = -(-count // width)
    edges = np.linspace(0, count, number + 1).astype(int)
    return [slice(a, b) for a, b in zip(edges[:-1], edges[1:], strict=True)]


def _host(values: Array) -> NDArray[Any]:
    return values if isinstance(values, np.ndarray) else values.cpu().numpy()
