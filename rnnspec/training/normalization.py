r"""Spectral normalisation of recurrent matrices while they train.

A recurrent weight W enters the network as

.. math:: \hat W = W \min(1, c/q(W)) \quad\text{(clip)}, \qquad
          \hat W = W\, c/q(W) \quad\text{(scale)}

with q either the spectral radius :math:`\rho` or the spectral norm
:math:`\|W\|_2`, for each gate by itself, and c the bound.  The two are not the
same: :math:`\rho \le \|W\|_2`, with equality for normal W only.  Bounding the
radius makes the linear recurrence stable; only bounding the norm makes it a
contraction.

q is estimated anew in each training step from a block of vectors that is kept
from step to step, and gradients flow through it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from rnnspec._checks import one_of, positive
from rnnspec.models.gates import n_gates
from rnnspec.spectra.dominant import (
    dominant_blocks,
    exact_pair,
    locally_optimal_basis,
    orthonormal,
    pairing,
    power_step,
    ritz_pair,
    singular_pair,
)
from rnnspec.training.config import DEFAULTS, ESTIMATORS, MODES, QUANTITIES


@dataclass(frozen=True)
class Normalize:
    """How recurrent matrices are normalised.

    Parameters
    ----------
    quantity : {"radius", "norm"}
        Spectral radius or spectral norm (largest singular value) of each gate.
    bound : float, default 1.0
    estimator : {"rayleigh", "power", "exact"}
        ``rayleigh``: for the norm, a step of the locally optimal block method; for
        the radius, two-sided Rayleigh-Ritz on the spaces of the dominant
        eigenvalues, which are taken anew from a dense decomposition when W has
        moved by 0.03 %, above n = 64 at most every (n^2 - 64^2)/512 steps.
        ``power``: one step of the block power method per training step, one-sided
        Ritz values; its gradient of the radius, too, takes the right vector for the
        left one, which is right for normal matrices only: for study.
        ``exact``: LAPACK in each step.
    mode : {"clip", "scale"}
        ``clip`` leaves a matrix below the bound alone; ``scale`` puts it on the
        bound.
    block : int, default 8
        Vectors in the block.  1 is the single-vector power method of the
        literature, which does not converge where the dominant pair is complex.

    Examples
    --------
    >>> Normalize("radius", bound=0.95).estimator
    'rayleigh'
    """

    quantity: str
    bound: float = DEFAULTS.bound
    estimator: str = DEFAULTS.estimator
    mode: str = DEFAULTS.normalize_mode
    block: int = DEFAULTS.block

    def __post_init__(self) -> None:
        one_of(self.quantity, "quantity", QUANTITIES)
        one_of(self.estimator, "estimator", ESTIMATORS)
        one_of(self.mode, "mode", MODES)
        positive(self.bound, "bound")
        if self.block < 1:
            raise ValueError(f"`block` must be at least 1, got {self.block}")


class _Scaled(torch.autograd.Function):
    r"""W f(q(W)) for q = <G, W>, G = sum_r u_r w_r^T.

    With f(q) = c/q the derivative takes a cotangent g to
    :math:`f\,(g - \langle g, W\rangle\, G / q)`.
    """

    @staticmethod
    def forward(
        ctx: Any, W: Tensor, q: Tensor, u: Tensor, w: Tensor, normalize: Normalize
    ) -> Tensor:
        factor = torch.where(q == 0, 1.0, normalize.bound / q)  # the zero matrix stays
        if normalize.mode == "clip":
            factor = factor.clamp_max(1.0)
        ctx.save_for_backward(W, q, u, w, factor)
        ctx.clip = normalize.mode == "clip"
        return W * factor[:, None, None]

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        W, q, u, w, factor = ctx.saved_tensors
        acts = (factor < 1) if ctx.clip else (q != 0)
        slope = torch.where(acts, factor / q, 0.0)
        through = slope * torch.linalg.vecdot(g.flatten(1), W.flatten(1))
        own = g * factor[:, None, None]
        return own.baddbmm_(u.mT, through[:, None, None] * w, alpha=-1), *[None] * 4


class SpectralNormalization(nn.Module):
    """The map from a stacked recurrent weight (g*h, h) to its normalised form."""

    DRIFT = 3e-4  # relative change of W after which tracked eigenspaces are taken anew

    right: Tensor  # shape: (g, b, h), the block
    left: Tensor  # shape: (g, b, h), its left twin, or (norm) the last step it made
    u: Tensor  # shape: (g, 1, h) or (g, 2, h), factors of the gradient in use
    w: Tensor
    anchor: Tensor  # shape: (g, h, h), W when its eigenspaces were last taken
    wait: Tensor  # steps until they may be taken anew

    def __init__(self, weight: Tensor, gates: int, normalize: Normalize) -> None:
        super().__init__()
        h = weight.shape[1]
        self.normalize, self.shape = normalize, (gates, h, h)
        generator = torch.Generator().manual_seed(h)
        start = torch.randn(gates, min(normalize.block, h), h, generator=generator).to(weight)
        W = weight.detach().view(self.shape)
        self.register_buffer("right", orthonormal(start))
        self.register_buffer("left", torch.zeros_like(start))
        self.register_buffer("u", start[:, :1])
        self.register_buffer("w", start[:, :1])
        self.register_buffer("anchor", torch.full_like(W, torch.inf))
        self.register_buffer("wait", torch.zeros((), dtype=torch.int64))
        self.advance(W)

    def forward(self, weight: Tensor) -> Tensor:
        """Normalise; in training mode the estimator moves on by a step first."""
        W = weight.view(self.shape)
        q = self.advance(W.detach()) if self.training else self.estimate(W.detach())
        scaled: Tensor = _Scaled.apply(W, q, self.u, self.w, self.normalize)  # type: ignore[no-untyped-call]
        return scaled.view_as(weight)

    def right_inverse(self, weight: Tensor) -> Tensor:
        """The unnormalised weight that is trained starts as the given one."""
        return weight

    def estimate(self, W: Tensor) -> Tensor:
        """Radius or norm of each gate of `W`, shape (g,), by the present vectors."""
        q: Tensor = pairing(W, self.u, self.w)
        return q

    @torch.no_grad()
    def advance(self, W: Tensor) -> Tensor:
        """One step of the estimator: its value q (g,), and new factors u, w; NaN if W overflows."""
        try:
            return self._advance(W)
        except (np.linalg.LinAlgError, RuntimeError):  # torch's own are RuntimeErrors
            if W.norm() < 1e15:
                raise
            return W.new_full(W.shape[:1], torch.nan)

    def _advance(self, W: Tensor) -> Tensor:
        quantity, estimator = self.normalize.quantity, self.normalize.estimator
        if estimator == "exact":
            q, self.u, self.w = exact_pair(W, quantity)
        elif quantity == "norm":
            q, self.u, self.w = self._norm(W, estimator)
        elif self.normalize.block == 1:
            q, self.u, self.w = self._single_vector(W, estimator)
        elif estimator == "power":
            self.right = power_step(W, self.right)
            q, self.u, self.w = _small(ritz_pair, W, self.right)
        else:
            q, self.u, self.w = self._eigenspaces(W)
        value: Tensor = q
        return value

    def _norm(self, W: Tensor, estimator: str) -> tuple[Tensor, Tensor, Tensor]:
        """Block power method on W^T W, or its locally optimal form."""
        V, P = self.right, self.left
        if estimator == "power":
            q, u, w, _ = singular_pair(W, V)
            self.right = power_step(W.mT, V @ W.mT)
        else:
            b, basis = V.shape[1], locally_optimal_basis(W, V, P)
            q, u, w, S = singular_pair(W, basis)
            self.right = S[:, -b:] @ basis
            self.left = S[:, -b:, b:] @ basis[:, b:]  # the part of it that is not in V
        return q, u, w

    def _single_vector(self, W: Tensor, estimator: str) -> tuple[Tensor, Tensor, Tensor]:
        """The textbook iteration: read its growth (power) or Rayleigh quotient."""
        v = self.right
        y = v @ W.mT
        growth = y / y.norm(dim=-1, keepdim=True).clamp_min(torch.finfo(W.dtype).tiny)
        sign = torch.where((v * y).sum(-1, keepdim=True) < 0, -1.0, 1.0)
        u = growth if estimator == "power" else sign * v
        self.right = growth
        return pairing(W, u, v), u, v

    def _eigenspaces(self, W: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Two-sided Rayleigh-Ritz on dominant eigenspaces, renewed as W drifts."""
        self.wait -= 1
        if self.wait < 0 and (W - self.anchor).norm() > self.DRIFT * W.norm():
            self.left, self.right = dominant_blocks(W, self.normalize.block)
            self.anchor = W.clone()
            # A dense decomposition: as often as needed while it is cheap, then rarely.
            self.wait.fill_(max(0, W.shape[-1] ** 2 - 64**2) // 512)
        return _small(ritz_pair, W, self.right, self.left)


def _small(function: Callable[..., Any], *tensors: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Run on NumPy's view of tensors on the CPU: half of torch's overhead for small problems."""
    if tensors[0].device.type != "cpu":
        q, u, w = function(*tensors)
    else:
        with np.errstate(over="ignore", invalid="ignore"):
            q, u, w = map(torch.from_numpy, function(*(tensor.numpy() for tensor in tensors)))
    return q, u, w


def normalize_recurrent(module: nn.Module, normalize: Normalize) -> None:
    """Put `normalize` on every recurrent weight of the fused layers in `module`, in place.

    Raises
    ------
    ValueError
        If there is none (``torch.nn.LSTMCell`` and its like are not fused), or one
        is normalised already.
    """
    found = list(recurrent_weights(module))
    if not found:
        raise ValueError(
            "`module` must hold nn.RNN, nn.LSTM or nn.GRU, found none"
            " (cell classes such as nn.LSTMCell are not normalised)"
        )
    for recurrent, name in found:
        if normalization_on(recurrent, name) is not None:
            raise ValueError(f"`{name}` is normalised already; `bake` makes that permanent")
        gates = n_gates(recurrent.mode.split("_")[0].lower())
        weight = getattr(recurrent, name)
        parametrize.register_parametrization(
            recurrent, name, SpectralNormalization(weight, gates, normalize)
        )


def recurrent_weights(module: nn.Module) -> Iterator[tuple[nn.RNNBase, str]]:
    """Each fused recurrent layer in `module` with the name of each of its h-to-h weights."""
    for layer in module.modules():
        if isinstance(layer, nn.RNNBase):
            for k in range(layer.num_layers):
                for direction in ("", "_reverse") if layer.bidirectional else ("",):
                    yield layer, f"weight_hh_l{k}{direction}"


def normalization_on(recurrent: nn.RNNBase, name: str) -> SpectralNormalization | None:
    """The normalisation of one weight, if it has one."""
    if not parametrize.is_parametrized(recurrent, name):
        return None
    normalization = recurrent.parametrizations[name][0]  # type: ignore[index]
    return normalization if isinstance(normalization, SpectralNormalization) else None
