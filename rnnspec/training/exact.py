"""Exact radii and norms by LAPACK: errors of estimates, and what a training reports."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rnnspec.models.call import evaluation_mode
from rnnspec.spectra.dominant.estimate import exact_pair
from rnnspec.training.normalized_weights import (
    normalization_on,
    recurrent_weights,
    weight_before,
)


def exact_values(W: Tensor, quantity: str, *, double: bool = True) -> Tensor:
    """Spectral radius or norm of each matrix in a stack of shape (..., h, h), by LAPACK."""
    A = W.detach().double() if double else W.detach()
    if not A.isfinite().all():
        return A.new_full(A.shape[:-2], torch.nan)
    values = torch.linalg.svdvals(A) if quantity == "norm" else torch.linalg.eigvals(A).abs()
    largest: Tensor = values.amax(-1)
    return largest


@torch.no_grad()
def use_exact_values(module: nn.Module) -> float | None:
    """Put every normalisation on its exact value until training goes on.

    The network that is validated is then the one that `bake` leaves.  The result is the largest
    relative error, over all gates, of the estimates that training made; None if nothing is
    normalised.
    """
    errors = []
    for recurrent, name in recurrent_weights(module):
        normalization = normalization_on(recurrent, name)
        if normalization is not None:
            W = weight_before(recurrent, name).view(normalization.shape)
            estimate = torch.from_numpy(normalization.advance(W))
            exact, u, w = exact_pair(W.double(), normalization.normalize.quantity)
            normalization.hold(u.cpu().numpy(), w.cpu().numpy())
            exact = exact.cpu()
            errors.append(((estimate - exact).abs() / exact.clamp_min(1e-30)).max().item())
    return max(errors, default=None)


@torch.no_grad()
def largest_radius(module: nn.Module) -> float:
    """Largest spectral radius of the recurrent matrices, as the network uses them."""
    with evaluation_mode(module):
        radii = [
            exact_values(getattr(recurrent, name).view(-1, h, h), "radius", double=False).max()
            for recurrent, name in recurrent_weights(module)
            for h in [recurrent.hidden_size]
        ]
    return max(radius.item() for radius in radii)
