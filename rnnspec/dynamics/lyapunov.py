r"""Lyapunov exponents of a network's state map, along data or on its own.

.. math:: \lambda_k = \lim_{t\to\infty} \frac1t \log |(R_t)_{kk}|,\qquad
          J_t \cdots J_1 Q_0 = Q_t R_t

:math:`e^{\lambda_1 t}` is how fast two states draw apart that were close,
:math:`e^{(\lambda_1 + \dots + \lambda_k) t}` how fast a small volume of k dimensions grows.
"""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from rnnspec._checks import ConvergenceWarning, positive, seed_number
from rnnspec.dynamics.exponent_errors import spectrum_of
from rnnspec.dynamics.exponents import LyapunovSpectrum
from rnnspec.dynamics.frames import Advance, log_growth
from rnnspec.dynamics.trajectory import one_direction
from rnnspec.models.motion import Motion
from rnnspec.models.reading import Reading, read_along
from rnnspec.models.sequences import Inputs
from rnnspec.models.stack import read_jacobian_product, whole_size

# There is a running estimate at the end of each of so many periods of equal length: enough points
# for a picture, and enough batch means for the error of a single trajectory.
PERIODS = 32
BATCH = 64  # trajectories whose states and frames are held at once: 2 MB of frames with s = k = 64


def lyapunov_spectrum(
    model: nn.Module,
    inputs: Inputs,
    lengths: ArrayLike | Tensor | None = None,
    k: int | None = None,
    *,
    starts: ArrayLike | Tensor | None = None,
    warmup: int | None = None,
    direction: str | None = None,
    tol: float = 1e-10,
    seed: int = 0,
) -> LyapunovSpectrum:
    r"""The k largest Lyapunov exponents of the state map :math:`s_t = F(x_t, s_{t-1})`.

    Jacobians in closed form carry a frame of k axes along each trajectory, and the frame is made
    orthonormal again from time to time (`rnnspec.dynamics.frames`).  The logarithms of the factors
    by which its axes grow, each orthogonally to those before it, are averaged over the steps.  So
    the exponents are natural logarithms per step.

    The inputs drive the network.  For a network that is left to itself give constant inputs, for
    example ``np.zeros((n, steps, d))``, with n `starts`.  Short sequences give finite-time
    exponents.

    Parameters
    ----------
    model : module
        A `SequenceClassifier`, or any module with one recurrent module inside.
    inputs : SequenceDataset, (n, t, d) array_like or tensor, or list of (t_i, d) arrays
        What `model` reads.
    lengths : (n,) array_like of int, optional
        True lengths of the sequences of an array or tensor; by default all have t steps.
    k : int, optional
        How many exponents, from 1 to the size s of the whole state as in `state_jacobians`; by
        default all.
    starts : (n, s) array_like or tensor, optional
        States before the first step; by default zero.
    warmup : int, optional
        Number of first steps of each trajectory whose growth does not count, while the state comes
        near the attractor and the frame aligns; by default a tenth of the shortest trajectory.
    direction : {"forward", "reverse"}, optional
        Required for a bidirectional network: see `state_jacobians`.
    tol : float, default 1e-10
        Between running estimates, QR is replaced by a cheaper factorisation every m steps.  m is
        the largest number for which rounding changes an exponent by no more than `tol`, as
        measured along the way, and 1 where a single step contracts too unevenly for it.
    seed : int, default 0
        Seed of the random frames at the first step.

    Returns
    -------
    LyapunovSpectrum
        The exponents in descending order, with their errors.

    Warns
    -----
    ConvergenceWarning
        If the running estimates still move: see ``converged`` of `LyapunovSpectrum`.

    Raises
    ------
    ValueError
        If `state_trajectory` raises one, or if `k`, `warmup`, `direction`, `tol` or `seed` is out
        of range, or `starts` has another shape or is not finite.

    Notes
    -----
    Cost O(n t (g s h + s h k + s k^2 / m)) for n sequences of t steps and layers of g gates and h
    units.  A frame that turns adds a bounded sum to the logarithms, which makes an error of the
    exponents that falls like 1/t.  The frame turns until it is aligned; in the plane of a complex
    pair it never stops.

    References
    ----------
    .. [1] G. Benettin, L. Galgani, A. Giorgilli and J.-M. Strelcyn, Meccanica 15 (1980), 9-30.
    .. [2] L. Dieci, R. Russell and E. Van Vleck, SIAM J. Numer. Anal. 34 (1997), 402-423.

    Examples
    --------
    At rest every Jacobian is W, and the exponents are the logarithms of its eigenvalues:

    >>> rnn = nn.RNN(1, 2, bias=False).double()  # tanh is linear at rest
    >>> _ = rnn.weight_hh_l0.data.copy_(torch.tensor([[0.5, 3.0], [0.0, 0.25]]))
    >>> found = lyapunov_spectrum(rnn, np.zeros((2, 1000, 1)))
    >>> np.exp(found.exponents).round(9).tolist()
    [0.5, 0.25]
    """
    reading = read_along(model, inputs, lengths)
    x, steps = reading.inputs, reading.lengths
    side = one_direction(reading.cells, direction)
    s = whole_size(reading.cells[side])
    k = _exponent_count(k, s)
    warmup = _warmup_steps(warmup, int(steps.min()))
    positive(tol, "tol")
    reading = _begin_at(reading, starts, side, s)
    ends = np.linspace(warmup, int(steps.max()), PERIODS + 1).round().astype(int)
    times = [int(end) for end in np.unique(ends)]
    rng = np.random.default_rng(seed_number(seed))
    grown = []
    for part in torch.split(torch.arange(len(x), device=x.device), BATCH):
        motion = reading[part].simulate()
        advance, drawn = _jacobian_products(motion, side), rng.standard_normal((len(part), s, k))
        frame = torch.linalg.qr(torch.from_numpy(drawn).to(x.device))[0]
        frame, _, _ = log_growth(advance, frame, steps[part], (0, warmup), tol)
        grown.append(log_growth(advance, frame, steps[part], times, tol)[1:])
    growth, loss = (torch.cat(each, dim=1).cpu().numpy() for each in zip(*grown, strict=True))
    taken = steps.cpu().numpy() - warmup
    found = spectrum_of(growth, loss, taken, np.array(times[1:]) - warmup, s)
    if not found.converged:
        warnings.warn(
            "the running Lyapunov exponents have not settled, so these are exponents of finite"
            " time; take longer trajectories or a longer `warmup`",
            ConvergenceWarning,
            stacklevel=2,
        )
    return found


