r"""A weight over its radius or norm, and the gradient through both.

With :math:`q = \langle G, W\rangle` of gradient :math:`G = \sum_r u_r w_r^\top` and a factor
:math:`f(q) = c/q`, the map :math:`W \mapsto f(q(W))\,W` takes a cotangent g to

.. math:: f\,\big(g - \tfrac{1}{q}\langle g, W\rangle\,G\big),

and where the factor is held at 1 (clip, below the bound) to g itself.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnnspec.spectra.squaring import jit

Array = NDArray[Any]


class Scaled(torch.autograd.Function):
    """W f of a stack (g, h, h), with the factors f (g,) and slopes f / q (g,) given."""

    @staticmethod
    def forward(ctx: Any, W: Tensor, f: Array, slope: Array, u: Array, w: Array) -> Tensor:
        """``W f``."""
        ctx.save_for_backward(W)
        ctx.factors = f, slope, u, w
        return W * torch.from_numpy(f).to(W)[:, None, None]

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        """The cotangent of W."""
        cotangent, weight = (x.detach().cpu().contiguous() for x in (g, *ctx.saved_tensors))
        out = torch.empty_like(cotangent)
        f, slope, u, w = ctx.factors
        pull_back(cotangent.numpy(), weight.numpy(), f, slope, u, w, out.numpy())
        return out.to(g.device), None, None, None, None


def scaling(
    q: Array,  # shape: (g,)
    bound: float,
    *,
    clip: bool,
) -> tuple[Array, Array]:
    """Factors f = c / q, no more than 1 if `clip`, and slopes f / q; the zero matrix stays.

    Examples
    --------
    >>> scaling(np.array([4.0, 0.5]), 1.0, clip=True)
    (array([0.25, 1.  ]), array([0.0625, 0.    ]))
    """
    zero = q == 0
    f = np.where(zero, 1.0, bound / np.where(zero, 1.0, q))
    acts = (f < 1) if clip else ~zero
    f = np.where(acts | np.isnan(f), f, 1.0)
    return f, np.where(acts, f / np.where(zero, 1.0, q), 0.0)


@jit
def pull_back(g, W, f, slope, u, w, out):
    """Fill `out` by the formula above, in one pass: each library call would cost as much."""
    n, last = g.shape[1], u.shape[1] - 1  # one row, or real and imaginary part
    real, imaginary = np.zeros(n, g.dtype), np.zeros(n, g.dtype)
    for k in range(len(g)):
        inner = g[k, 0, 0] * 0
        for i in range(n):
            for j in range(n):
                inner += g[k, i, j] * W[k, i, j]
        for j in range(n):
            real[j], imaginary[j] = w[k, 0, j], w[k, last, j]
        factor = g.dtype.type(f[k])
        for i in range(n):
            a = g.dtype.type(slope[k] * inner * u[k, 0, i])
            b = g.dtype.type(slope[k] * inner * u[k, last, i] * last)
            for j in range(n):
                out[k, i, j] = factor * g[k, i, j] - a * real[j] - b * imaginary[j]
