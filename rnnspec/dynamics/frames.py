r"""Frames of k axes carried along a product of many matrices, without overflow.

.. math:: J_t \cdots J_1 Q_0 = Q_t R_t,\qquad R_t \text{ upper triangular}

Entry k of the diagonal of :math:`R_t` is the factor by which the k-th axis has grown
orthogonally to those before it.  QR at each step gives :math:`\log|R_{kk}|` as a sum over the
steps.  So does any factorisation with an upper triangular factor, since the factors of the steps
multiply:

.. math:: J_m \cdots J_1 L = L' U,\qquad L = Q R_L
          \quad\Rightarrow\quad J_m \cdots J_1 Q = Q' (R_{L'}\, U R_L^{-1})

So between the times at which :math:`R` is needed, Gaussian elimination with row interchanges
takes the place of QR (the Treppeniteration of F. Bauer, Z. Angew. Math. Phys. 8 (1957), 214-235).
It needs a quarter of the operations, and the entries of :math:`L` are at most 1, which keeps its
condition number small in practice.

After m steps without a factorisation, rounding has changed :math:`|U_{kk}|` by a relative amount
of about :math:`\epsilon_{\rm mach} \max|Y| / |U_{kk}|`.  This is known after an elimination, and
decides the next m.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf, log

import torch
from torch import Tensor

EPS = torch.finfo(torch.float64).eps
# Largest number of steps without a factorisation.  More would not pay: a factorisation costs about
# as much as a step.
MOST = 64
FAR = 1e150  # factor from 1 at which a frame is halfway to overflow or underflow, 1e308

Advance = Callable[[int, Tensor, Tensor], Tensor]


def log_growth(
    advance: Advance, frame: Tensor, lengths: Tensor, times: Sequence[int], tol: float
) -> tuple[Tensor, Tensor, Tensor]:
    r"""Logarithms of what the axes of `frame` grow by from ``times[0]`` to each later time.

    Parameters
    ----------
    advance : function
        ``advance(t, rows, Y)`` is J_t Y of the samples `rows`, for Y of shape (len(rows), s, k);
        for a sample that has ended by then it is Y itself.
    frame : (n, s, k) tensor
        Orthonormal columns, before the step ``times[0]``.
    lengths : (n,) tensor
        Steps of each sample.
    times : sequence of int
        r + 1 of them, in order.
    tol : float
        The number of steps without a factorisation is chosen so that rounding changes each
        log R_kk by no more than this, if that can be had by factorising at each step.

    Returns
    -------
    frame : (n', s, k) tensor
        The orthonormal frames at the last of `times`, of the n' samples that go on.
    growth : (r, n, k) tensor
        :math:`\log|R_{kk}|` of the steps since the time before; -inf if their product is
        singular.
    loss : (r, n, k) tensor
        What rounding may have added, to first order: the sum of
        :math:`\epsilon_{\rm mach} \max|Y| / |U_{kk}|`.
    """
    begin, *ends = times
    growth, loss = (frame.new_zeros(len(ends), *frame[:, 0].shape) for _ in range(2))
    rows = torch.arange(len(frame), device=frame.device)
    now, m = begin, 1
    for period, end in enumerate(ends):
        while now < end and len(rows):
            stop = min(now + m, end)
            steps, ended = stop - now, lengths[rows] <= stop
            Y = frame
            for t in range(now, stop):
                Y = advance(t, rows, Y)
            whole = stop == end or bool(ended.any())
            new, sizes = orthonormalise(Y) if whole else eliminate(Y)
            largest = torch.maximum(Y.amax((1, 2)), -Y.amin((1, 2)))[:, None]
            lost = (EPS * largest / sizes).nan_to_num(inf, inf)  # 0 / 0: nothing is left
            worst = (loss[:, rows].sum(0) + lost).mean(0).max()
            if steps > 1 and not (worst <= tol * (stop - begin) and _in_range(sizes, largest)):
                m = steps // 2  # rounding was worse than foreseen: repeat in smaller parts
                continue
            growth[period, rows] += sizes.log()
            loss[period, rows] += lost
            frame, rows = (new[~ended], rows[~ended]) if bool(ended.any()) else (new, rows)
            now, m = stop, min(_steps_allowed(float(lost.mean(0).max()), steps, tol), 2 * m, MOST)
    return frame, growth, loss


def eliminate(Y: Tensor) -> tuple[Tensor, Tensor]:
    """L and the moduli of the pivots of Y = L U, where L contains the row interchanges.

    Examples
    --------
    >>> L, sizes = eliminate(torch.tensor([[[1.0, 2.0], [-4.0, 0.0]]]))
    >>> L.tolist(), sizes.tolist()
    ([[[-0.25, 1.0], [1.0, 0.0]]], [[4.0, 2.0]])
    """
    n, s, _ = Y.shape
    packed, interchanges, _ = torch.linalg.lu_factor_ex(Y)
    sizes = packed.diagonal(dim1=1, dim2=2).abs()
    columns = packed.mT.triu_(1)  # LAPACK's order: contiguous
    columns.diagonal(dim1=1, dim2=2).fill_(1)
    places = [list(range(s)) for _ in range(n)]  # torch's own are a dense matrix, and slower
    for place, swaps in zip(places, interchanges.tolist(), strict=True):
        for i, j in enumerate(swaps):
            place[i], place[j - 1] = place[j - 1], place[i]
    back = torch.tensor(places, device=Y.device).argsort(1)
    return columns.gather(2, back[:, None].expand(columns.shape)).mT, sizes


def orthonormalise(Y: Tensor) -> tuple[Tensor, Tensor]:
    """Q and the moduli of the diagonal of R of Y = Q R, by Householder's reflections."""
    Q, R = torch.linalg.qr(Y)
    return Q, R.diagonal(dim1=1, dim2=2).abs()


def _in_range(sizes: Tensor, largest: Tensor) -> bool:
    return bool(sizes.min() > 1 / FAR) and bool(largest.max() < FAR)


def _steps_allowed(lost: float, steps: int, tol: float) -> int:
    """How many steps change an exponent by `tol`, if `steps` change it by `lost`.

    The change grows exponentially with the number of steps, from rounding at none.
    """
    if not EPS < lost < inf:
        return 1 if lost > EPS else MOST
    return max(1, int(steps * log(tol / EPS) / log(lost / EPS)))
