r"""The gradient of the loss in the state, back through time.

.. math:: v_{t-1} = J_t^T v_t,\qquad v_t = \frac{\partial \ell}{\partial s_t},\qquad
          v_T = \frac{\partial \ell}{\partial s_T}

Its size decides what can be learnt from a step: where it vanishes, nothing is learnt from the
inputs before; where it explodes, an update of the weights is of arbitrary size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from rnnspec._result import Result
from rnnspec.dynamics.backward import gradient_in_last_state, log_norms_back
from rnnspec.dynamics.jacobian import jacobians_along
from rnnspec.dynamics.quantiles import LEVELS, step_quantiles
from rnnspec.dynamics.trajectory import one_direction
from rnnspec.models.call import unwrap
from rnnspec.models.classifier import SequenceClassifier
from rnnspec.models.formula import has_known_formula
from rnnspec.models.reading import read_along
from rnnspec.models.sequences import Inputs

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class GradientProfile(Result):
    r"""Sizes of the loss's gradient in the state at each step.

    Attributes
    ----------
    log_norms : array, shape (n, t)
        Natural logarithms of :math:`\|\partial \ell / \partial s_t\|_2`, where s_t is the whole
        state after the input t: all layers, (h, c) of an LSTM.  NaN at padded steps; -inf where the
        gradient is zero.
    levels : array, shape (q,)
        The levels of the quantiles.
    quantiles : array, shape (q, t)
        Quantiles of `log_norms` over the sequences that reach a step.
    direction : {"forward", "reverse"}
        The direction in which the network reads: for ``forward`` the gradient goes back from the
        last step to the first.
    """

    log_norms: Array
    levels: Array
    quantiles: Array
    direction: str

    @property
    def norms(self) -> Array:
        r"""The sizes :math:`\|\partial \ell / \partial s_t\|_2`, shape (n, t).

        A size below the smallest floating-point number is 0.
        """
        with np.errstate(over="ignore", under="ignore"):
            return np.asarray(np.exp(self.log_norms))


def gradient_profile(
    model: nn.Module,
    inputs: Inputs,
    labels: ArrayLike | Tensor | None = None,
    lengths: ArrayLike | Tensor | None = None,
    direction: str | None = None,
    levels: Sequence[float] = LEVELS,
) -> GradientProfile:
    r"""Sizes of the gradient :math:`\partial \ell / \partial s_t` of each sequence's cross-entropy.

    Parameters
    ----------
    model : SequenceClassifier
        Of any cell and number of layers.
    inputs : SequenceDataset, (n, t, d) array_like or tensor, or list of (t_i, d) arrays
        What `model` reads.
    labels : (n,) array_like of int, optional
        The true classes, from 0 to k - 1; by default those of a SequenceDataset.
    lengths : (n,) array_like of int, optional
        True lengths of the sequences of an array or tensor; by default all have t steps.
    direction : {"forward", "reverse"}, optional
        Required for a bidirectional network, which must have one layer: a layer above reads both
        directions, so that no chain of one direction's Jacobians holds the whole gradient.
    levels : sequence of float
        Levels of the quantiles over sequences.

    Returns
    -------
    GradientProfile

    Raises
    ------
    ValueError
        If `state_jacobians` raises one, or if the model is no `SequenceClassifier` or has several
        layers in two directions, the labels do not fit, or the levels do not increase from 0 to 1.

    Notes
    -----
    The gradient is exact: Jacobians in closed form in float64 carry it back, and it is rescaled at
    each step so that nothing overflows or vanishes.  Cost O(s^2) for each sequence and step beside
    the Jacobians, which take 8 n t s^2 bytes.

    References
    ----------
    .. [1] Y. Bengio, P. Simard and P. Frasconi, IEEE Trans. Neural Networks 5 (1994), 157-166.
    .. [2] R. Pascanu, T. Mikolov and Y. Bengio, ICML (2013), section 2.

    Examples
    --------
    >>> model = SequenceClassifier("rnn", 1, 2, hidden=4, init="identity")
    >>> profile = gradient_profile(model, np.zeros((1, 3, 1)), [0])  # at rest, where J = I
    >>> profile.norms.shape, bool(np.ptp(profile.log_norms) < 1e-12)
    ((1, 3), True)
    """
    model = unwrap(model) if isinstance(model, nn.Module) else model
    if not isinstance(model, SequenceClassifier) or not has_known_formula(model):
        raise ValueError(
            "`model` must be a rnnspec.SequenceClassifier, whose loss is known,"
            f" got {type(model).__name__} (with a forward or hooks of its own?)"
        )
    reading = read_along(model, inputs, lengths)
    cells, true_lengths = reading.cells, reading.lengths
    side = one_direction(cells, direction)
    if len(cells) > 1 and len(cells[0]) > 1:
        raise ValueError(
            "`model` must have one layer if it is bidirectional, because the layers above read both"
            f" directions; got {len(cells[0])} layers"
        )
    labels = getattr(inputs, "labels", None) if labels is None else labels
    classes = _class_numbers(labels, len(reading), model.n_classes).to(true_lengths.device)
    v = gradient_in_last_state(model, reading.simulate(), true_lengths, classes, side)
    J = jacobians_along(reading, direction=direction)
    log_norms = log_norms_back(J, v, true_lengths.cpu().numpy(), reverse=side == 1)
    name = direction or "forward"
    quantiles = step_quantiles(log_norms, levels)
    return GradientProfile(log_norms, np.asarray(levels, np.float64), quantiles, name)


def _class_numbers(labels: ArrayLike | Tensor | None, n: int, k: int) -> Tensor:
    if labels is None:
        raise ValueError(
            "`labels` must be given unless `inputs` is a SequenceDataset, which has them:"
            " without the true classes there is no loss"
        )
    classes = labels.cpu().numpy() if isinstance(labels, Tensor) else np.asarray(labels)
    if classes.shape != (n,) or not np.issubdtype(classes.dtype, np.integer):
        raise ValueError(
            f"`labels` must be {n} integers, one for each sequence,"
            f" got shape {classes.shape} of {classes.dtype}"
        )
    if classes.min() < 0 or classes.max() >= k:
        raise ValueError(
            f"`labels` must be from 0 to {k - 1}, got {classes.min()} to {classes.max()}"
        )
    return torch.from_numpy(classes.astype(np.int64))
