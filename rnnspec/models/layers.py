"""Each layer and direction of a recurrent network as the plain weights that act in it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rnnspec.models.acting import acting_weights
from rnnspec.models.gates import cut_gates
from rnnspec.models.modules import foreign_cells
from rnnspec.models.parts import Part, full_key, is_quantised, recurrent_parts


@dataclass(frozen=True, eq=False)
class Cell:
    """One layer in one direction: its kind and its weights, a block for each gate.

    Attributes
    ----------
    kind : {"rnn", "lstm", "gru"}
    U : tensor, shape (g, h, d)
        Input weights.
    W : tensor, shape (g, h, h)
        Recurrent weights.
    b, a : tensor, shape (g, h)
        Biases of the input and of the state.
    """

    kind: str
    U: Tensor
    W: Tensor
    b: Tensor
    a: Tensor

    @property
    def n_inputs(self) -> int:
        """Size d of an input."""
        return self.U.shape[2]

    @property
    def hidden(self) -> int:
        """The number h of units; the next layer reads the first h entries of a state."""
        return self.W.shape[1]

    @property
    def state_size(self) -> int:
        """Size s of a state: h, or 2h for the (h, c) of an LSTM."""
        return self.hidden * (1 + (self.kind == "lstm"))


# For each direction its layers from below.
Cells = tuple[tuple[Cell, ...], ...]


def recurrent_cells(module: nn.Module, dtype: torch.dtype = torch.float64) -> Cells:
    """The cells of the recurrent part of `module`: one tuple for each direction, layers from below.

    A normalised or pruned weight is taken as it acts.  Missing biases (``bias=False``) are zero.
    Whether `module` steps as these cells do is not checked here: see `rnnspec.models.reading`.

    Parameters
    ----------
    module : module
        An ``nn.RNN`` (tanh), ``nn.LSTM``, ``nn.GRU``, one of their cell classes, or any
        module with exactly one of these inside.
    dtype : dtype, default float64
        Type of the copies, which stay on the device of the weights.

    Returns
    -------
    tuple of tuples of Cell
        ``cells[direction][layer]``; direction 1, the reverse one, only if bidirectional.

    Raises
    ------
    ValueError
        If `module` is no module, has no recurrent layers inside or several recurrent
        modules, an ``nn.RNN`` with relu, or an LSTM with proj_size, or its weights are
        complex, quantised or not finite.

    Examples
    --------
    >>> forward, reverse = recurrent_cells(nn.LSTM(3, 8, num_layers=2, bidirectional=True))
    >>> [(cell.n_inputs, cell.state_size) for cell in reverse]
    [(3, 16), (16, 16)]
    """
    return cells_of_part(module, only_part(module), dtype)


def cells_of_part(root: nn.Module, part: Part, dtype: torch.dtype = torch.float64) -> Cells:
    """The cells of one `part` of `root`, as `recurrent_cells` gives them, after the same checks."""
    where = f"`module`{f' ({part.name})' if part.name else ''}"
    _check_kind(part, where)
    weights = acting_weights(root, part)
    _check_weights(part, weights, where)
    return tuple(
        tuple(_cell(part.kind, weights, suffix, dtype) for suffix in row) for row in part.suffixes
    )


def _check_kind(part: Part, where: str) -> None:
    """Refuse a part whose class has no step map of the form of `Cell`."""
    if is_quantised(part.module):
        raise ValueError(
            f"{where} must compute in floating point, got a dynamically quantised one: its"
            " arithmetic rounds each input and is no smooth map (its matrices can be measured;"
            " take the Jacobians of the network before quantisation)"
        )
    if part.nonlinearity != "tanh":
        raise ValueError(
            f"{where} must be a tanh rnn, got nonlinearity={part.nonlinearity!r} (its matrices can"
            " be measured: rnnspec.recurrent_matrices; the Jacobian of a relu network is W with the"
            " rows of the units that are off set to 0)"
        )


def _check_weights(part: Part, weights: dict[str, Tensor], where: str) -> None:
    """Refuse weights that project the state, are complex, or are not finite."""
    if (projection := next((n for n in weights if n.startswith("weight_hr")), None)) is not None:
        raise ValueError(
            f"{where} must not project its state, got proj_size={len(weights[projection])}"
            " (the state map of such an LSTM is not supported; of its matrices take"
            " weight_hh @ weight_hr)"
        )
    for name, weight in weights.items():
        if weight.is_complex():
            raise ValueError(f"{where} must have real weights, got {weight.dtype} in {name}")
        if not weight.isfinite().all():
            raise ValueError(
                f"`module` must have finite weights, got a NaN or an infinity in"
                f" {full_key(part.name, name)} (a training that diverged?)"
            )


def only_part(module: nn.Module) -> Part:
    """The one recurrent part of `module`.

    Raises
    ------
    ValueError
        If `module` is no module, or there is none inside, or there are several.
    """
    if not isinstance(module, nn.Module):
        raise ValueError(f"`module` must be a torch module, got {type(module).__name__}")
    found = recurrent_parts(module)
    foreign = foreign_cells(module)
    if not found:
        reason = (
            foreign[0]
            if foreign
            else (
                "a feed-forward network, or a step of its own, whose formula is not known? any"
                " square matrix of it can be measured:"
                " rnnspec.recurrent_matrices(module, key='h2h.weight')"
            )
        )
        raise ValueError(
            "`module` must have nn.RNN, nn.LSTM or nn.GRU inside, found none"
            f" in {type(module).__name__} ({reason})"
        )
    if len(found) > 1 or foreign:
        names = [f"{part.name} ({type(part.module).__name__})" for part in found]
        raise ValueError(
            "`module` must have one recurrent module inside,"
            f" got {', '.join([*names, *foreign])}: pass one of them, with the inputs that it reads"
        )
    return found[0]


def _cell(kind: str, weights: dict[str, Tensor], suffix: str, dtype: torch.dtype) -> Cell:
    W = weights[f"weight_hh{suffix}"]
    stacks = (
        weights[f"weight_ih{suffix}"],
        W,
        *(weights.get(f"bias_{side}{suffix}", W.new_zeros(len(W))) for side in ("ih", "hh")),
    )
    return Cell(kind, *(cut_gates(kind, stack.to(dtype, copy=True)) for stack in stacks))
