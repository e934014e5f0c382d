"""The order in which many points are taken: tiles of the plane, levels of a grid, batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.complex128]
Indices = NDArray[np.intp]


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
