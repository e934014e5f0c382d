r"""Growth of a small change of the state along data, measured and bounded.

.. math:: \delta_k \approx J_{t+k} \cdots J_{t+1}\, \delta_0,\qquad
          \|J_{t+k} \cdots J_{t+1}\| \le \prod_{j=1}^{k} \|J_{t+j}\|
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import e

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from rnnspec._checks import one_of, positive, seed_number
from rnnspec.dynamics.jacobian import jacobians_along
from rnnspec.dynamics.product_norms import log, log_norm_products, log_product_norms
from rnnspec.dynamics.quantiles import step_quantiles
from rnnspec.models.motion import Motion
from rnnspec.models.reading import read_along
from rnnspec.models.stack import stack_step
from rnnspec.spectra.kreiss import kreiss_constant

Array = NDArray[np.float64]
KICKS = ("worst", "random")


@dataclass(frozen=True, eq=False)
class FiniteTimeGrowth:
    r"""Natural logarithms of growth over k = 0 .. t - `step` steps.

    Attributes
    ----------
    step : int
        Inputs read before the kick.
    epsilon : float
        Euclidean size of the kick, :math:`\|\delta_0\|`.
    linear : (n, t - step + 1) array
        :math:`\log \|J_{t+k} \cdots J_{t+1}\|_2`: the most that an infinitesimal kick can grow.
        NaN beyond a sequence's true length.
    measured : (n, t - step + 1) array
        :math:`\log (\|\delta_k\| / \epsilon)` of the kicked network itself.
    product : (n, t - step + 1) array
        :math:`\sum_j \log \|J_{t+j}\|_2`.  Proved above `linear` for every cell; above `measured`
        only to first order in `epsilon`.
    bound : (t - step + 1,) array or None
        :math:`\log \min(\|W\|^k, \|\,|W|^k\|)`, \|W\| the matrix of absolute values.  Proved above
        `linear` and `measured` for every sequence and kick.  Only one layer of the cell ``rnn``
        has it.
    reference : str
        Of which matrix A the next three speak: ``W`` for one layer of ``rnn``, else
        ``mean Jacobian``, over the sequences and their steps from `step` on.  They bound one
        another, and nothing along data, where no two Jacobians are alike.
    powers : (t - step + 1,) array
        :math:`\log \|A^k\|`.
    kreiss_lower, kreiss_upper : float
        :math:`\log K(A) \le \sup_k \log \|A^k\| \le \log(e\,s\,K(A))`, the Kreiss matrix theorem;
        inf if A is unstable.
    """

    step: int
    epsilon: float
    linear: Array  # shape: (n, t - step + 1)
    measured: Array  # shape: (n, t - step + 1)
    product: Array  # shape: (n, t - step + 1)
    bound: Array | None
    reference: str
    powers: Array  # shape: (t - step + 1,)
    kreiss_lower: float
    kreiss_upper: float

    def quantiles(self, levels: Sequence[float]) -> dict[str, Array]:
        """(q, t - step + 1) quantiles over sequences of `product`, `linear` and `measured`."""
        return {
            name: step_quantiles(getattr(self, name), levels)
            for name in ("product", "linear", "measured")
        }


def finite_time_growth(
    model: nn.Module,
    inputs: ArrayLike | Tensor,
    lengths: ArrayLike | Tensor | None = None,
    step: int = 0,
    *,
    kick: str = "worst",
    epsilon: float = 1e-6,
    seed: int = 0,
) -> FiniteTimeGrowth:
    r"""Growth from `step` on: of the product of Jacobians, of a real kick, and what bounds them.

    Parameters
    ----------
    model : module
        That reads in one direction; a `SequenceClassifier`, or any module with one recurrent
        module inside.
    inputs : (n, t, d) array_like or tensor
    lengths : (n,) array_like of int, optional
        True lengths; default: all t.
    step : int, default 0
        Inputs read before the state is kicked, from 0 to t - 1.  The rows of sequences that end
        before are NaN.
    kick : {"worst", "random"}
        For each sequence the direction that its product amplifies most, for the k at which it
        amplifies most; or one uniform on the sphere.
    epsilon : float, default 1e-6
        Size of the kick, in the state's own units.  A measured growth below 1e-16 / epsilon is
        rounding.
    seed : int, default 0
        Of the random direction.

    Returns
    -------
    FiniteTimeGrowth

    Raises
    ------
    ValueError
        As `state_jacobians`, and if the model is bidirectional, no sequence is longer than
        `step`, `epsilon` is not above 0, or `kick` is unknown.

    Warns
    -----
    ConvergenceWarning
        As `kreiss_constant`.

    See Also
    --------
    rnnspec.dynamics.jacobian_products : the products themselves, and in windows.

    Notes
    -----
    In one layer of ``rnn``, :math:`J_t = D_t W` with D diagonal and entries in (0, 1]; hence
    `bound`.  Cost O(s^3) a sequence and step (a product and two norms), 8 n t s^2 bytes, and one
    Kreiss constant: for 360 sequences of 8 steps some 4 s with s = 64, 17 s with 128.

    References
    ----------
    .. [1] L. N. Trefethen and M. Embree, Spectra and Pseudospectra (2005), ch. 16, 18.

    Examples
    --------
    >>> rnn = nn.RNN(1, 2, bias=False)
    >>> with torch.no_grad():
    ...     _ = rnn.weight_hh_l0.copy_(torch.tensor([[0.0, 4.0], [0.0, 0.0]]))
    >>> growth = finite_time_growth(rnn, np.zeros((1, 3, 1)))  # at rest, where J = W
    >>> np.exp(growth.linear).round(9).tolist(), np.exp(growth.product).round(9).tolist()
    ([[1.0, 4.0, 0.0, 0.0]], [[1.0, 4.0, 16.0, 64.0]])
    """
    one_of(kick, "kick", KICKS)
    positive(epsilon, "epsilon")
    reading = read_along(model, inputs, lengths)
    cells = reading.cells
    if len(cells) > 1:
        raise ValueError("`model` must read in one direction: of two, one reads before the kick")
    _check_step(step, int(reading.lengths.max()))
    J = jacobians_along(reading, range(step, reading.inputs.shape[1]))
    linear, delta = log_product_norms(J)
    if kick == "random":
        delta = np.random.default_rng(seed_number(seed)).standard_normal(delta.shape)
        delta /= np.linalg.norm(delta, axis=1, keepdims=True)
    measured = log(_distances(reading.simulate(), step, epsilon * delta) / epsilon)
    is_rnn = len(cells[0]) == 1 and cells[0][0].kind == "rnn"
    A = cells[0][0].W[0].cpu().numpy() if is_rnn else np.nanmean(J, axis=(0, 1))
    K = kreiss_constant(A)
    return FiniteTimeGrowth(
        step=step,
        epsilon=epsilon,
        linear=linear,
        measured=np.where(np.isnan(linear), np.nan, measured),
        product=log_norm_products(J),
        bound=_bound(A, J.shape[1]) if is_rnn else None,
        reference="W" if is_rnn else "mean Jacobian",
        powers=_powers(A, J.shape[1]),
        kreiss_lower=float(np.log(K.lower)),
        kreiss_upper=float(np.log(e * len(A) * K.upper)),
    )


def _check_step(step: int, longest: int) -> None:
    if isinstance(step, bool) or not isinstance(step, int | np.integer) or not 0 <= step < longest:
        raise ValueError(
            "`step` must be an integer that leaves an input to read, from 0 to"
            f" {longest - 1}, got {step!r}"
        )


def _powers(A: Array, steps: int) -> Array:
    r"""Logarithms of :math:`\|A^k\|`, k = 0 .. steps."""
    log_norms, _ = log_product_norms(np.broadcast_to(A, (1, steps, *A.shape)))
    powers: Array = log_norms[0]
    return powers


def _bound(W: Array, steps: int) -> Array:
    """Of every product D_k W ... D_1 W with diagonal D_j between 0 and 1."""
    copies = np.broadcast_to(W, (1, steps, *W.shape))
    bound: Array = np.minimum(log_norm_products(copies)[0], _powers(np.abs(W), steps))
    return bound


@torch.no_grad()
def _distances(motion: Motion, step: int, delta: Array) -> Array:
    """(n, t - step + 1) distances between the states that were moved by `delta` and the others."""
    (cells,) = motion.cells
    states = torch.cat(motion.before[0], dim=2)[:, step]
    kicked = states + torch.from_numpy(delta).to(states)
    apart = [(kicked - states).norm(dim=1)]
    for now in range(step, motion.real.shape[1]):
        x = motion.read[0][0][:, now]
        states, kicked = stack_step(cells, x, states), stack_step(cells, x, kicked)
        apart.append((kicked - states).norm(dim=1))
    distances: Array = torch.stack(apart, dim=1).cpu().numpy()
    return distances
