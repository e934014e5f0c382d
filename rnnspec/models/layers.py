"""Each layer and direction of a recurrent network as the plain weights that act in it."""

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
        modules, an ``nn.RNN`` with relu, or an LSTM with proj_size, or its weights are not
        finite.

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
    for stack in (U, W, b, a):
        if not stack.isfinite().all():
            raise ValueError(
                f"`module` must have finite weights, got a NaN or an infinity in those of"
                f" {type(part).__name__}{suffix} (a training that diverged?)"
            )
    return Cell(kind, *(cut_gates(kind, stack) for stack in (U, W, b, a)))