def _jacobian_products(motion: Motion, side: int) -> Advance:
    """The function that multiplies frames by the Jacobians of one direction.

    Its step t is the t-th that this direction reads.
    """
    cells, order = motion.cells[side], motion.order[side]
    first = side * cells[0].hidden  # a layer reads (forward, reverse) of the one below

    def advance(t: int, rows: Tensor, Y: Tensor) -> Tensor:
        now = order[rows, t]
        read = [x[rows, now] for x in motion.read[side]]
        before = [states[rows, now] for states in motion.before[side]]
        new = read_jacobian_product(cells, read, before, Y, first)
        real = motion.real[rows, now][:, None, None]
        return new if bool(real.all()) else new.where(real, Y)

    return advance


def _begin_at(reading: Reading, starts: ArrayLike | Tensor | None, side: int, s: int) -> Reading:
    """`reading` of one direction from the states `starts` (n, s) on, or from zero without them."""
    if starts is None:
        return reading
    given = starts if isinstance(starts, Tensor) else torch.from_numpy(np.array(starts))
    states, n = given.detach().to(reading.inputs.device, torch.float64), len(reading.inputs)
    if states.shape != (n, s):
        raise ValueError(
            f"`starts` must have shape ({n}, {s}), a whole state of `model` for each sequence,"
            f" got {tuple(states.shape)}"
        )
    if not bool(states.isfinite().all()):
        raise ValueError("`starts` must be finite, got a state with NaN or infinity")
    return replace(reading, starts=(states, None) if side == 0 else (None, states))


def _exponent_count(k: int | None, s: int) -> int:
    if k is None:
        return s
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or not 1 <= k <= s:
        raise ValueError(f"`k` must be an integer from 1 to {s}, the size of a state, got {k!r}")
    return int(k)


def _warmup_steps(warmup: int | None, shortest: int) -> int:
    if warmup is None:
        return shortest // 10
    whole = isinstance(warmup, int | np.integer) and not isinstance(warmup, bool)
    if not whole or not 0 <= warmup < shortest:
        raise ValueError(
            f"`warmup` must be an integer from 0 to {shortest - 1}, which leaves a step to each"
            f" trajectory: the shortest has {shortest}; got {warmup!r}"
        )
    return int(warmup)
