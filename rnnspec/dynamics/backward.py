r"""The gradient of the loss in the last state, and its norms on the way back through time.

.. math:: v_T = \frac{\partial \ell}{\partial s_T},\qquad v_{t-1} = J_t^T v_t
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import one_hot

from rnnspec.dynamics.product_norms import log
from rnnspec.models.call import evaluation_mode
from rnnspec.models.classifier import SequenceClassifier
from rnnspec.models.motion import Motion

Array = NDArray[np.float64]


@torch.no_grad()
def gradient_in_last_state(
    model: SequenceClassifier, motion: Motion, lengths: Tensor, labels: Tensor, side: int
) -> Array:
    r"""The gradient (n, s) in the last state.

    It is :math:`A^T (\mathrm{softmax}(y) - e_k)` in the h of the topmost layer, where y = A h + b
    are the logits and e_k is the unit vector of the true class, and 0 elsewhere.
    """
    with evaluation_mode(model):
        A, b = model.readout.weight.double(), model.readout.bias.double()
    rows, h = torch.arange(len(lengths), device=lengths.device), model.hidden
    ends = (lengths - 1, torch.zeros_like(lengths))  # where each direction has read all
    read = [states[-1][rows, ends[k], :h] for k, states in enumerate(motion.after)]
    y = torch.cat(read, dim=1) @ A.T + b
    in_h = (torch.softmax(y, dim=1) - one_hot(labels, model.n_classes)) @ A
    v = in_h.new_zeros(len(in_h), sum(cell.state_size for cell in motion.cells[side]))
    top = v.shape[1] - motion.cells[side][-1].state_size
    v[:, top : top + h] = in_h[:, side * h : (side + 1) * h]
    result: Array = v.cpu().numpy()
    return result


def log_norms_back(J: Array, v: Array, lengths: NDArray[np.int64], *, reverse: bool) -> Array:
    """Logarithms (n, t) of the gradient's norms, from v in the last state back to the first."""
    n, t, _, _ = J.shape
    log_norms, scale = np.full((n, t), np.nan), np.zeros(n)
    last = np.zeros(n, dtype=int) if reverse else lengths - 1
    back = 1 if reverse else -1
    for now in range(t)[::back]:
        real = now < lengths
        pulled = real & (now != last)
        if pulled.any():
            v[pulled] = np.einsum("nji,nj->ni", J[pulled, now - back], v[pulled])
        size = np.linalg.norm(v, axis=1)
        log_norms[real, now] = (scale + log(size))[real]
        size = np.where(real & (size > 0), size, 1.0)
        v, scale = v / size[:, None], scale + log(size)
    return log_norms
