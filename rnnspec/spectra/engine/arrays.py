"""Batches of shifts on NumPy arrays or torch tensors, and the vectors that are kept."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec.spectra.engine import continuation
from rnnspec.spectra.engine.continuation import RANDOM_PART, TILE, Estimates, max_iterations
from rnnspec.spectra.engine.multishift import smallest_singular_values
from rnnspec.spectra.engine.neighbours import Nearest
from rnnspec.spectra.engine.tensors import Array, namespace, take, to_device, to_host
from rnnspec.spectra.engine.triangle import ShiftedTriangle

CACHE = 2**22  # bytes of one batch of vectors: what a core of today keeps for itself
NARROW, WIDE = 256, 2048  # shifts: below, calls cost more than arithmetic; above, nothing gains


class ArrayEngine:
    """Batches of NumPy arrays or torch tensors; `vectors` has a column for each kept one.

    Parameters
    ----------
    T : ndarray, shape (n, n)
        Upper triangular or a real Schur form, of norm 1.
    noise : ndarray of complex, shape (n,)
        Of norm 1: the start where nothing is known.
    like : torch.Tensor, optional
        The iteration runs on its device; by default on NumPy arrays.

    Examples
    --------
    >>> engine = ArrayEngine(np.diag([0.0, 1j]), np.array([0.6, 0.8j]))
    >>> engine.batch(np.array([0.3j]), Nearest.none(1), tol=1e-6).sigma.round(9)
    array([0.3])
    """

    strides: tuple[int, ...] = (4, 2, 1)

    def __init__(
        self, T: NDArray[Any], noise: NDArray[np.complex128], like: Array | None = None
    ) -> None:
        self.order, self.like = len(T), like
        self.triangle = ShiftedTriangle(T, like)
        self.noise = to_device(noise[:, None], like)
        self.vectors: Array = self.noise[:, :0]

    def reserve(self, _count: int) -> None:
        """Forget the vectors that were kept; each batch brings its own memory."""
        self.vectors = self.noise[:, :0]

    def width(self, workers: int) -> int:
        """Shifts in a batch: vectors that fit the cache, and are wide enough for the products."""
        if self.like is not None:
            return TILE
        size = 16 * self.order
        most = continuation.WORKSPACE // (size * 12 * workers)
        return max(1, min(most, min(WIDE, max(NARROW, CACHE // size))))

    def batch(
        self,
        z: NDArray[np.complex128],
        nearest: Nearest,
        tol: float,
        keep: slice | None = None,
    ) -> Estimates:
        """Smallest singular values of ``zI - T`` from starts made of the nearest vectors.

        Starts for later batches are in the result, if `keep` is given.

        Parameters
        ----------
        z : ndarray of complex, shape (m,)
        nearest : Nearest
        tol : float
        keep : slice, optional
        """
        found = smallest_singular_values(
            self.triangle,
            to_device(z, self.like),
            self._start(nearest),
            tol,
            max_iterations(self.order),
            keep_vectors=keep is not None,
        )
        sigma, converged = to_host(found.sigma), to_host(found.converged)
        return found._replace(sigma=sigma, converged=converged)

    def add(self, vectors: list[Any]) -> None:
        """Keep the vectors of some batches."""
        self.vectors = namespace(self.noise).concatenate([self.vectors, *vectors], 1)

    def _start(self, nearest: Nearest) -> Array:
        """Mean of the nearest vectors, which have like phases, plus the random part."""
        if not nearest.indices.size:
            return self.noise
        index, weights = (to_device(values, self.like) for values in nearest)
        total = take(self.vectors, index[:, 0])
        for j in range(1, index.shape[1]):
            other = take(self.vectors, index[:, j])
            other *= weights[:, j]
            total += other
        total += RANDOM_PART * self.noise
        return total
