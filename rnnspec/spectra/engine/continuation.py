"""Many points: in which order, from which start vectors, in which batches.

Points are taken coarse to fine.  Each starts from the singular vectors of its nearest neighbours
that are already known, so that three or four iterations suffice.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from rnnspec.spectra.engine.neighbours import KnownPoints, Nearest, Points
from rnnspec.spectra.engine.order import levels, parts, tiles

WORKSPACE = 512 * 2**20  # bytes of all vectors that are held at a time: what any machine has
TILE = 8192  # points that share start vectors: more would gain no iteration
RANDOM_PART = 0.03  # of a start vector: what lies across a crossing must not stay hidden


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
    size = max(1, min(TILE, WORKSPACE // (16 * engine.order * 5)))
    with ThreadPoolExecutor(workers) as pool:
        run: Any = map if workers == 1 else pool.map
        for tile in tiles(z, size):
            known = KnownPoints()
            members = [tile[level] for level in levels(z[tile], engine.strides)]
            engine.reserve(sum(map(len, members[:-1])))
            for where in members:
                last, vectors = where is members[-1], []
                slices = parts(len(where), engine.width(workers))
                batch = _batch_of(engine, z[where], known, tol, keep=not last)
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


def _batch_of(
    engine: Engine, z: Points, known: KnownPoints, tol: float, *, keep: bool
) -> Callable[[slice], Estimates]:
    """The function that computes a slice of `z` from what is known before any of `z` is."""
    first = len(known.points)

    def batch(part: slice) -> Estimates:
        place = slice(first + part.start, first + part.stop) if keep else None
        return engine.batch(z[part], known.nearest(z[part]), tol, place)

    return batch


def max_iterations(n: int) -> int:
    """Lanczos iterations that suffice wherever rounding lets it converge at all."""
    return 300 + 2 * n
