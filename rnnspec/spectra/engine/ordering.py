"""Many points of the plane: compact groups, coarse to fine, and which known ones are near."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

NEIGHBOURS = 4


class Nearest(NamedTuple):
    """Known points near each of m points, and what their vectors count for in the mean."""

    indices: NDArray[np.intp]  # shape: (m, k), nearest first
    weights: NDArray[np.float64]  # shape: (m, k), the first 1

    @classmethod
    def none(cls, m: int) -> Nearest:
        """Where nothing is known near m points."""
        return cls(np.empty((m, 0), dtype=np.intp), np.empty((m, 0)))


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

    def add(self, points: NDArray[np.complex128]) -> None:
        """Let more points be known; those before keep their indices."""
        self.points = np.concatenate([self.points, points])
        plane = np.column_stack([self.points.real, self.points.imag])
        self.tree = cKDTree(plane, compact_nodes=False, balanced_tree=False)  # built faster

    def nearest(self, z: NDArray[np.complex128]) -> Nearest:
        """The nearest known points, at most `NEIGHBOURS` of them; none if none is known."""
        count = min(NEIGHBOURS, len(self.points))
        if not count:
            return Nearest.none(len(z))
        distance, index = self.tree.query(np.column_stack([z.real, z.imag]), range(1, count + 1))
        return Nearest(index, (distance[:, :1] + 1e-300) ** 4 / (distance + 1e-300) ** 4)


def tiles(z: NDArray[np.complex128], size: int) -> Iterator[NDArray[np.intp]]:
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


def levels(z: NDArray[np.complex128], strides: Sequence[int]) -> list[NDArray[np.intp]]:
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
