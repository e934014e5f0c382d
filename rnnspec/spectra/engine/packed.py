"""A real quasi-triangle in the order in which the compiled solves read it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
OUTSIDE = 4.0  # eigenvalue of the padding: far from all of T, which is of norm 1
BLOCK = 4  # rows that are solved together: enough sums at a time to hide the latency of each


class PackedTriangle(NamedTuple):
    """T, padded so that no diagonal block of order two is cut, in strips of `BLOCK` rows.

    Each strip is stored column by column (`upper`, last strip first, right of the strip's own
    columns) and each block column row by row (`lower`, first one first, above its own rows).
    """

    size: int  # padded order N, a multiple of BLOCK
    position: NDArray[np.intp]  # shape: (n,): where the rows of T went
    upper: Vector
    lower: Vector
    middle: Vector  # shape: (N,): the 2 x 2 blocks that couple the two pairs of a strip
    pairs: Vector  # shape: (2 N,): the diagonal blocks of order two
    roots: NDArray[np.float64]  # shape: (4, N / 2): their two eigenvalues, real and imaginary


def pack(
    T: NDArray[Any],  # shape: (n, n)
) -> PackedTriangle:
    """Pad and reorder a real upper triangle, or real Schur form, of norm 1.

    A decoupled row goes before a diagonal block of order two that would begin at an odd place;
    its unknown stays 0.  Then the diagonal is all blocks of order two, and BLOCK rows cut none.

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
