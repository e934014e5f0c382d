r"""The experiment: kick the state in mid-sequence, follow both networks, and bound the growth.

.. math:: \delta_k \approx J_{t+k} \cdots J_{t+1}\, \delta_0,\qquad
          \|J_{t+k} \cdots J_{t+1}\| \le \prod_{j=1}^{k} \|J_{t+j}\|
"""

from __future__ import annotations

from math import e

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from rnnspec._checks import positive
from rnnspec.dynamics.growth import FiniteTimeGrowth
from rnnspec.dynamics.jacobian import jacobians_along
from rnnspec.dynamics.kicks import check_kick, compare_decisions, follow, has_one_matrix, unit_kicks
from rnnspec.dynamics.product_norms import log, log_norm_products, log_product_norms
from rnnspec.dynamics.trajectory import causal_cells
from rnnspec.models.reading import read_along
from rnnspec.models.sequences import Inputs
from rnnspec.spectra.kreiss import kreiss_constant

Array = NDArray[np.float64]


def finite_time_growth(
    model: nn.Module,
    inputs: Inputs,
    lengths: ArrayLike | Tensor | None = None,
    step: int = 0,
    *,
    kick: str = "worst",
    epsilon: float = 1e-6,
    seed: int = 0,
) -> FiniteTimeGrowth:
    r"""Kick the state before the input `step`, measure how the kick grows, and bound it.

    The state is moved by `epsilon`, and the moved and the unmoved network read the same further
    inputs.  The distance between them is measured, beside the product of the Jacobians and what the
    weights alone say.  Everything is computed in float64 from a copy of the weights.  So a kick of
    1e-6 is large beside rounding, and the model is not changed.

    Parameters
    ----------
    model : module
        A network that reads in one direction: a `SequenceClassifier`, or any module with one
        recurrent module inside.
    inputs : SequenceDataset, (n, t, d) array_like or tensor, or list of (t_i, d) arrays
        What `model` reads.
    lengths : (n,) array_like of int, optional
        True lengths of the sequences of an array or tensor; by default all have t steps.
    step : int, default 0
        Number of inputs that are read before the kick, from 0 to t - 1.  The row of a sequence
        that ends before that step is NaN.
    kick : {"worst", "random", "transient"}
        The unit vector along which a state is moved.  ``worst``: for each sequence the one that
        its product of Jacobians amplifies most, for the k at which it amplifies most; ``random``:
        uniform on the sphere, another for each sequence; ``transient``: the one that
        :math:`W^k` amplifies most, for the k at which :math:`\|W^k\|` is largest within the
        remaining steps, which needs one layer of the cell ``rnn``.
    epsilon : float, default 1e-6
        Euclidean size of the kick, in the state's own units.  A measured growth below
        1e-16 / epsilon is rounding.
    seed : int, default 0
        Seed of the random kicks.

    Returns
    -------
    FiniteTimeGrowth
        Natural logarithms of the growth and of its bounds, after each number of steps.

    Raises
    ------
    ValueError
        If `state_jacobians` raises one, or if the model is bidirectional, no sequence is longer
        than `step`, `epsilon` is not above 0, or `kick` is unknown or needs the cell ``rnn``.

    Warns
    -----
    ConvergenceWarning
        If `kreiss_constant` warns.

    See Also
    --------
    rnnspec.dynamics.jacobian_products : the products themselves, and in windows.
    rnnspec.transient_growth : the norms :math:`\|W^k\|` of a matrix alone.

    Notes
    -----
    In one layer of ``rnn``, :math:`\delta_{k+1} = D_k W \delta_k` exactly, where :math:`D_k` is
    diagonal with entries in (0, 1] by the mean value theorem.  Hence
    :math:`\|\delta_{k+1}\| \le \|W\|\,\|\delta_k\|`, and entry by entry
    :math:`|\delta_{k+1}| \le |W|\,|\delta_k|`: this proves `bound`.  In a gated cell the state
    also passes beside the recurrent matrices, multiplied by a gate, and the gates multiply one
    another: no gate's matrix alone bounds the growth.

    Cost O(s^3) for each sequence and step (a product and two norms), 8 n t s^2 bytes, and one
    Kreiss constant: for 360 sequences of 8 steps some 4 s with s = 64, 17 s with 128.

    References
    ----------
    .. [1] L. N. Trefethen and M. Embree, Spectra and Pseudospectra (2005), ch. 16, 18.

    Examples
    --------
    At rest every Jacobian is W: `linear` is the logarithm of ``||W^k||``, and `product` that of
    ``||W||^k``:

    >>> rnn = nn.RNN(1, 2, bias=False)
    >>> _ = rnn.weight_hh_l0.data.copy_(Tensor([[0.0, 4.0], [0.0, 0.0]]))
    >>> growth = finite_time_growth(rnn, np.zeros((1, 3, 1)))
    >>> np.exp(growth.linear).round(9).tolist(), np.exp(growth.product).round(9).tolist()
    ([[1.0, 4.0, 0.0, 0.0]], [[1.0, 4.0, 16.0, 64.0]])
    """
    positive(epsilon, "epsilon")
    reading = read_along(model, inputs, lengths)
    cells = causal_cells(reading.cells)
    check_kick(kick, cells)
    _check_step(step, int(reading.lengths.max()))
    J = jacobians_along(reading, range(step, reading.inputs.shape[1]))
    linear, worst = log_product_norms(J)
    A = cells[0].W[0].cpu().numpy() if has_one_matrix(cells) else np.nanmean(J, axis=(0, 1))
    delta = epsilon * unit_kicks(kick, worst, A, J.shape[1], seed)
    sizes, kicked, unmoved = follow(reading.simulate(), step, delta)
    changed = compare_decisions(model, kicked, unmoved)
    K = kreiss_constant(A)
    return FiniteTimeGrowth(
        step=step,
        epsilon=epsilon,
        linear=linear,
        measured=np.where(np.isnan(linear), np.nan, log(sizes / epsilon)),
        product=log_norm_products(J),
        bound=_bound(A, J.shape[1]) if has_one_matrix(cells) else None,
        reference="W" if has_one_matrix(cells) else "mean Jacobian",
        powers=_log_power_norms(A, J.shape[1]),
        kreiss_lower=float(np.log(K.lower)),
        kreiss_upper=float(np.log(e * len(A) * K.upper)),
        changed=None if changed is None else changed & ~np.isnan(linear[:, 0]),
    )


def _check_step(step: int, longest: int) -> None:
    if isinstance(step, bool) or not isinstance(step, int | np.integer) or not 0 <= step < longest:
        raise ValueError(
            "`step` must be an integer that leaves an input to read, from 0 to"
            f" {longest - 1}, got {step!r}"
        )


def _log_power_norms(A: Array, steps: int) -> Array:
    r"""Logarithms of :math:`\|A^k\|`, k = 0 .. steps."""
    log_norms, _ = log_product_norms(np.broadcast_to(A, (1, steps, *A.shape)))
    powers: Array = log_norms[0]
    return powers


def _bound(W: Array, steps: int) -> Array:
    """Upper bound on the logarithm of every ``||D_k W ... D_1 W||``, D_j diagonal in [0, 1]."""
    copies = np.broadcast_to(W, (1, steps, *W.shape))
    bound: Array = np.minimum(log_norm_products(copies)[0], _log_power_norms(np.abs(W), steps))
    return bound
