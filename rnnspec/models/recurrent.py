"""The one door from recurrent weights to named matrices.

PyTorch keeps the recurrent weights of a layer as ``weight_hh_l{layer}`` or
``weight_hh_l{layer}_reverse``, its gates stacked into one (g*h, h) matrix.
Here, and nowhere else, that stack is cut: ``layer0.forget`` is a square
float64 array that the matrix functions of `rnnspec` understand.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from rnnspec.models.acting import at_rest as at_rest
from rnnspec.models.acting import stacks_in_module
from rnnspec.models.gates import CELLS, GATES, n_gates
from rnnspec.models.keys import stacks_in_mapping

Source = nn.Module | Mapping[str, Any] | str | Path


def recurrent_matrices(source: Source) -> dict[str, NDArray[np.float64]]:
    r"""The recurrent matrices of `source`, by name.

    For a vanilla cell, :math:`h_t = \tanh(W h_{t-1} + \dots)`, that is W under
    the name ``layer0``; for gated cells one matrix per gate (``layer0.input``,
    ``.forget``, ``.cell``, ``.output`` for an LSTM; ``.reset``, ``.update``,
    ``.new`` for a GRU) and their stack, see `stacked_matrices`.  The second
    direction of a bidirectional layer is ``layer0.reverse``.  Where `source`
    holds several recurrent modules, names begin with the module's.

    Parameters
    ----------
    source : module, state dict, or path
        Any ``torch.nn.Module`` with ``nn.RNN``, ``nn.LSTM``, ``nn.GRU`` or their
        cell classes inside; a mapping whose keys end in ``weight_hh_l0`` and the
        like; or a file or run directory (see `rnnspec.models.checkpoint`).  The
        cell is told from the shape: (h, h) rnn, (3h, h) gru, (4h, h) lstm.

    Returns
    -------
    dict of str to ndarray, shape (h, h), float64

    Raises
    ------
    ValueError
        If `source` holds no recurrent weights, or one of no known shape.

    Examples
    --------
    >>> import torch
    >>> list(recurrent_matrices(torch.nn.GRU(3, 8)))
    ['layer0.reset', 'layer0.update', 'layer0.new']
    """
    matrices: dict[str, NDArray[np.float64]] = {}
    for name, cell, W in _stacks(source):
        matrices |= _by_gate(name, cell, _as_array(W))
    return matrices


def recurrent_blocks(module: nn.Module) -> dict[str, Tensor]:
    """The same matrices as (h, h) views into the parameters: to write them is to change `module`.

    Raises
    ------
    ValueError
        If `module` holds no recurrent weights, or some that are computed from other parameters.

    Examples
    --------
    >>> import torch
    >>> gru = torch.nn.GRU(3, 8)
    >>> recurrent_blocks(gru)["layer0.update"].zero_().shape
    torch.Size([8, 8])
    >>> bool(gru.weight_hh_l0[8:16].any())
    False
    """
    blocks: dict[str, Tensor] = {}
    stored = {parameter.data_ptr() for parameter in module.parameters()}
    for name, cell, weight in stacks_in_module(module):
        if weight.data_ptr() not in stored:
            raise ValueError(
                f"`module` must hold plain weights to be written, those of {name} are computed from"
                " others (a normalisation or a pruning? `rnnspec.bake` makes it permanent)"
            )
        blocks |= _by_gate(name, cell, weight)
    return blocks


def stacked_matrices(source: Source) -> dict[str, NDArray[np.float64]]:
    """The (g*h, h) stacks of gates as PyTorch holds them, ``layer0.stacked``.

    Examples
    --------
    >>> import torch
    >>> stacked_matrices(torch.nn.GRU(3, 8))["layer0.stacked"].shape
    (24, 8)
    """
    return {f"{name}.stacked": _as_array(W) for name, cell, W in _stacks(source) if GATES[cell]}


def cut_gates(cell: str, stack: Any) -> Any:
    """A (g*h, ...) array or tensor of `cell` as a (g, h, ...) view: weights or biases.

    Examples
    --------
    >>> cut_gates("gru", np.zeros((24, 5))).shape
    (3, 8, 5)
    """
    g = n_gates(cell)
    return stack.reshape(g, len(stack) // g, *stack.shape[1:])


def _by_gate(name: str, cell: str, W: Any) -> dict[str, Any]:
    """The gates of a (g*h, h) array or tensor, as views."""
    return {
        f"{name}.{gate}" if gate else name: block
        for gate, block in zip(GATES[cell] or ("",), cut_gates(cell, W), strict=True)
    }


def _as_array(weight: Any) -> NDArray[np.float64]:
    if isinstance(weight, Tensor):
        weight = weight.detach().cpu().double().numpy()  # NumPy has no bfloat16
    return np.array(weight, np.float64)


def _stacks(source: Source) -> Iterator[tuple[str, str, Any]]:
    """Name, cell and (g*h, h) weight, as it is stored, of each layer and direction."""
    if isinstance(source, nn.Module):
        return stacks_in_module(source)
    if isinstance(source, str | Path):
        from rnnspec.models.checkpoint import load_weights

        source = load_weights(source)
    if not isinstance(source, Mapping):
        raise ValueError(
            "`source` must be a torch module, a state dict or a path,"
            f" got {type(source).__name__}; cells known: {', '.join(CELLS)}"
        )
    return stacks_in_mapping(source)
