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

from rnnspec._checks import one_of
from rnnspec.dynamics.trajectory import DIRECTIONS, one_direction
from rnnspec.models.cells import summed_state_jacobian
from rnnspec.models.motion import Motion
from rnnspec.models.reading import Reading, read_along
from rnnspec.models.stack import read_jacobian

CHUNK = 2**21  # bytes of Jacobians computed at once: what a cache holds
LEAST = 16  # Jacobians computed at once, however large
LARGEST = 2**33  # bytes of Jacobians returned
BATCH = 128  # sequences whose states are held at once for a mean


def state_jacobians(
    model: nn.Module,
    inputs: ArrayLike | Tensor,
    lengths: ArrayLike | Tensor | None = None,
    steps: Sequence[int] | None = None,
    direction: str | None = None,
) -> NDArray[np.float64]:
    r"""The Jacobians :math:`\partial s_t/\partial s_{t-1}` along sequences.

    The state is that of all layers, from below: s = h for one layer of ``rnn`` or ``gru``,
    2h, (h, c), for an ``lstm``; L times that for L layers.  With several layers J is block
    lower triangular; a layer's own Jacobian is the block on the diagonal.

    Parameters
    ----------
    model : module
        A module as for `state_trajectory`.  One that does more than its recurrent part is run on
        `inputs`, and the Jacobians are taken along the inputs that the part reads.
    inputs : (n, t, d) array_like or tensor
    lengths : (n,) array_like of int, optional
        True lengths; default: all t.
    steps : sequence of int, optional
        The steps wanted, from 0 to t - 1; default: all.
    direction : {"forward", "reverse"}, optional
        Required for a bidirectional network, which has no one causal map: the map of this
        direction's states, those of the other held as they are along the data.  Reverse,
        J_t is the derivative of the state at t with respect to that at t + 1.

    Returns
    -------
    (n, t, s, s) array, or (n, len(steps), s, s), float64
        ``J[i, t, j, k]``: entry j of the new state, k of the old.  NaN at padded steps.
        It takes 8 n t s^2 bytes: 128 sequences of 100 steps with s = 128 are 1.7 GB.

    Raises
    ------
    ValueError
        As `state_trajectory`, and if a step or the direction is none that there is, or the
        result would take more than 8 GiB: choose `steps` or sequences, or take
        `mean_jacobian`.

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
    wanted = _steps(steps, reading.inputs)
    s = sum(cell.state_size for cell in reading.cells[side])
    shape = (len(reading), len(wanted), s, s)
    if (size := 8 * int(np.prod(shape, dtype=object))) > LARGEST:
        raise ValueError(
            f"the Jacobians must fit in {LARGEST / 1e9:.1f} GB, got {shape}: {size / 1e9:.1f} GB;"
            " choose `steps` or fewer sequences, or take `mean_jacobian`"
        )
    motion = reading.simulate()
    result = np.empty(shape)
    result[~motion.real[:, wanted].cpu().numpy()] = np.nan
    for row, column, J in _chunks(motion, side, wanted):
        result[row.cpu().numpy(), column.cpu().numpy()] = J.cpu().numpy()
    return result


def mean_jacobian(
    model: nn.Module,
    inputs: ArrayLike | Tensor,
    lengths: ArrayLike | Tensor | None = None,
    steps: Sequence[int] | None = None,
    direction: str | None = None,
    layer: int | None = None,
) -> NDArray[np.float64]:
    """The mean of `state_jacobians` over sequences and real steps, without holding them all.

    Parameters
    ----------
    model, inputs, lengths, steps, direction
        As for `state_jacobians`.
    layer : int, optional
        This layer's own Jacobian, given what it reads: its block on the diagonal.  As for a
        network of one layer no single Jacobian is formed, and the cost is that of the states.

    Returns
    -------
    (s, s) array, float64

    Raises
    ------
    ValueError
        As `state_jacobians`, and if no sequence reaches any of `steps` or there is no such
        `layer`.

    Examples
    --------
    >>> mean_jacobian(nn.LSTM(3, 8), np.zeros((2, 5, 3))).shape
    (16, 16)
    """
    reading = read_along(model, inputs, lengths)
    side = one_direction(reading.cells, direction)
    wanted = _steps(steps, reading.inputs)
    layers = len(reading.cells[side])
    if layer is not None and not 0 <= layer < layers:
        raise ValueError(f"`layer` must be from 0 to {layers - 1}, got {layer}")
    total, count = torch.zeros(()), 0
    for rows in torch.split(torch.arange(len(reading), device=wanted.device), BATCH):
        motion = reading[rows].simulate()
        count += int(motion.real[:, wanted].sum())
        if layers == 1 or layer is not None:
            total = total + _own_sum(motion, side, layer or 0, wanted)
        else:
            for _, __, J in _chunks(motion, side, wanted):
                total = total + J.sum(0)
    if not count:
        raise ValueError(
            "`steps` must hold one that a sequence reaches, from 0 to"
            f" {int(reading.lengths.max()) - 1},"
            f" got {list(steps or ())}"
        )
    mean: NDArray[np.float64] = (total / count).cpu().numpy()
    return mean


def jacobian_products(
    jacobians: ArrayLike,  # shape: (n, t, s, s)
    window: int | None = None,
    direction: str = "forward",
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Products :math:`J_{b} \cdots J_{a}` over windows of steps, however large or small.

    .. math:: J_{b} J_{b-1} \cdots J_{a} = e^{\ell}\, P,\qquad \|P\|_F = 1

    so that a growth beyond the range of floating point (a thousand steps at 10 %) is only a
    number :math:`\ell`.

    Parameters
    ----------
    jacobians : (n, t, s, s) array_like
        What `state_jacobians` gives; steps of NaN, padded ones, are left out.
    window : int, optional
        Steps a to b of a product; consecutive windows, the last perhaps shorter.  Default:
        all t in one.
    direction : {"forward", "reverse"}
        ``reverse`` multiplies in the order of a reverse direction, :math:`J_a \cdots J_b`.

    Returns
    -------
    P : (n, w, s, s) array, float64
        For each of the w = ceil(t / window) windows; the identity, scaled, where a window has
        no real step; 0 if the product is.
    log_scale : (n, w) array, float64
        Natural logarithms of the scales.

    Raises
    ------
    ValueError
        If the shape is wrong, `window` is below 1, or `direction` is unknown.

    Examples
    --------
    >>> P, log_scale = jacobian_products(np.full((1, 1000, 1, 1), 10.0))
    >>> P.ravel().tolist(), round(float(log_scale[0, 0] / np.log(10)), 9)
    ([1.0], 1000.0)
    """
    J = np.asarray(jacobians, dtype=np.float64)
    if J.ndim != 4 or J.shape[2] != J.shape[3] or 0 in J.shape:
        raise ValueError(f"`jacobians` must have shape (n, t, s, s), none of it 0, got {J.shape}")
    n, t, s, _ = J.shape
    if window is not None and window < 1:
        raise ValueError(f"`window` must be at least 1, got {window}")
    one_of(direction, "direction", DIRECTIONS)
    starts = range(0, t, window or t)
    P = np.broadcast_to(np.eye(s) / np.sqrt(s), (n, len(starts), s, s)).copy()
    log_scale = np.full((n, len(starts)), np.log(s) / 2)
    for k, start in enumerate(starts):
        for now in range(start, min(start + (window or t), t)):
            real = ~np.isnan(J[:, now, 0, 0])
            factors = (J[real, now], P[real, k])
            product = factors[0] @ factors[1] if direction == "forward" else factors[1] @ factors[0]
            # Not the norm's own formula: squares of small entries would vanish.
            largest = np.abs(product).max((1, 2), keepdims=True)
            largest[largest == 0] = 1.0
            size = largest * np.linalg.norm(product / largest, axis=(1, 2), keepdims=True)
            size[size == 0] = 1.0
            P[real, k] = product / size
            log_scale[real, k] += np.log(size[:, 0, 0])
    return P, log_scale


