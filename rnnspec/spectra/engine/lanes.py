"""The compiled iteration for one real triangle: how it is stored, and batches of shifts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec.spectra.engine.continuation import RANDOM_PART, Estimates, max_iterations
from rnnspec.spectra.engine.kernels import PackedTriangle, lanczos
from rnnspec.spectra.engine.neighbours import Nearest
from rnnspec.spectra.engine.ritz import HUGE, SHARP

WIDTH = 256  # shifts in a batch: hundreds, so that few lanes wait for the last ones
BLOCK = 4  # rows that are solved together, as the kernels do
OUTSIDE = 4.0  # eigenvalue of the padding: far from all of T, which is of norm 1


class LaneEngine:
    """Batches of shifts for one real triangle.

    `vectors` holds the singular vectors that are kept, one in each row.

    Parameters
    ----------
    T : ndarray, shape (n, n)
        Upper triangular or a real Schur form, of norm 1.
    noise : ndarray of complex, shape (n,)
        Of norm 1: the start where nothing is known.

    Examples
    --------
    >>> engine = LaneEngine(np.diag([0.0, 1.0]), np.array([0.6, 0.8j]))
    >>> engine.batch(np.array([0.3j]), Nearest.none(1), tol=1e-6).sigma.round(9)
    array([0.3])
    """

    strides: tuple[int, ...] = (8, 4, 2, 1)

    def __init__(self, T: NDArray[np.float64], noise: NDArray[np.complex128]) -> None:
        self.order, self.packed = len(T), pack(T)
        planes = np.zeros((self.packed.size, 2))
        planes[self.packed.position, 0] = noise.real
        planes[self.packed.position, 1] = noise.imag
        self.noise = planes.ravel()
        self.vectors = np.empty((0, 2 * self.packed.size))

    def reserve(self, count: int) -> None:
        """Forget the vectors that were kept, and make room for `count` new ones."""
        self.vectors = np.empty((count, 2 * self.packed.size))

    def width(self, _workers: int) -> int:
        """Shifts in a batch."""
        return WIDTH

    def batch(
        self,
        z: NDArray[np.complex128],
        nearest: Nearest,
        tol: float,
        keep: slice | None = None,
    ) -> Estimates:
        """Do what `smallest_singular_values` does, from starts made of the nearest vectors.

        Starts for later batches go to the rows `keep` of `vectors`.

        Parameters
        ----------
        z : ndarray of complex, shape (m,)
        nearest : Nearest
        tol : float
        keep : slice, optional
        """
        sigma, converged = np.empty(len(z)), np.empty(len(z), dtype=bool)
        iterations = lanczos(
            self.packed,
            np.ascontiguousarray(z),
            RANDOM_PART * self.noise if nearest.indices.size else self.noise,
            self.vectors,
            nearest.indices,
            nearest.weights,
            tol,
            SHARP,
            HUGE,
            max_iterations(self.order),
            sigma,
            converged,
            self.vectors[keep or slice(0)],
        )
        return Estimates(sigma, converged, None, int(iterations))

    def add(self, _vectors: list[Any]) -> None:
        """Do nothing: the kernel has written the vectors to their rows."""


def pack(T: NDArray[Any]) -> PackedTriangle:
    """Pad and reorder a real upper triangle, or real Schur form, of norm 1.

    Where a diagonal block of order two would begin at an odd row, a decoupled row is put before
    it, whose unknown stays 0.  Then the diagonal is all blocks of order two, and no strip of four
    rows cuts one.

    Parameters
    ----------
    T : ndarray, shape (n, n)

    Examples
    --------
    >>> packed = pack(np.array([[0.1, 5.0, 6.0], [0.0, 0.2, 7.0], [0.0, -7.0, 0.2]]))
    >>> packed.size, packed.position
    (4, array([0, 2, 3]))
    """
    position = _places(T)
    size = -(-(position[-1] + 1) // BLOCK) * BLOCK
    P = OUTSIDE * np.eye(size)
    P[np.ix_(position, position)] = T
    even = np.arange(0, size, 2)
    starts = range(0, size, BLOCK)
    a, b, c, d = P[even, even], P[even, even + 1], P[even + 1, even], P[even + 1, even + 1]
    root = np.sqrt((a - d + 0j) ** 2 / 4 + b * c)
    first = np.where(c == 0, a, (a + d) / 2 + root)
    second = np.where(c == 0, d, (a + d) / 2 - root)
    return PackedTriangle(
        size=int(size),
        position=position,
        upper=np.concatenate([P[i : i + BLOCK, i + BLOCK :].T.ravel() for i in reversed(starts)]),
        lower=np.concatenate([P[:i, i : i + BLOCK].ravel() for i in starts]),
        middle=np.concatenate([P[i : i + 2, i + 2 : i + 4].ravel() for i in starts]),
        pairs=np.column_stack([a, b, c, d]).ravel(),
        roots=np.stack([first.real, first.imag, second.real, second.imag]),
    )


def _places(T: NDArray[Any]) -> NDArray[np.intp]:
    """New row of each row of T: a diagonal block of order two begins at an even one."""
    coupled = np.append(np.diag(T, -1) != 0, False)
    places, place = np.empty(len(T), dtype=np.intp), 0
    for i in range(len(T)):
        place += place % 2 if coupled[i] else 0
        places[i] = place
        place += 1
    return places
