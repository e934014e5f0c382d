r"""The update equations of the cells and their Jacobians, as pure batched functions.

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

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rnnspec.models.gates import cell_of_shape
from rnnspec.models.recurrent import at_rest, cut_gates


@dataclass(frozen=True, eq=False)
class Cell:
    """One layer in one direction: its kind and its weights, a block for each gate."""

    kind: str  # rnn, lstm or gru
    U: Tensor  # shape: (g, h, d), input weights
    W: Tensor  # shape: (g, h, h), recurrent weights
    b: Tensor  # shape: (g, h), input biases
    a: Tensor  # shape: (g, h), recurrent biases

    @property
    def n_inputs(self) -> int:
        """Size d of an input."""
        return self.U.shape[2]

    @property
    def hidden(self) -> int:
        """Units h; the first h entries of a state are what the next layer reads."""
        return self.W.shape[1]

    @property
    def state_size(self) -> int:
        """Size s of a state: h, or 2h for the (h, c) of an LSTM."""
        return self.hidden * (1 + (self.kind == "lstm"))


def recurrent_cells(
    module: nn.Module, dtype: torch.dtype = torch.float64
) -> tuple[tuple[Cell, ...], ...]:
    """The cells of `module`: one tuple for each direction, its layers from below.

    Weights count as they act: a normalised weight is taken normalised.  Without biases
    (``bias=False``) they are zero.

    Parameters
    ----------
    module : module
        An ``nn.RNN`` (tanh), ``nn.LSTM``, ``nn.GRU``, one of their cell classes, or any
        module with exactly one of these inside.
    dtype : dtype, default float64
        Of the copies; the device is the weights' own.

    Returns
    -------
    tuple of tuples of Cell
        ``cells[direction][layer]``; direction 1, the reverse one, only if bidirectional.

    Raises
    ------
    ValueError
        If `module` is no module, has no recurrent layers inside or several recurrent
        modules, an ``nn.RNN`` with relu, or an LSTM with proj_size.

    Examples
    --------
    >>> forward, reverse = recurrent_cells(nn.LSTM(3, 8, num_layers=2, bidirectional=True))
    >>> [(cell.n_inputs, cell.state_size) for cell in reverse]
    [(3, 16), (16, 16)]
    """
    part = _only_recurrent(module)
    if getattr(part, "proj_size", 0):
        raise ValueError(
            f"`module` must not project its state, got proj_size={part.proj_size}"
            " (the state map of such an LSTM is not supported)"
        )
    if getattr(part, "nonlinearity", "tanh") != "tanh":
        raise ValueError(f"`module` must be a tanh rnn, got nonlinearity={part.nonlinearity!r}")
    if isinstance(part, nn.RNNCellBase):
        suffixes = [[""]]
    else:
        assert isinstance(part, nn.RNNBase)
        ends = ("", "_reverse") if part.bidirectional else ("",)
        suffixes = [[f"_l{k}{end}" for k in range(part.num_layers)] for end in ends]
    with at_rest(module), torch.no_grad():
        return tuple(tuple(_cell(part, suffix, dtype) for suffix in row) for row in suffixes)


def step(cell: Cell, x: Tensor, s: Tensor) -> Tensor:
    """The next states (n, s) after inputs `x` (n, d) in states `s` (n, s).

    Examples
    --------
    >>> ((cell,),) = recurrent_cells(nn.LSTM(3, 8))
    >>> step(cell, torch.ones(5, 3).double(), torch.zeros(5, 16).double()).shape
    torch.Size([5, 16])
    """
    return _STEP[cell.kind](cell, *_halves(cell, x, s))


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
    x : (n, d) tensor
    s : (n, s) tensor

    Returns
    -------
    (n, s, s) tensor, (n, s, d) tensor
        Entry [k, i, j] is the derivative of the new state's entry i with respect to entry
        j of the state, of the input, in sample k.  O(n g s h) operations.

    Examples
    --------
    >>> ((cell,),) = recurrent_cells(nn.GRU(3, 8))
    >>> x, h = torch.ones(5, 3).double(), torch.zeros(5, 8).double()
    >>> [tuple(J.shape) for J in jacobian(cell, x, h)]
    [(5, 8, 8), (5, 8, 3)]
    """
    return _JACOBIAN[cell.kind](cell, *_halves(cell, x, s))


Halves = tuple[Tensor, Tensor, Tensor]


