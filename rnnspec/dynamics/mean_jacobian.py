r"""The mean of the Jacobians along data, :math:`\bar J = \frac1m \sum_{i, t} J_t^{(i)}`.

One matrix in the place of a recurrent one for a gated cell, whose gates' matrices say little alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from rnnspec.dynamics.jacobian import jacobian_chunks, wanted_steps
from rnnspec.dynamics.trajectory import one_direction
from rnnspec.models.cells import summed_state_jacobian
from rnnspec.models.motion import Motion
from rnnspec.models.reading import read_along
from rnnspec.models.sequences import Inputs

# Sequences whose states are held at once.  Measured on a GRU with s = 32 and 128, batches of 64 and
# of 128 are about equally fast, those of 512 slower by up to a quarter.
BATCH = 128


def mean_jacobian(
    model: nn.Module,
    inputs: Inputs,
    lengths: ArrayLike | Tensor | None = None,
    steps: Sequence[int] | None = None,
    direction: str | None = None,
    layer: int | None = None,
) -> NDArray[np.float64]:
    """The mean of `state_jacobians` over sequences and real steps, without holding them all.

    Parameters
    ----------
    model : module
        A module as for `state_jacobians`.
    inputs : SequenceDataset, (n, t, d) array_like or tensor, or list of (t_i, d) arrays
        What `model` reads.
    lengths : (n,) array_like of int, optional
        True lengths of the sequences of an array or tensor; by default all have t steps.
    steps : sequence of int, optional
        The time steps that count, from 0 to t - 1; by default all.
    direction : {"forward", "reverse"}, optional
        Required for a bidirectional network, as for `state_jacobians`.
    layer : int, optional
        Take this layer's own Jacobian, given what it reads: its block on the diagonal.  By default
        the Jacobian is that of the whole state.

    Returns
    -------
    (s, s) array, float64

    Raises
    ------
    ValueError
        If `state_jacobians` raises one, or if no sequence reaches any of `steps` or there is no
        such `layer`.

    Notes
    -----
    With a `layer`, or of a network of one layer, no single Jacobian is formed: the cost is that of
    the states, O(n t g h^2).  Of the whole state of several layers it is O(n t s^3).

    Examples
    --------
    >>> mean_jacobian(nn.LSTM(3, 8), np.zeros((2, 5, 3))).shape
    (16, 16)
    """
    reading = read_along(model, inputs, lengths)
    side = one_direction(reading.cells, direction)
    wanted = wanted_steps(steps, reading.inputs)
    layers = len(reading.cells[side])
    if layer is not None and not 0 <= layer < layers:
        raise ValueError(f"`layer` must be from 0 to {layers - 1}, got {layer}")
    total, count = torch.zeros(()), 0
    for rows in torch.split(torch.arange(len(reading), device=wanted.device), BATCH):
        motion = reading[rows].simulate()
        count += int(motion.real[:, wanted].sum())
        if layers == 1 or layer is not None:
            total = total + _sum_of_layer(motion, side, layer or 0, wanted)
        else:
            for _, __, J in jacobian_chunks(motion, side, wanted):
                total = total + J.sum(0)
    if not count:
        raise ValueError(
            "`steps` must hold one that a sequence reaches, from 0 to"
            f" {int(reading.lengths.max()) - 1}, got {list(steps or ())}"
        )
    mean: NDArray[np.float64] = (total / count).cpu().numpy()
    return mean


def _sum_of_layer(motion: Motion, side: int, layer: int, wanted: Tensor) -> Tensor:
    """The sum (s, s) of one layer's own Jacobians over the real steps among `wanted`."""
    row, column = motion.real[:, wanted].nonzero(as_tuple=True)
    now = wanted[column]
    read, before = motion.read[side][layer], motion.before[side][layer]
    return summed_state_jacobian(motion.cells[side][layer], read[row, now], before[row, now])
