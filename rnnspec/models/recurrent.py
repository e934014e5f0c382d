"""The one door from recurrent weights to named matrices.

PyTorch keeps the recurrent weight of a layer with its gates stacked into one (g*h, h) matrix.
Whatever holds such weights, a module, a state dict or a file, comes out of this door as square
float64 arrays with names, ``layer0.forget``, that the matrix functions of `rnnspec` understand.
A stack in another order is cut as the user says, see `rnnspec.models.cut`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from torch import Tensor, nn

from rnnspec.models.arrays import as_array
from rnnspec.models.by_key import matrices_by_key
from rnnspec.models.files.reading import read_contents
from rnnspec.models.gates import CELLS, GATES, named_gates
from rnnspec.models.keys import stacks_of_state_dict
from rnnspec.models.modules import arrays_in_module, stacks_in_module
from rnnspec.models.remarks import warn_of

NO_SOURCE = "`source` must be a torch module, a state dict or a path, got {}; cells known: {}"
Source = nn.Module | Mapping[str, Any] | str | Path


def recurrent_matrices(
    source: Source, key: str | None = None, cut: str | None = None
) -> dict[str, NDArray[Any]]:
    r"""The recurrent matrices of `source`, by name.

    For a vanilla cell, :math:`h_t = \tanh(W h_{t-1} + \dots)`, this is W under the name ``layer0``.
    For a gated cell there is one matrix per gate: ``layer0.input``, ``.forget``, ``.cell`` and
    ``.output`` for an LSTM; ``.reset``, ``.update`` and ``.new`` for a GRU.  `stacked_matrices`
    gives the gates of a layer in one array.  The second direction of a bidirectional layer is
    ``layer0.reverse``.  Where `source` holds several recurrent modules, names begin with the
    module's.

    Parameters
    ----------
    source : module, state dict, or path
        Any ``torch.nn.Module`` with ``nn.RNN``, ``nn.LSTM``, ``nn.GRU`` or their
        cell classes inside; a mapping whose keys end in ``weight_hh_l0`` and the
        like; or a file or run directory (see `load_matrices`).  The shape tells
        the cell: (h, h) is an rnn, (3h, h) a gru and (4h, h) an lstm.
    key : str, optional
        The full key of one array, for example ``h2h.weight``, a parameter of a module of your own.
        The array must be square, unless it is cut.
    cut : str, optional
        How the gates of the array are stacked, for example ``lstm:ifgo:rows``, see
        `rnnspec.models.cut`.

    Returns
    -------
    dict of str to ndarray of shape (h, h), float64
        They are complex128 if the weights are complex.

    Warns
    -----
    LeftOutWarning
        If a recurrent weight of a mapping or file was not taken; the warning names it and says
        why.
    AssumptionWarning
        If a state dict does not say which cell it belongs to.

    Raises
    ------
    ValueError
        If `source` holds no recurrent weights, or none of a known shape, or `key` or `cut` do
        not fit it.

    Examples
    --------
    >>> import torch
    >>> list(recurrent_matrices(torch.nn.GRU(3, 8)))
    ['layer0.reset', 'layer0.update', 'layer0.new']
    """
    if key is not None or cut is not None:
        return matrices_by_key(_arrays(source), key, cut)
    matrices: dict[str, NDArray[Any]] = {}
    for name, cell, W in _stacks(source):
        matrices |= named_gates(name, cell, as_array(W))
    return matrices


def recurrent_blocks(module: nn.Module) -> dict[str, Tensor]:
    """The recurrent matrices as (h, h) views into the parameters: to write one changes `module`.

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
        blocks |= named_gates(name, cell, weight)
    return blocks


def stacked_matrices(source: Source) -> dict[str, NDArray[Any]]:
    """The (g*h, h) stacks of gates as PyTorch holds them, ``layer0.stacked``.

    Parameters
    ----------
    source : module, state dict, or path
        As for `recurrent_matrices`.

    Returns
    -------
    dict of str to ndarray of shape (g*h, h), float64
        A vanilla cell has no gates and no stack.

    Raises
    ------
    ValueError
        If `source` holds no recurrent weights, or none of a known shape.

    Examples
    --------
    >>> import torch
    >>> stacked_matrices(torch.nn.GRU(3, 8))["layer0.stacked"].shape
    (24, 8)
    """
    return {f"{name}.stacked": as_array(W) for name, cell, W in _stacks(source) if GATES[cell]}


def _stacks(source: Source) -> Iterator[tuple[str, str, Any]]:
    """The name, cell and (g*h, h) weight, as it is stored, of each layer and direction."""
    if isinstance(source, nn.Module):
        return stacks_in_module(source)
    where = "`source`"
    if isinstance(source, str | Path):
        contents, where = read_contents(source), str(source)
        warn_of(contents.left_out, contents.assumed, where)
        source = contents.arrays
    if not isinstance(source, Mapping):
        raise ValueError(NO_SOURCE.format(type(source).__name__, ", ".join(CELLS)))
    stacks = stacks_of_state_dict(source, where)
    return ((stack.name, stack.cell, stack.weight) for stack in stacks)


def _arrays(source: Source) -> dict[str, Any]:
    """All arrays of `source` by their keys; those of a module are taken as they act."""
    if isinstance(source, nn.Module):
        return arrays_in_module(source)
    if isinstance(source, str | Path):
        return read_contents(source).arrays
    if not isinstance(source, Mapping):
        raise ValueError(NO_SOURCE.format(type(source).__name__, ", ".join(CELLS)))
    return dict(source)
