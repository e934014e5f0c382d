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

from rnnspec.spectra.dominant.squaring import jit

# numba's cache looks only at this file
# compiled in: squaring e8055cdb

Array = NDArray[Any]


class Scaled(torch.autograd.Function):
    """W f(q) of a stacked weight (g*h, h) and its gates' values q (g,), f at most 1 if `clip`."""

    @staticmethod
    def forward(
        ctx: Any, W: Tensor, q: Array, u: Array, w: Array, bound: float, clip: bool
    ) -> Tensor:
        """The formula above: f = c / q, and the zero matrix stays."""
        weight = W.detach().cpu()
        out = torch.empty_like(weight)
        f, slope = rescale(weight.numpy(), q, bound, clip, out.numpy())
        ctx.save_for_backward(W)
        ctx.factors = f, slope, u, w
        return out.to(W.device)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        """The cotangent of W."""
        (W,) = ctx.saved_tensors
        cotangent, weight = g.cpu().contiguous(), W.detach().cpu()
        out = torch.empty_like(cotangent)
        f, slope, u, w = ctx.factors
        pull_back(cotangent.numpy(), weight.numpy(), f, slope, u, w, out.numpy())
        return out.to(g.device), None, None, None, None, None


@jit
def rescale(W, q, bound, clip, out):
    """Fill `out` with W f; return the factors f and their slopes f / q, 0 where f is held."""
    n = W.shape[1]
    f, slope = np.ones(len(q)), np.zeros(len(q))
    for k in range(len(q)):
        if q[k] != 0 and not (clip and q[k] <= bound):
            f[k] = bound / q[k]
            slope[k] = f[k] / q[k]
        factor = W.dtype.type(f[k])
        for i in range(k * n, k * n + n):
            for j in range(n):
                out[i, j] = factor * W[i, j]
    return f, slope


@jit
def pull_back(g, W, f, slope, u, w, out):
    """Fill `out` with the cotangent of W, in one pass: each library call would cost as much."""
    n, last = g.shape[1], u.shape[1] - 1  # one row, or real and imaginary part
    real, imaginary = np.zeros(n, g.dtype), np.zeros(n, g.dtype)
    for k in range(len(f)):
        inner = g[0, 0] * 0
        for i in range(k * n, k * n + n):
            for j in range(n):
                inner += g[i, j] * W[i, j]
        for j in range(n):
            real[j], imaginary[j] = w[k, 0, j], w[k, last, j]
        factor = g.dtype.type(f[k])
        for i in range(n):
            row = k * n + i
            a = g.dtype.type(slope[k] * inner * u[k, 0, i])
            b = g.dtype.type(slope[k] * inner * u[k, last, i] * last)
            for j in range(n):
                out[row, j] = factor * g[row, j] - a * real[j] - b * imaginary[j]
