"""Known points of the plane: which of them lie next to a new one, and how much each counts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Points = NDArray[np.complex128]

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

    indices: NDArray[np.intp]
    weights: NDArray[np.float64]

    @classmethod
    def none(cls, m: int) -> Nearest:
        """Nothing is known near any of m points."""
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
