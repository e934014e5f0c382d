r"""The update equations of the cells, and the slopes from which their Jacobians are made.

PyTorch's conventions, to rounding: ``U`` the input weights, ``W`` the recurrent ones,
``b`` and ``a`` their biases, one block for each gate.

=========  ====================================================================
``rnn``    :math:`h' = \tanh(Ux + b + Wh + a)`
``lstm``   :math:`c' = f c + i g,\ h' = o \tanh c'`; i, f, o sigmoids, g a tanh of
           their own :math:`Ux + b + Wh + a`; the state is (h, c), of size 2h
``gru``    :math:`h' = (1 - z) n + z h,\ n = \tanh(U_n x + b_n + r (W_n h + a_n))`;
           the reset gate r acts after the product
=========  ====================================================================

Everything is torch tensors, of the dtype and on the device of the weights: the same lines
run on a GPU and under automatic differentiation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from rnnspec.models.layers import Cell


def _rnn(_: Cell, inner: Tensor, own: Tensor, __: Tensor) -> Tensor:
    return torch.tanh(inner + own)[0]


def _lstm(cell: Cell, inner: Tensor, own: Tensor, s: Tensor) -> Tensor:
    i, f, g, o = _lstm_gates(inner + own)
    c = f * s[:, cell.hidden :] + i * g
    return torch.cat([o * torch.tanh(c), c], dim=1)


def _gru(_: Cell, inner: Tensor, own: Tensor, h: Tensor) -> Tensor:
    r, z = torch.sigmoid(inner[:2] + own[:2])
    n = torch.tanh(inner[2] + r * own[2])
    new: Tensor = n + z * (h - n)
    return new


def _lstm_gates(total: Tensor) -> tuple[Tensor, ...]:
    i, f, g, o = total
    return torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)


@dataclass(frozen=True, eq=False)
class Slopes:
    """The factors from which the Jacobians of a step are made.

    Each has one entry for each block of h rows of the new state; an LSTM has two, h' and c'.

    Attributes
    ----------
    recurrent, read : tuple of tensors, shape (g, n, h)
        What multiplies the rows of W and of U, by gate.  The last gates are left out where they
        do not act.
    carried : tuple of tensors, shape (n, h)
        The derivative in the last h entries of the state, c or, of a GRU, h itself.
    """

    recurrent: tuple[Tensor, ...]
    read: tuple[Tensor, ...]
    carried: tuple[Tensor, ...]


def _rnn_slopes(cell: Cell, inner: Tensor, own: Tensor, s: Tensor) -> Slopes:
    slope = (1 - _rnn(cell, inner, own, s) ** 2)[None]
    return Slopes((slope,), (slope,), ())


def _lstm_slopes(cell: Cell, inner: Tensor, own: Tensor, s: Tensor) -> Slopes:
    c = s[:, cell.hidden :]
    i, f, g, o = _lstm_gates(inner + own)
    squashed = torch.tanh(f * c + i * g)
    through = o * (1 - squashed**2)  # from c' to h'
    to_c = torch.stack([g * i * (1 - i), c * f * (1 - f), i * (1 - g**2)])
    to_h = torch.cat([through * to_c, (squashed * o * (1 - o))[None]])
    return Slopes((to_h, to_c), (to_h, to_c), (through * f, f))


def _gru_slopes(_: Cell, inner: Tensor, own: Tensor, h: Tensor) -> Slopes:
    r, z = torch.sigmoid(inner[:2] + own[:2])
    n = torch.tanh(inner[2] + r * own[2])
    through = (1 - z) * (1 - n**2)  # from the new gate's argument to h'
    gates = through * own[2] * r * (1 - r), (h - n) * z * (1 - z)
    return Slopes((torch.stack([*gates, through * r]),), (torch.stack([*gates, through]),), (z,))


# For each kind of cell, functions of the cell, U x + b and W h + a for each gate, both (g, n, h),
# and the state (n, s).
STEP: dict[str, Callable[[Cell, Tensor, Tensor, Tensor], Tensor]] = {
    "rnn": _rnn,
    "lstm": _lstm,
    "gru": _gru,
}
SLOPES: dict[str, Callable[[Cell, Tensor, Tensor, Tensor], Slopes]] = {
    "rnn": _rnn_slopes,
    "lstm": _lstm_slopes,
    "gru": _gru_slopes,
}
