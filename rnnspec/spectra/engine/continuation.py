"""Many points: in which order, from which start vectors, in which batches.

Points are taken coarse to fine.  Each starts from the singular vectors of its nearest neighbours
that are already known, so that three or four iterations suffice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Points = NDArray[np.complex128]
Indices = NDArray[np.intp]

WORKSPACE = 512 * 2**20  # bytes of all vectors that are held at a time: what any machine has
TILE = 8192  # points that share start vectors: more would gain no iteration
RANDOM_PART = 0.03  # of a start vector: what lies across a crossing must not stay hidden
NEIGHBOURS = 4  # known points whose vectors are mixed: those around a grid point


class Nearest(NamedTuple):
    """Known points near each of m points, and the weight of each vector in the mean.

    Attributes
    ----------
    indices : ndarray of int, shape (m, k)
        The nearest one first.
    weights : ndarray, shape (m, k)
        The first is 1.
    """

    indices: Indices
    weights: NDArray[np.float64]

    @classmethod
    def none(cls, m: int) -> Nearest:
        """Nothing is known near any of m points."""
        return cls(np.empty((m, 0), dtype=np.intp), np.empty((m, 0)))


class Estimates(NamedTuple):
    """What an iteration found at each of m shifts.

    Attributes
    ----------
    sigma, converged : arrays, shape (m,)
        Smallest singular values, and whether each reached the tolerance.
    vectors : array, shape (n, m), or None
        Starts for the neighbours, unless the engine has kept them itself.
    iterations : int
        Lanczos iterations, summed over the shifts.
    """

    sigma: Any
    converged: Any
    vectors: Any
    iterations: int


class Engine(Protocol):
    """What computes batches of shifts of one triangle, and keeps the vectors that are known."""

    order: int
    strides: tuple[int, ...]

    def reserve(self, _count: int) -> None:
        """Forget the vectors that were kept, and make room for `count` new ones."""

    def width(self, _workers: int) -> int:
        """Shifts in a batch, if so many batches run at a time."""

    def batch(
        self, z: Points, nearest: Nearest, tol: float, keep: slice | None = None
    ) -> Estimates:
        """Smallest singular values at z; vectors for the neighbours are kept at `keep`."""

    def add(self, _vectors: list[Any]) -> None:
        """Keep the vectors that batches returned."""


def sigma_min_many(
    engine: Engine,
    z: Points,
    tol: float,
    workers: int = 1,
    count: Callable[[int], None] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.bool_], int]:
    """Smallest singular value of ``zI - T`` at every z, whether it converged, iterations in all.

    Parameters
    ----------
    engine : Engine
        Of the triangle T.
    z : ndarray of complex, shape (m,)
    tol : float
    workers : int
        Threads; the result is the same bits for any number.
    count : function, optional
        Called with the number of points after each batch.

    Returns
    -------
    sigma, converged : ndarrays, shape (m,)
    iterations : int

    Notes
    -----
    Memory: at most `WORKSPACE` bytes, whatever n and m.

    Examples
    --------
    >>> from rnnspec.spectra.engine.dense import engine_of
    >>> sigma_min_many(engine_of(np.diag([0.0, 1.0])), np.array([0.25, 1j]), tol=1e-6)[0]
    array([0.25, 1.  ])
    """
    sigma, converged, iterations = np.empty(len(z)), np.empty(len(z), dtype=bool), 0
    with ThreadPoolExecutor(workers) as pool:
        run = map if workers == 1 else pool.map
        for tile in tiles(z, max(1, min(TILE, WORKSPACE // (16 * engine.order * 5)))):
            known = KnownPoints()
            members = [tile[level] for level in levels(z[tile], engine.strides)]
            engine.reserve(sum(map(len, members[:-1])))
            for where in members:
                last = where is members[-1]
                slices = parts(len(where), engine.width(workers))

                def batch(
                    part: slice,
                    points: Any = z[where],
                    known: KnownPoints = known,
                    last: bool = last,
                ) -> Estimates:
                    some, first = points[part], len(known.points)
                    keep = None if last else slice(first + part.start, first + part.stop)
                    return engine.batch(some, known.nearest(some), tol, keep)

                vectors = []
                for part, found in zip(slices, run(batch, slices), strict=True):
                    sigma[where[part]] = found.sigma
                    converged[where[part]] = found.converged
                    iterations += found.iterations
                    vectors.append(found.vectors)
                    if count is not None:
                        count(part.stop - part.start)
                if not last:
                    engine.add(vectors)
                    known.add(z[where])
    engine.reserve(0)
    return sigma, converged, iterations


def max_iterations(n: int) -> int:
    """Lanczos iterations that suffice wherever rounding lets it converge at all."""
    return 300 + 2 * n


class KnownPoints:
    """Points at which something is known.

    Examples
    --------
    >>> known = KnownPoints()
    >>> known.add(np.array([0j, 1.0, 5.0]))
    >>> known.nearest(np.array([0.9 + 0j])).indices
    array([[1, 0, 2]])
    """

    def __init__(self) -> None:
        self.points = np.empty(0, complex)

    def add(self, points: Points) -> None:
        """Let more points be known; those before keep their indices."""
        self.points = np.concatenate([self.points, points])
        plane = np.column_stack([self.points.real, self.points.imag])
        self.tree = cKDTree(plane, compact_nodes=False, balanced_tree=False)  # built faster

    def nearest(self, z: Points) -> Nearest:
        """The nearest known points, at most `NEIGHBOURS` of them; none if none is known."""
        count = min(NEIGHBOURS, len(self.points))
        if not count:
            return Nearest.none(len(z))
        distance, index = self.tree.query(np.column_stack([z.real, z.imag]), range(1, count + 1))
        return Nearest(index, (distance[:, :1] + 1e-300) ** 4 / (distance + 1e-300) ** 4)


def tiles(z: Points, size: int) -> Iterator[Indices]:
    """Indices of compact groups of at most `size` points, along the Z-order curve.

    Examples
    --------
    >>> [tile.tolist() for tile in tiles(np.array([0, 9, 1j, 9 + 1j]), 2)]
    [[0, 2], [1, 3]]
    """
    if len(z) <= size:
        yield np.arange(len(z))
        return
    code = np.zeros(len(z), dtype=np.int64)
    for axis, values in enumerate((z.imag, z.real)):
        rank = np.unique(values, return_inverse=True)[1]
        for bit in range(24):
            code |= ((rank >> bit) & 1) << (2 * bit + axis)
    order = np.argsort(code, kind="stable")
    for first in range(0, len(z), size):
        yield order[first : first + size]


def levels(z: Points, strides: Sequence[int]) -> list[Indices]:
    """Indices of every ``strides[0]``-th grid line's points, of every ``strides[1]``-th's, ...

    The strides are decreasing powers of two that end with 1; empty levels are left out.

    Examples
    --------
    >>> [level.tolist() for level in levels(np.arange(5) + 0j, [4, 2, 1])]
    [[0, 4], [2], [1, 3]]
    """
    stride = np.full(len(z), strides[0])
    for values in (z.real, z.imag):
        rank = np.unique(values, return_inverse=True)[1]
        stride = np.gcd(rank, stride)
    found = [np.flatnonzero(stride == s) for s in strides]
    return [level for level in found if len(level)]


def parts(count: int, width: int) -> list[slice]:
    """Slices of nearly equal size, none above `width`.

    Examples
    --------
    >>> parts(5, 3)
    [slice(0, 2, None), slice(2, 5, None)]
    """
    number = -(-count // width)
    edges = np.linspace(0, count, number + 1).astype(int).tolist()
    return [slice(a, b) for a, b in zip(edges[:-1], edges[1:], strict=True)]
