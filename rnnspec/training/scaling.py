r"""A weight over its radius or norm, and the gradient through both.

With :math:`q = \langle G, W\rangle` of gradient :math:`G = \sum_r u_r w_r^\top` and a factor
:math:`f(q) = c/q`, the map :math:`W \mapsto f(q(W))\,W` takes a cotangent g to

.. math:: f\,\big(g - \tfrac{1}{q}\langle g, W\rangle\,G\big),

and where the factor is held at 1 (clip, below the bound) to g itself.
"""

from __future__ import annotations

from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[Any]


class Scaled(torch.autograd.Function):
    """W f(q) of a stacked weight (g*h, h) and its gates' values q (g,), f at most 1 if `clip`.

    The zero matrix stays as it is.  The factors of G are `u` and `w`, shape (g, r, h).  The sums
    are compiled; numba is imported at the first call, so that only who normalises waits for it.
    """

    @staticmethod
    def forward(
        ctx: Any, W: Tensor, q: Array, u: Array, w: Array, bound: float, clip: bool
    ) -> Tensor:
        """The formula above, f = c / q."""
        from rnnspec.spectra.dominant.kernels import rescale

        weight = W.detach().cpu()
        out = torch.empty_like(weight)
        f, slope = rescale(weight.numpy(), q, bound, clip, out.numpy())
        ctx.save_for_backward(W)
        ctx.factors = f, slope, u, w
        return out.to(W.device)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        """The cotangent of W."""
        from rnnspec.spectra.dominant.kernels import pull_back

        (W,) = ctx.saved_tensors
        cotangent, weight = g.cpu().contiguous(), W.detach().cpu()
        out = torch.empty_like(cotangent)
        f, slope, u, w = ctx.factors
        pull_back(cotangent.numpy(), weight.numpy(), f, slope, u, w, out.numpy())
        return out.to(g.device), None, None, None, None, None
