r"""Stacked layers as one map of one state: :math:`s = (s_0, s_1, \dots)`, layer by layer.

.. math:: s_0' = F_0(x, s_0),\qquad s_l' = F_l(h(s_{l-1}'), s_l)

A layer reads the *new* state of the one below it at the same step, so the Jacobian of the
whole is block lower triangular: a layer's own Jacobians stand on the diagonal, and below it

.. math:: \frac{\partial s_l'}{\partial s_k}
          = \frac{\partial F_l}{\partial x}\, \frac{\partial h(s_{l-1}')}{\partial s_k},
          \qquad k < l.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from rnnspec.models.cells import Cell, jacobian, step


def split_state(cells: Sequence[Cell], s: Tensor) -> tuple[Tensor, ...]:
    """The layers' states (..., s_l), views of whole states (..., s)."""
    return torch.split(s, [cell.state_size for cell in cells], dim=-1)


def stack_step(cells: Sequence[Cell], x: Tensor, s: Tensor) -> Tensor:
    """The next whole states (n, s) of the layers `cells` after inputs `x` (n, d) in `s` (n, s).

    Examples
    --------
    >>> from rnnspec.models.cells import recurrent_cells
    >>> (cells,) = recurrent_cells(torch.nn.GRU(3, 8, num_layers=2))
    >>> stack_step(cells, torch.ones(5, 3).double(), torch.zeros(5, 16).double()).shape
    torch.Size([5, 16])
    """
    new = []
    for cell, own in zip(cells, split_state(cells, s), strict=True):
        new.append(step(cell, x, own))
        x = new[-1][:, : cell.hidden]
    return torch.cat(new, dim=1)


def stack_jacobian(cells: Sequence[Cell], x: Tensor, s: Tensor) -> tuple[Tensor, Tensor]:
    """Derivatives (n, s, s) and (n, s, d) of `stack_step` in state and input.

    Examples
    --------
    >>> from rnnspec.models.cells import recurrent_cells
    >>> (cells,) = recurrent_cells(torch.nn.RNN(3, 8, num_layers=2))
    >>> J, _ = stack_jacobian(cells, torch.ones(1, 3).double(), torch.zeros(1, 16).double())
    >>> bool(J[0, :8, 8:].any())  # no layer acts on one below it
    False
    """
    new = split_state(cells, stack_step(cells, x, s))
    read = [x, *(own[:, : cell.hidden] for cell, own in zip(cells[:-1], new[:-1], strict=True))]
    return read_jacobian(cells, read, split_state(cells, s))


def read_jacobian(
    cells: Sequence[Cell], read: Sequence[Tensor], states: Sequence[Tensor], first: int = 0
) -> tuple[Tensor, Tensor]:
    """The same from what each layer reads, known already: `read[l]` (n, d_l).

    Of what a layer reads, the h entries from `first` on are the layer below; the others are
    held (the other direction of a bidirectional network).
    """
    rows = sum(cell.state_size for cell in cells)
    J = states[0].new_zeros(len(states[0]), rows, rows)
    in_input: list[Tensor] = []
    top = 0
    for layer, (cell, x, own) in enumerate(zip(cells, read, states, strict=True)):
        in_state, in_read = jacobian(cell, x, own)
        end = top + cell.state_size
        J[:, top:end, top:end] = in_state
        if layer:
            below = cells[layer - 1]
            from_below = in_read[:, :, first : first + below.hidden]
            start = top - below.state_size
            J[:, top:end, :top] = from_below @ J[:, start : start + below.hidden, :top]
            in_read = from_below @ in_input[-1][:, : below.hidden]
        in_input.append(in_read)
        top = end
    return J, torch.cat(in_input, dim=1)