def _halves(cell: Cell, x: Tensor, s: Tensor) -> Halves:
    """U x + b and W h + a for each gate, both (g, n, h), and the state."""
    return (
        x @ cell.U.mT + cell.b[:, None],
        s[:, : cell.hidden] @ cell.W.mT + cell.a[:, None],
        s,
    )


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


def _rnn_jacobian(cell: Cell, inner: Tensor, own: Tensor, s: Tensor) -> tuple[Tensor, Tensor]:
    slope = 1 - _rnn(cell, inner, own, s) ** 2
    return _rows(slope[None], cell.W), _rows(slope[None], cell.U)


def _lstm_jacobian(cell: Cell, inner: Tensor, own: Tensor, s: Tensor) -> tuple[Tensor, Tensor]:
    h, c = cell.hidden, s[:, cell.hidden :]
    i, f, g, o = _lstm_gates(inner + own)
    squashed = torch.tanh(f * c + i * g)
    through = o * (1 - squashed**2)  # from c' to h'
    to_c = torch.stack([g * i * (1 - i), c * f * (1 - f), i * (1 - g**2)])
    to_h = torch.cat([through * to_c, (squashed * o * (1 - o))[None]])
    in_state = s.new_zeros(len(s), 2 * h, 2 * h)
    in_state[:, :h, :h] = _rows(to_h, cell.W)
    in_state[:, h:, :h] = _rows(to_c, cell.W[:3])
    in_state[:, :h, h:].diagonal(dim1=1, dim2=2).copy_(through * f)
    in_state[:, h:, h:].diagonal(dim1=1, dim2=2).copy_(f)
    return in_state, torch.cat([_rows(to_h, cell.U), _rows(to_c, cell.U[:3])], dim=1)


def _gru_jacobian(cell: Cell, inner: Tensor, own: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
    r, z = torch.sigmoid(inner[:2] + own[:2])
    n = torch.tanh(inner[2] + r * own[2])
    through = (1 - z) * (1 - n**2)  # from the new gate's argument to h'
    slopes = torch.stack([through * own[2] * r * (1 - r), (h - n) * z * (1 - z), through])
    in_input = _rows(slopes, cell.U)
    slopes[2] *= r
    in_state = _rows(slopes, cell.W)
    in_state.diagonal(dim1=1, dim2=2).add_(z)
    return in_state, in_input


def _rows(slopes: Tensor, blocks: Tensor) -> Tensor:
    """sum_g D(slopes_g) blocks_g: (g, n, h) and (g, h, m) make (n, h, m)."""
    total = slopes[0, :, :, None] * blocks[0]
    for slope, block in zip(slopes[1:], blocks[1:], strict=True):
        total.addcmul_(slope[:, :, None], block)
    return total


_STEP: dict[str, Callable[[Cell, Tensor, Tensor, Tensor], Tensor]] = {
    "rnn": _rnn,
    "lstm": _lstm,
    "gru": _gru,
}
_JACOBIAN: dict[str, Callable[[Cell, Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]] = {
    "rnn": _rnn_jacobian,
    "lstm": _lstm_jacobian,
    "gru": _gru_jacobian,
}


def _only_recurrent(module: nn.Module) -> nn.Module:
    if not isinstance(module, nn.Module):
        raise ValueError(f"`module` must be a torch module, got {type(module).__name__}")
    found = {
        name: part
        for name, part in module.named_modules()
        if isinstance(part, nn.RNNBase | nn.RNNCellBase)
    }
    if not found:
        raise ValueError(
            "`module` must have nn.RNN, nn.LSTM or nn.GRU inside, found none"
            f" in {type(module).__name__} (a feed-forward network?)"
        )
    if len(found) > 1:
        raise ValueError(
            "`module` must have one recurrent module inside,"
            f" got {', '.join(found)}: pass one of them"
        )
    return next(iter(found.values()))


def _cell(part: nn.Module, suffix: str, dtype: torch.dtype) -> Cell:
    W = getattr(part, f"weight_hh{suffix}").detach().to(dtype, copy=True)
    U = getattr(part, f"weight_ih{suffix}").detach().to(dtype, copy=True)
    kind = cell_of_shape(*W.shape)
    assert kind is not None
    b, a = (
        getattr(part, f"bias_{side}{suffix}").detach().to(dtype, copy=True)
        if part.bias
        else W.new_zeros(len(W))
        for side in ("ih", "hh")
    )
    return Cell(kind, *(cut_gates(kind, stack) for stack in (U, W, b, a)))
