"""Shifted solves with one triangle: ``(zI - T)^-1`` and its adjoint for many shifts z at once.

The triangle is shared and only the diagonal differs, so all but the diagonal blocks of order two
is a product of one real matrix (complex if T is) with all vectors.  NumPy arrays and torch
tensors run the same code.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnnspec.spectra.engine import EPS
from rnnspec.spectra.engine.tensors import Array, empty, namespace, real_view, to_device, to_host


class Product(NamedTuple):
    """One product of the recursion: rows ``low:middle`` take `block` times rows ``middle:high``."""

    low: int
    middle: int
    high: int
    block: Array


class ShiftedTriangle:
    """``zI - T`` for one triangle T and many shifts z.

    Parameters
    ----------
    T : ndarray, shape (n, n)
        Upper triangular, or real with diagonal blocks of order two (a real Schur form).  Of norm
        near 1: a shift is kept at distance EPS from every eigenvalue.
    like : torch.Tensor, optional
        The blocks become tensors on its device.

    Notes
    -----
    A solve costs 2 n^2 flops a shift for real T, 4 n^2 for complex T.  Halves are solved
    recursively, so that most of the work is in few large products.

    References
    ----------
    .. [1] MultiShiftTrsm of the library Elemental.

    Examples
    --------
    >>> triangle = ShiftedTriangle(np.array([[0.0, 1.0], [0.0, 0.5]]))
    >>> X, work = np.ones((2, 2, 1), complex)
    >>> triangle.solve(triangle.inverses(np.array([1.0 + 0j])), X, work)
    >>> X.ravel()
    array([3.+0.j, 2.+0.j])
    """

    def __init__(self, T: NDArray[Any], like: Array | None = None) -> None:
        self.T, self.like = T, like
        self.n = len(T)
        self.is_real = bool(np.isrealobj(T))
        self.pairs, self.singles = _leaves(T)
        a, d = np.diag(T)[self.pairs], np.diag(T)[self.pairs + 1]
        b, c = T[self.pairs, self.pairs + 1], T[self.pairs + 1, self.pairs]
        root = np.sqrt((a - d + 0j) ** 2 / 4 + b * c)
        triangular = c == 0
        first = np.where(triangular, a, (a + d) / 2 + root)
        second = np.where(triangular, d, (a + d) / 2 - root)
        columns = [v[:, None] for v in (a, b, c, d, first, second)]
        self.entries = [to_device(v, like) for v in columns]
        self.diagonal = to_device(np.diag(T)[self.singles][:, None], like)

    @cached_property
    def plan(self) -> list[tuple[int, int] | Product]:
        """What `solve` does, in this order: diagonal blocks ``low, high``, and products."""
        starts = np.sort(np.concatenate([self.pairs, self.singles])).tolist()
        plan: list[tuple[int, int] | Product] = []
        self._split(plan, [*starts, self.n])
        return plan

    def eigenvalues(self) -> NDArray[np.complex128]:
        """Eigenvalues of T, from its diagonal blocks, shape (n,)."""
        spectrum = np.empty(self.n, dtype=np.complex128)
        if len(self.pairs):
            first, second = (to_host(v)[:, 0] for v in self.entries[4:])
            spectrum[self.pairs], spectrum[self.pairs + 1] = first, second
        spectrum[self.singles] = np.diag(self.T)[self.singles]
        return spectrum

    def inverses(self, z: Array) -> Array:
        """Inverse diagonal blocks, shape (n, 2, m): two entries of each row, for each shift."""
        S = empty(z, (self.n, 2, len(z)))
        if len(self.pairs):
            a, b, c, d, first, second = self.entries
            one = 1 / (_away_from_zero(z - first) * _away_from_zero(z - second))
            S[self.pairs, 0], S[self.pairs, 1] = _away_from_zero(z - d) * one, b * one
            S[self.pairs + 1, 0], S[self.pairs + 1, 1] = c * one, _away_from_zero(z - a) * one
        if len(self.singles):
            S[self.singles, 0] = 1 / _away_from_zero(z - self.diagonal)
        return S

    def solve(self, S: Array, X: Array, work: Array) -> None:
        """Overwrite column j of X, shape (n, m), by ``(z_j I - T)^-1 x_j``; `work` is like X."""
        xp = namespace(X)
        V, B, pair = self._planes(X), self._planes(work), empty(X, (2, X.shape[1]))
        for part in self.plan:
            if isinstance(part, Product):
                low, middle, high, block = part
                xp.matmul(block, V[middle:high], out=B[low:middle])
                V[low:middle] += B[low:middle]
            else:
                low, high = part
                if high - low == 2:
                    xp.multiply(S[low:high, 0], X[low], out=work[low:high])
                    xp.multiply(S[low:high, 1], X[low + 1], out=pair)
                    xp.add(work[low:high], pair, out=X[low:high])
                else:
                    X[low] *= S[low, 0]

    def solve_adjoint(self, S: Array, X: Array, work: Array) -> None:
        """Overwrite column j of X by ``(z_j I - T)^-* x_j``: conjugate, transpose, conjugate."""
        xp = namespace(X)
        X.imag *= -1
        V, B, pair = self._planes(X), self._planes(work), empty(X, (2, X.shape[1]))
        for part in reversed(self.plan):
            if isinstance(part, Product):
                low, middle, high, block = part
                xp.matmul(block.T, V[low:middle], out=B[middle:high])
                V[middle:high] += B[middle:high]
            else:
                low, high = part
                if high - low == 2:
                    xp.multiply(S[low], X[low], out=work[low:high])
                    xp.multiply(S[low + 1], X[low + 1], out=pair)
                    xp.add(work[low:high], pair, out=X[low:high])
                else:
                    X[low] *= S[low, 0]
        X.imag *= -1

    def _planes(self, X: Array) -> Array:
        """X itself for complex T; for real T its real and imaginary parts, shape (n, 2 m)."""
        return real_view(X) if self.is_real else X

    def _split(self, plan: list[tuple[int, int] | Product], starts: list[int]) -> None:
        """Append what rows ``starts[0]:starts[-1]`` need, the lower half first."""
        if len(starts) == 2:
            plan.append((starts[0], starts[1]))
            return
        half = len(starts) // 2
        low, middle, high = starts[0], starts[half], starts[-1]
        self._split(plan, starts[half:])
        block = to_device(self.T[low:middle, middle:high].copy(), self.like)
        plan.append(Product(low, middle, high, block))
        self._split(plan, starts[: half + 1])


def _leaves(T: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First rows of the diagonal blocks of order two, and the rows that stay alone."""
    coupled = np.append(np.diag(T, -1) != 0, False)
    pairs, singles, i = [], [], 0
    while i < len(T):
        if i + 1 < len(T) and not coupled[i + 1]:  # never cut a block that starts at the next row
            pairs.append(i)
            i += 2
        else:
            singles.append(i)
            i += 1
    return np.array(pairs, dtype=np.intp), np.array(singles, dtype=np.intp)


def _away_from_zero(difference: Array) -> Array:
    """`difference`, replaced by EPS where it is smaller in absolute value."""
    return namespace(difference).where(abs(difference) < EPS, EPS + 0j, difference)
