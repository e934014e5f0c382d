"""The states that a network passes through along data, in float64."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from rnnspec.models.layers import Cell
from rnnspec.models.names import layer_name
from rnnspec.models.reading import read_along
from rnnspec.models.sequences import Inputs

DIRECTIONS = ("forward", "reverse")


def state_trajectory(
    model: nn.Module, inputs: Inputs, lengths: ArrayLike | Tensor | None = None
) -> dict[str, NDArray[np.float64]]:
    """The states of every layer and direction after every step.

    Parameters
    ----------
    model : module
        A recurrent layer or cell of PyTorch or a `SequenceClassifier`; or any module with one
        recurrent part inside.  The forward of such a module is run on `inputs`, in evaluation
        mode.  If its state goes from step to step by the formula of that part, the states are
        computed in float64 along what the part really reads, from where the module lets it
        start, and in the order in which the part reads; if not, the module is refused.  This is
        verified on the data given only.  For example, if the module limits its state to a value
        that no state of these data comes near, the test cannot see it.  The module stays as it
        was.
    inputs : SequenceDataset, (n, t, d) array_like or tensor, or list of (t_i, d) arrays
        What `model` reads.
    lengths : (n,) array_like of int, optional
        True lengths of the sequences of an array or tensor; by default all have t steps.

    Returns
    -------
    dict of str to ndarray, shape (n, t, h) or (n, t, 2h), float64
        ``layer0``, and ``layer0.reverse`` if bidirectional; an LSTM's state is (h, c).  At
        step t the reverse state has read the sequence from its last true step down to t.
        The states are NaN at padded steps, which the network does not read.

    Raises
    ------
    ValueError
        If there is no sequence, `inputs` does not fit `model` or is not finite, a length is
        out of range, `model` has no recurrent part or several, or its state does not follow the
        formula of its part: see `rnnspec.models.verification`.

    Notes
    -----
    Cost O(n t g h (d + h)) for each layer and direction of g gates, one step after another.

    Examples
    --------
    >>> states = state_trajectory(nn.LSTM(3, 8, bidirectional=True), np.zeros((5, 7, 3)))
    >>> {name: s.shape for name, s in states.items()}
    {'layer0': (5, 7, 16), 'layer0.reverse': (5, 7, 16)}
    """
    motion = read_along(model, inputs, lengths).simulate()
    return {
        layer_name(layer, bool(side)): after.masked_fill(~motion.real[:, :, None], torch.nan)
        .cpu()
        .numpy()
        for layer in range(len(motion.cells[0]))
        for side, states in enumerate(motion.after)
        for after in (states[layer],)
    }


def one_direction(cells: Sequence[Sequence[Cell]], direction: str | None) -> int:
    """The index of `direction` among those of a network, which may be omitted if it has one.

    Raises
    ------
    ValueError
        If the network is bidirectional and `direction` is None, or has no such direction.
    """
    names = DIRECTIONS[: len(cells)]
    if direction is None and len(names) > 1:
        raise ValueError(
            "`direction` must be 'forward' or 'reverse' for a bidirectional network: it has no"
            " one causal state map; each direction has its own, while the states of the other are"
            " held as they are along the data"
        )
    if direction not in (None, *names):
        raise ValueError(f"`direction` must be one of {', '.join(names)}, got {direction!r}")
    return names.index(direction) if direction else 0


def causal_cells(cells: Sequence[tuple[Cell, ...]]) -> tuple[Cell, ...]:
    """The layers of the only direction of a network.

    Raises
    ------
    ValueError
        If there are two directions.
    """
    if len(cells) > 1:
        raise ValueError(
            "`model` must read in one direction, got a bidirectional network, which has no one"
            " causal state map: load the weights of one direction into a network of its own"
        )
    return cells[0]
