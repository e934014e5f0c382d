r"""Stacked layers as one map of one state: :math:`s = (s_0, s_1, \dots)`, layer by layer.

.. math:: s_0' = F_0(x, s_0),\qquad s_l' = F_l(h(s_{l-1}'), s_l)

A layer reads the *new* state of the one below it at the same step, so the Jacobian of the
whole is block lower triangular: a layer's own Jacobians stand on the diagonal, and below it

.. math:: \frac{\partial s_l'}{\partial s_k}
          = \frac{\partial F_l}{\partial x}\, \frac{\partial h(s_{l-1}')}{\partial s_k},
          \qquad k < l.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad

from rnnspec.models.cells import jacobian, jacobian_product, state_jacobian, step
from rnnspec.models.layers import Cell


def whole_size(cells: Sequence[Cell]) -> int:
    """Size s of the whole state of the layers `cells`."""
    return sum(cell.state_size for cell in cells)


def split_state(cells: Sequence[Cell], s: Tensor) -> tuple[Tensor, ...]:
    """The layers' states (..., s_l), views of whole states (..., s)."""
    return torch.split(s, [cell.state_size for cell in cells], dim=-1)


def stack_step(cells: Sequence[Cell], x: Tensor, s: Tensor) -> Tensor:
    """The next whole states (n, s) of the layers `cells` after inputs `x` (n, d) in `s` (n, s).

    Examples
    --------
    >>> from rnnspec.models.layers import recurrent_cells
    >>> (cells,) = recurrent_cells(torch.nn.GRU(3, 8, num_layers=2))
    >>> stack_step(cells, torch.ones(5, 3).double(), torch.zeros(5, 16).double()).shape
    torch.Size([5, 16])
    """
    new = []
    for cell, own in zip(cells, split_state(cells, s), strict=True):
        new.append(step(cell, x, own))
        x = new[-1][:, : cell.hidden]
    return torch.cat(new, dim=1)


def stack_jacobian(cells: Sequence[Cell], x: Tensor, s: Tensor) -> Tensor:
    """The derivative (n, s, s) of `stack_step` in the state.

    Examples
    --------
    >>> from rnnspec.models.layers import recurrent_cells
    >>> (cells,) = recurrent_cells(torch.nn.RNN(3, 8, num_layers=2))
    >>> J = stack_jacobian(cells, torch.ones(1, 3).double(), torch.zeros(1, 16).double())
    >>> bool(J[0, :8, 8:].any())  # no layer acts on one below it
    False
    """
    new = split_state(cells, stack_step(cells, x, s))
    read = [x, *(own[:, : cell.hidden] for cell, own in zip(cells[:-1], new[:-1], strict=True))]
    return read_jacobian(cells, read, split_state(cells, s))


def read_jacobian(
    cells: Sequence[Cell], read: Sequence[Tensor], states: Sequence[Tensor], first: int = 0
) -> Tensor:
    """The Jacobian (n, s, s) of `stack_step`, where it is known what each layer reads.

    Parameters
    ----------
    cells : sequence of Cell
        The layers from below.
    read : sequence of tensors, shape (n, d_l)
        What each layer reads.
    states : sequence of tensors, shape (n, s_l)
        The state of each layer before the step.
    first : int, default 0
        The h entries from here on of what a layer reads are the state of the layer below.  The
        others, which are the other direction of a bidirectional network, do not change.
    """
    if len(cells) == 1:
        return state_jacobian(cells[0], read[0], states[0])
    rows = whole_size(cells)
    J = states[0].new_zeros(len(states[0]), rows, rows)
    bottom = cells[0].state_size
    J[:, :bottom, :bottom] = state_jacobian(cells[0], read[0], states[0])
    start, top = 0, bottom  # of the layer below: its first row, and the one past its last
    for below, cell, x, own in zip(cells[:-1], cells[1:], read[1:], states[1:], strict=True):
        in_state, in_read = jacobian(cell, x, own)
        end = top + cell.state_size
        J[:, top:end, top:end] = in_state
        from_below = in_read[:, :, first : first + below.hidden]
        J[:, top:end, :top] = from_below @ J[:, start : start + below.hidden, :top]
        start, top = top, end
    return J


def read_jacobian_product(
    cells: Sequence[Cell],
    read: Sequence[Tensor],
    states: Sequence[Tensor],
    Q: Tensor,
    first: int = 0,
) -> Tensor:
    """The product J Q with the J (n, s, s) of `read_jacobian`, without forming J.

    The columns of Q (n, s, k) are changes of the whole state.

    Examples
    --------
    >>> from rnnspec.models.layers import recurrent_cells
    >>> (cells,) = recurrent_cells(torch.nn.RNN(3, 8, num_layers=2))
    >>> read = torch.ones(1, 3).double(), torch.ones(1, 8).double()
    >>> states, Q = torch.zeros(2, 1, 8).double(), torch.eye(16).double()[None, :, :5]
    >>> JQ = read_jacobian_product(cells, read, states, Q)
    >>> bool((JQ - read_jacobian(cells, read, states) @ Q).abs().max() < 1e-15)
    True
    """
    new: list[Tensor] = []
    own = torch.split(Q, [cell.state_size for cell in cells], dim=1)
    for cell, x, s, part in zip(cells, read, states, own, strict=True):
        moved = None
        if new:  # what this layer reads moves with the new state of the one below
            below = new[-1][:, : cell.hidden]
            moved = pad(below, (0, 0, first, cell.n_inputs - first - cell.hidden))
        new.append(jacobian_product(cell, x, s, part, moved))
    return torch.cat(new, dim=1) if len(new) > 1 else new[0]
