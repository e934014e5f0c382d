r"""Spectral normalisation of recurrent matrices while they train.

A recurrent weight W enters the network as

.. math:: \hat W = W \min(1, c/q(W)) \quad\text{(clip)}, \qquad
          \hat W = W\, c/q(W) \quad\text{(scale)}

with q either the spectral radius :math:`\rho` or the spectral norm
:math:`\|W\|_2`, for each gate by itself, and c the bound.  The two are not the
same: :math:`\rho \le \|W\|_2`, with equality for normal W only.  Bounding the
radius makes the linear recurrence stable; only bounding the norm makes it a
contraction.

q is estimated anew in each update from a block of vectors that is kept from one
update to the next, and gradients flow through it.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rnnspec._checks import one_of
from rnnspec.spectra.dominant.estimate import (
    exact_pair,
    inner_product,
    orthonormal,
    power_step,
    ritz_pair,
    single_vector,
    singular_pair,
)
from rnnspec.training.config import DEFAULTS, QUANTITIES
from rnnspec.training.scaling import Scaled
from rnnspec.training.settings import check_setting

Array = NDArray[Any]


@dataclass(frozen=True)
class Normalize:
    """Settings of the spectral normalisation of recurrent matrices.

    Parameters
    ----------
    quantity : {"radius", "norm"}
        What is bounded: the spectral radius or the spectral norm (largest singular value) of each
        gate's matrix.
    bound : float, default 1.0
        The largest radius or norm that is allowed.
    estimator : {"rayleigh", "power", "exact"}
        ``rayleigh`` takes Rayleigh quotients of vectors from block Krylov spaces, which are kept
        from one update to the next.  The quotients are two-sided for the radius, and one-sided for
        the norm, since W^T W is symmetric.  For a matrix W of size up to 96 the vectors come from
        powers of W itself, and the estimate is exact up to rounding.
        ``power`` takes one iteration of the block power method in each update, with one-sided
        Ritz values.  Its gradient of the radius uses the right vector in place of the left one,
        which is correct for normal matrices only.  It is there for comparison.
        ``exact`` calls LAPACK in each update.
    mode : {"clip", "scale"}
        ``clip`` leaves a matrix below the bound as it is; ``scale`` puts every matrix on the
        bound.
    block : int, default 8
        Number of vectors that the estimator keeps.  With 1 it is the power method of the
        literature, which does not converge if the dominant eigenvalues are a complex pair.

    Raises
    ------
    ValueError
        If a name is not one of those listed, or `bound` or `block` is not positive.

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
        check_setting(self.estimator, "estimator")
        check_setting(self.mode, "normalize_mode", "mode")
        check_setting(self.bound, "bound")
        check_setting(self.block, "block")


class SpectralNormalization(nn.Module):
    """The map from a stacked recurrent weight (g*h, h) to its normalised form.

    Its vectors are arrays on the CPU whatever the device, since vectors this short gain nothing
    elsewhere: the blocks `right` and `left`, shape (g, b, h), and the factors `u` and `w` of the
    gradient in use, shape (g, 1, h) or (g, 2, h).

    Parameters
    ----------
    weight : Tensor, shape (g * h, h)
    gates : int
        The number g of matrices in the stack.
    normalize : Normalize
    """

    def __init__(self, weight: Tensor, gates: int, normalize: Normalize) -> None:
        super().__init__()
        h = weight.shape[1]
        self.normalize, self.shape = normalize, (gates, h, h)
        generator = torch.Generator().manual_seed(h)
        start = torch.randn(gates, min(normalize.block, h), h, generator=generator)
        right = np.ascontiguousarray(orthonormal(start.to(weight.dtype).numpy()))
        none = np.zeros((gates, 1, h))
        # Not buffers: the module would look at each of them whenever one moves.
        self.vectors = SimpleNamespace(right=right, left=right.copy(), u=none, w=none)
        self.advance(weight)

    def forward(self, weight: Tensor) -> Tensor:
        """Normalise; in training mode the estimator does its update first."""
        q = self.advance(weight) if self.training else self.estimate(weight)
        u, w, normalize = self.vectors.u, self.vectors.w, self.normalize
        scaled: Tensor = Scaled.apply(weight, q, u, w, normalize.bound, normalize.mode == "clip")  # type: ignore[no-untyped-call]
        return scaled

    def right_inverse(self, weight: Tensor) -> Tensor:
        """The unnormalised weight that is trained starts as the given one."""
        return weight

    def get_extra_state(self) -> Tensor:
        """All vectors in one tensor, for the state dict."""
        return torch.from_numpy(
            np.concatenate([x.ravel().astype(np.float64) for x in vars(self.vectors).values()])
        )

    def set_extra_state(self, state: Tensor) -> None:
        """Take the vectors of a state dict; u and w have as many rows as were saved."""
        vectors, (g, h, _) = self.vectors, self.shape
        size, dtype, shape = vectors.right.size, vectors.right.dtype, vectors.right.shape
        blocks, factors = np.split(state.cpu().numpy().copy(), [2 * size])
        vectors.right, vectors.left = blocks.astype(dtype).reshape(2, *shape)
        vectors.u, vectors.w = factors.reshape(2, g, -1, h)

    def gates(self, weight: Tensor) -> Array:
        """The stack (g, h, h) as an array: the weight itself on the CPU, else a copy."""
        stack: Array = weight.detach().cpu().numpy().reshape(self.shape)
        return stack

    def estimate(self, weight: Tensor) -> Array:
        """Radius or norm of each gate, shape (g,), by the present vectors."""
        q: Array = inner_product(self.gates(weight), self.vectors.u, self.vectors.w)
        return q

    def advance(self, weight: Tensor) -> Array:
        """Values q (g,) and new factors u and w after one update; q is NaN if W overflows."""
        W, normalize = self.gates(weight), self.normalize
        single = normalize.quantity == "radius" and normalize.block == 1
        try:
            if normalize.estimator == "rayleigh" and not single:
                q, u, w = self._follow(W)
            else:
                with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                    q, u, w = self._decompose(W, single)
        except np.linalg.LinAlgError:
            if np.linalg.norm(W.astype(np.float64)) < 1e15:
                raise
            return np.full(len(W), np.nan)
        self.hold(u, w)
        return q.astype(np.float64, copy=False)

    def hold(self, u: Array, w: Array) -> None:
        """Use u and w as factors of the gradient, and of every estimate until the next update."""
        self.vectors.u = np.ascontiguousarray(u, np.float64)
        self.vectors.w = np.ascontiguousarray(w, np.float64)

    def _follow(self, W: Array) -> tuple[Array, Array, Array]:
        # numba takes a second to import: only who normalises waits.
        from rnnspec.spectra.dominant.following import follow_norm, follow_radius

        if self.normalize.quantity == "norm":
            return follow_norm(W, self.vectors.right)
        return follow_radius(W, self.vectors.right, self.vectors.left)

    def _decompose(self, W: Array, single: bool) -> tuple[Array, Array, Array]:
        quantity, V = self.normalize.quantity, self.vectors.right
        if self.normalize.estimator == "exact":
            return exact_pair(W, quantity)
        if single:
            growth = self.normalize.estimator == "power"
            q, u, w, V = single_vector(W, V, growth=growth)
        elif quantity == "radius":
            V = power_step(W, V)
            q, u, w = ritz_pair(W, V)
        else:
            q, u, w, _ = singular_pair(W, V)
            V = power_step(W.mT, V @ W.mT)
        self.vectors.right = V
        return q, u, w
