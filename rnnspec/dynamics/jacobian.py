r"""Jacobians of the state map along data.

.. math:: J_t = \frac{\partial s_t}{\partial s_{t-1}},\qquad s_t = F(x_t, s_{t-1})

To first order a change of the state grows by :math:`J_T \cdots J_{t+1}`.  For a linear
network every :math:`J_t` is the recurrent matrix; for a tanh cell it is
:math:`D(1 - h_t^2) W`; no single gate's matrix stands for a gated cell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from rnnspec.dynamics.trajectory import one_direction
from rnnspec.models.motion import Motion
from rnnspec.models.reading import Reading, read_along
from rnnspec.models.sequences import Inputs
from rnnspec.models.stack import read_jacobian, whole_size

# Bytes of Jacobians that are computed at once.  They are written, and read again by the next
# operation: at 2 MiB they are then still in the cache of one core.  Measured on a GRU with s = 64,
# 1 to 16 MiB are within 20 % of the best, and 256 KiB or 64 MiB are about twice as slow.
CHUNK = 2**21
# Bytes of the largest result: 8 GiB, half of the memory of a common laptop.  The ways out that the
# error names are better than swapping.
LARGEST = 2**33


def state_jacobians(
    model: nn.Module,
    inputs: Inputs,
    lengths: ArrayLike | Tensor | None = None,
    steps: Sequence[int] | None = None,
    direction: str | None = None,
) -> NDArray[np.float64]:
    r"""The Jacobians :math:`\partial s_t/\partial s_{t-1}` along sequences.

    The state joins the states of all layers, beginning with the lowest.  Its size s is h for one
    layer of ``rnn`` or ``gru``, 2h for one of ``lstm``, whose state is (h, c), and L times that for
    L layers.  With several layers J is block lower triangular; a layer's own Jacobian is the block
    on the diagonal.

    Parameters
    ----------
    model : module
        A module as for `state_trajectory`.  One that does more than its recurrent part is run on
        `inputs`, and the Jacobians are taken along the inputs that the part reads.
    inputs : SequenceDataset, (n, t, d) array_like or tensor, or list of (t_i, d) arrays
        What `model` reads.
    lengths : (n,) array_like of int, optional
        True lengths of the sequences of an array or tensor; by default all have t steps.
    steps : sequence of int, optional
        The time steps whose Jacobians are wanted, from 0 to t - 1; by default all.
    direction : {"forward", "reverse"}, optional
        Required for a bidirectional network, which has no one causal map: J is that of the map of
        this direction's states, while those of the other are held as they are along the data.  For
        ``reverse``, J_t is the derivative of the state at t with respect to that at t + 1.

    Returns
    -------
    (n, t, s, s) array, or (n, len(steps), s, s), float64
        ``J[i, t, j, k]`` is the derivative of entry j of the new state in entry k of the old.
        It is NaN at padded steps.

    Raises
    ------
    ValueError
        If `state_trajectory` raises one, or if there is no such step or direction, or the result
        would take more than 8 GiB: choose `steps` or fewer sequences, or take `mean_jacobian`.

    Notes
    -----
    Cost O(n t g h^2) operations for one layer of g gates, whose Jacobian is a sum of g scaled
    matrices, and O(n t s^3) for several.  The result takes 8 n t s^2 bytes: for 128 sequences of
    100 steps with s = 128 these are 1.7 GB.

    Examples
    --------
    >>> rnn = nn.RNN(3, 8, bias=False)
    >>> J = state_jacobians(rnn, np.zeros((2, 5, 3)))
    >>> J.shape
    (2, 5, 8, 8)
    >>> bool(abs(J - rnn.weight_hh_l0.detach().numpy()).max() < 1e-15)  # tanh is linear at 0
    True
    """
    return jacobians_along(read_along(model, inputs, lengths), steps, direction)


def jacobians_along(
    reading: Reading, steps: Sequence[int] | None = None, direction: str | None = None
) -> NDArray[np.float64]:
    """The Jacobians of a recurrent part along what it reads, as `state_jacobians` gives them."""
    side = one_direction(reading.cells, direction)
    wanted = wanted_steps(steps, reading.inputs)
    s = whole_size(reading.cells[side])
    shape = (len(reading), len(wanted), s, s)
    if (size := 8 * int(np.prod(shape, dtype=object))) > LARGEST:
        raise ValueError(
            f"the Jacobians must fit in {LARGEST / 1e9:.1f} GB, but those of shape {shape} take"
            f" {size / 1e9:.1f} GB; choose `steps` or fewer sequences, or take `mean_jacobian`"
        )
    motion = reading.simulate()
    result = np.empty(shape)
    result[~motion.real[:, wanted].cpu().numpy()] = np.nan
    for row, column, J in jacobian_chunks(motion, side, wanted):
        result[row.cpu().numpy(), column.cpu().numpy()] = J.cpu().numpy()
    return result


def jacobian_chunks(
    motion: Motion, side: int, wanted: Tensor
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Yield the Jacobians of the real steps among `wanted`, a few at a time.

    Yields
    ------
    row, column : (m,) tensors
        The sequence of each Jacobian, and the place of its step in `wanted`.
    J : (m, s, s) tensor
    """
    cells = motion.cells[side]
    row, column = motion.real[:, wanted].nonzero(as_tuple=True)
    at_once = max(1, CHUNK // (8 * whole_size(cells) ** 2))
    first = side * cells[0].hidden  # a layer reads (forward, reverse) of the one below
    for i, k in zip(torch.split(row, at_once), torch.split(column, at_once), strict=True):
        now = wanted[k]
        read = [x[i, now] for x in motion.read[side]]
        before = [states[i, now] for states in motion.before[side]]
        yield i, k, read_jacobian(cells, read, before, first)


def wanted_steps(steps: Sequence[int] | None, x: Tensor) -> Tensor:
    """The time steps that a user asks for, all of those of the inputs `x` (n, t, d) by default.

    Raises
    ------
    ValueError
        If `steps` is no sequence of integers from 0 to t - 1.
    """
    t = x.shape[1]
    wanted = np.arange(t) if steps is None else np.asarray(steps)
    if wanted.ndim != 1 or not len(wanted) or not np.issubdtype(wanted.dtype, np.integer):
        raise ValueError(f"`steps` must be a sequence of integers, got {steps!r}")
    if wanted.min() < 0 or wanted.max() >= t:
        raise ValueError(f"`steps` must be from 0 to {t - 1}, got {wanted.tolist()}")
    return torch.from_numpy(wanted.astype(np.int64)).to(x.device)
