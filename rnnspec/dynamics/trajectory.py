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

DIRECTIONS = ("forward", "reverse")


def state_trajectory(
    model: nn.Module, inputs: ArrayLike | Tensor, lengths: ArrayLike | Tensor | None = None
) -> dict[str, NDArray[np.float64]]:
    """The states of every layer and direction after every step.

    Parameters
    ----------
    model : module
        A recurrent layer or cell of PyTorch or a `SequenceClassifier`; or any module with one
        recurrent part inside.  The forward of such a module is run on `inputs`, in evaluation
        mode; if its state goes from step to step by the formula of that part, the states are
        computed in float64 along what the part really reads, from where the module lets it
        start, step by step in the order in which the part reads them; if not, it is refused.
        What is found holds on the data given: a bound on the state that none of their states
        comes near leaves the map along them as it is.  The module is left as it is.
    inputs : (n, t, d) array_like or tensor
        What `model` reads.
    lengths : (n,) array_like of int, optional
        True lengths; default: all t.

    Returns
    -------
    dict of str to ndarray, shape (n, t, h) or (n, t, 2h), float64
        ``layer0``, and ``layer0.reverse`` if bidirectional; an LSTM's state is (h, c).  At
        step t the reverse state has read the sequence from its last true step down to t.
        Padded steps hold NaN: no network was there.

    Raises
    ------
    ValueError
        If there is no sequence, `inputs` does not fit `model` or is not finite, a length is
        out of range, `model` has no recurrent part or several, or its state does not go by the
        formula of its part: see `rnnspec.models.verification`.

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
    """The index of `direction`, which a bidirectional network must be asked for.

    Raises
    ------
    ValueError
        If the network is bidirectional and `direction` is None, or has no such direction.
    """
    names = DIRECTIONS[: len(cells)]
    if direction is None and len(names) > 1:
        raise ValueError(
            "`direction` must be 'forward' or 'reverse' for a bidirectional network: it has no"
            " one causal state map; each direction has its own, the other's states held as they"
            " are along the data"
        )
    if direction not in (None, *names):
        raise ValueError(f"`direction` must be one of {', '.join(names)}, got {direction!r}")
    return names.index(direction) if direction else 0
