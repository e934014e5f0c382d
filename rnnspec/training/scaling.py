r"""A weight over its radius or norm, and the gradient through both.

With :math:`q = \langle G, W\rangle` of gradient :math:`G = \sum_r u_r w_r^\top` and a factor
:math:`f(q) = c/q`, the map :math:`W \mapsto f(q(W))\,W` takes a cotangent g to

.. math:: f\,\big(g - \tfrac{1}{q}\langle g, W\rangle\,G\big),

and where the factor is held at 1 (clip, below the bound) to g itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[Any]


class Scaled(torch.autograd.Function):
    """W f(q) of a stacked weight (g*h, h) and its gates' values q (g,), f at most 1 if `clip`.

    The zero matrix stays as it is.  The factors of G are `u` and `w`, shape (g, r, h).
    """

    @staticmethod
    def forward(
        ctx: Any, W: Tensor, q: Array, u: Array, w: Array, bound: float, clip: bool
    ) -> Tensor:
        """The formula above, f = c / q."""
        held = (q == 0) | (clip & (q <= bound))
        over = np.where(held, 1.0, q)
        f = np.where(held, 1.0, bound / over)
        slope = np.where(held, 0.0, f / over)
        factors = [torch.from_numpy(x).to(W) for x in (f, slope[:, None, None] * u, w)]
        ctx.save_for_backward(W, *factors)
        gates = W.view(len(q), -1, W.shape[1])
        return (factors[0][:, None, None] * gates).view_as(W)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        """The cotangent of W."""
        W, f, u, w = ctx.saved_tensors
        gates = g.reshape(len(f), -1, W.shape[1])
        inner = (gates * W.view_as(gates)).sum((1, 2))
        out = torch.baddbmm(f[:, None, None] * gates, (inner[:, None, None] * u).mT, w, alpha=-1)
        return out.view_as(W), None, None, None, None, None
