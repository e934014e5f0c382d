"""Steps of the cells and their Jacobians, in batches of states.

The equations stand in `rnnspec.models.equations`.  Everything is torch tensors, of the dtype and
on the device of the weights: the same lines run on a GPU and under automatic differentiation.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from rnnspec.models.equations import SLOPES, STEP, Slopes
from rnnspec.models.layers import Cell


def step(cell: Cell, x: Tensor, s: Tensor) -> Tensor:
    """The next states (n, s) after inputs `x` (n, d) in states `s` (n, s).

    Examples
    --------
    >>> from rnnspec.models.layers import recurrent_cells
    >>> ((cell,),) = recurrent_cells(torch.nn.LSTM(3, 8))
    >>> step(cell, torch.ones(5, 3).double(), torch.zeros(5, 16).double()).shape
    torch.Size([5, 16])
    """
    return STEP[cell.kind](cell, *_halves(cell, x, s))


def jacobian(cell: Cell, x: Tensor, s: Tensor) -> tuple[Tensor, Tensor]:
    r"""The derivatives of the next state with respect to state and input, in closed form.

    ==========  ===============================================================
    ``rnn``     :math:`\partial h'/\partial h = D(1 - h'^2)\, W`
    ``lstm``    :math:`\partial c'/\partial h = D(g\,i(1-i)) W_i + D(c f(1-f)) W_f
                + D(i(1-g^2)) W_g`, :math:`\partial c'/\partial c = D(f)`, and
                :math:`\partial h' = D(o(1-\tanh^2 c'))\, \partial c'
                + D(\tanh(c')\,o(1-o))\, \partial (W_o h)`
    ``gru``     :math:`\partial h'/\partial h = D(z) + D((h-n)z(1-z)) W_z
                + D((1-z)(1-n^2)) [D(r) W_n + D(u\,r(1-r)) W_r]`, u = W_n h + a_n
    ==========  ===============================================================

    with D the diagonal matrix of a vector; in the input U stands for W, without D(r).

    Parameters
    ----------
    cell : Cell
    x : tensor, shape (n, d)
    s : tensor, shape (n, s)

    Returns
    -------
    tensor, shape (n, s, s), and tensor, shape (n, s, d)
        Entry [k, i, j] is the derivative of the new state's entry i with respect to entry
        j of the state, of the input, in sample k.  O(n g s h) operations.

    Examples
    --------
    >>> from rnnspec.models.layers import recurrent_cells
    >>> ((cell,),) = recurrent_cells(torch.nn.GRU(3, 8))
    >>> x, h = torch.ones(5, 3).double(), torch.zeros(5, 8).double()
    >>> [tuple(J.shape) for J in jacobian(cell, x, h)]
    [(5, 8, 8), (5, 8, 3)]
    """
    slopes = SLOPES[cell.kind](cell, *_halves(cell, x, s))
    return _in_state(cell, slopes), _all_rows(slopes.read, cell.U)


def state_jacobian(cell: Cell, x: Tensor, s: Tensor) -> Tensor:
    """The derivative in the state alone, without the cost of that in the input.

    Parameters and the first result are those of `jacobian`.
    """
    return _in_state(cell, SLOPES[cell.kind](cell, *_halves(cell, x, s)))


def jacobian_product(
    cell: Cell, x: Tensor, s: Tensor, Q: Tensor, X: Tensor | None = None
) -> Tensor:
    r"""The derivative of a step applied to vectors, :math:`\partial_s F\, Q + \partial_x F\, X`.

    Only the h columns of :math:`\partial_s F` that act through W are formed, so that for all 2h
    unit vectors of an LSTM's state the cost is half of that of the dense product:
    O(n g h^2 + n s h k).  Forming :math:`D(\cdot) (W_g Q)` gate by gate instead is slower, except
    for an ``rnn`` and few columns.

    Parameters
    ----------
    cell : Cell
    x : tensor, shape (n, d)
    s : tensor, shape (n, s)
    Q : tensor, shape (n, s, k)
        Changes of the state, one in each column.
    X : tensor, shape (n, d, k), optional
        Changes of the input; by default it does not change.

    Returns
    -------
    tensor, shape (n, s, k)

    Examples
    --------
    >>> from rnnspec.models.layers import recurrent_cells
    >>> ((cell,),) = recurrent_cells(torch.nn.LSTM(3, 8))
    >>> x, s = torch.ones(5, 3).double(), torch.zeros(5, 16).double()
    >>> Q = torch.ones(5, 16, 2).double()
    >>> bool((jacobian_product(cell, x, s, Q) - state_jacobian(cell, x, s) @ Q).abs().max() < 1e-15)
    True
    """
    h = cell.hidden
    slopes = SLOPES[cell.kind](cell, *_halves(cell, x, s))
    new = _all_rows(slopes.recurrent, cell.W) @ Q[:, :h]
    for k, alone in enumerate(slopes.carried):
        new[:, k * h : (k + 1) * h].addcmul_(alone[:, :, None], Q[:, -h:])
    return new if X is None else new.baddbmm_(_all_rows(slopes.read, cell.U), X)


def summed_state_jacobian(cell: Cell, x: Tensor, s: Tensor) -> Tensor:
    """The sum (s, s) of `state_jacobian` over the samples, without forming any of them.

    A Jacobian is linear in its slopes, so that their sums are enough.  What costs O(n g h^2) is
    the step alone.
    """
    slopes = SLOPES[cell.kind](cell, *_halves(cell, x, s))
    recurrent, read, carried = (
        tuple(slope.sum(dim=-2, keepdim=True) for slope in part)
        for part in (slopes.recurrent, slopes.read, slopes.carried)
    )
    return _in_state(cell, Slopes(recurrent, read, carried))[0]


def _halves(cell: Cell, x: Tensor, s: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """U x + b and W h + a for each gate, both (g, n, h), and the state."""
    return (
        x @ cell.U.mT + cell.b[:, None],
        s[:, : cell.hidden] @ cell.W.mT + cell.a[:, None],
        s,
    )


def _in_state(cell: Cell, slopes: Slopes) -> Tensor:
    """The derivative (n, s, s) in the state that these slopes make."""
    h = cell.hidden
    if cell.state_size == h:
        J = _rows(slopes.recurrent[0], cell.W)
    else:
        J = cell.W.new_zeros(slopes.carried[0].shape[0], cell.state_size, cell.state_size)
        for k, slope in enumerate(slopes.recurrent):
            J[:, k * h : (k + 1) * h, :h] = _rows(slope, cell.W)
    for k, alone in enumerate(slopes.carried):
        J[:, k * h : (k + 1) * h, -h:].diagonal(dim1=1, dim2=2).add_(alone)
    return J


def _all_rows(slopes: Sequence[Tensor], blocks: Tensor) -> Tensor:
    """The rows that `_rows` makes, for each block of h rows of the state, one below the other."""
    rows = [_rows(slope, blocks) for slope in slopes]
    return torch.cat(rows, dim=1) if len(rows) > 1 else rows[0]


def _rows(slopes: Tensor, blocks: Tensor) -> Tensor:
    """Sum over gates g of ``D(slopes_g) blocks_g``: (g, n, h) and (g, h, m) make (n, h, m)."""
    total = slopes[0, :, :, None] * blocks[0]
    for slope, block in zip(slopes[1:], blocks[1:], strict=False):
        total.addcmul_(slope[:, :, None], block)
    return total