def _chunks(motion: Motion, side: int, wanted: Tensor) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Sequences (m,), columns of `wanted` (m,) and Jacobians (m, s, s), a few at a time."""
    cells = motion.cells[side]
    row, column = motion.real[:, wanted].nonzero(as_tuple=True)
    s = sum(cell.state_size for cell in cells)
    at_once = max(LEAST, CHUNK // (8 * s * s))
    first = side * cells[0].hidden  # a layer reads (forward, reverse) of the one below
    for i, k in zip(torch.split(row, at_once), torch.split(column, at_once), strict=True):
        now = wanted[k]
        read = [x[i, now] for x in motion.read[side]]
        before = [states[i, now] for states in motion.before[side]]
        yield i, k, read_jacobian(cells, read, before, first)


def _own_sum(motion: Motion, side: int, layer: int, wanted: Tensor) -> Tensor:
    """The sum (s, s) of one layer's own Jacobians."""
    row, column = motion.real[:, wanted].nonzero(as_tuple=True)
    now = wanted[column]
    read, before = motion.read[side][layer], motion.before[side][layer]
    return summed_state_jacobian(motion.cells[side][layer], read[row, now], before[row, now])


def _steps(steps: Sequence[int] | None, x: Tensor) -> Tensor:
    t = x.shape[1]
    wanted = np.arange(t) if steps is None else np.asarray(steps)
    if wanted.ndim != 1 or not len(wanted) or not np.issubdtype(wanted.dtype, np.integer):
        raise ValueError(f"`steps` must be a sequence of integers, got {steps!r}")
    if wanted.min() < 0 or wanted.max() >= t:
        raise ValueError(f"`steps` must be from 0 to {t - 1}, got {wanted.tolist()}")
    return torch.from_numpy(wanted.astype(np.int64)).to(x.device)
