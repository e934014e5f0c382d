r"""A penalty on the curvature of the loss in the input.

With :math:`\ell` the loss of a sequence, g and H its gradient and Hessian in the
input, two estimates of how fast the gradient turns are

.. math:: \frac{\|g(x + hz) - g(x)\|_2^2}{h^2} \approx \|Hz\|_2^2,
   \quad z = \frac{\operatorname{sign} g}{\|\operatorname{sign} g\|_2},
   \qquad\text{and}\qquad \mathbb{E}_{z \sim N(0, I)} \|Hz\|_2^2 = \|H\|_F^2.

The first looks along the sign of the gradient, which is where an attack in the largest entry
goes.  The second, Hutchinson's, takes one random z; its mean over z is the sum over all axes.  The
first is at most :math:`\|H\|_2^2 \le \|H\|_F^2` (for small h), so that the same weight asks
more in the second form.  Source: Moosavi-Dezfooli, Fawzi, Uesato & Frossard, *Robustness via
Curvature Regularization, and Vice Versa*, CVPR 2019, section 4.

Padded steps change nothing: the gradient and its sign are 0 there, and H z does not depend on z
there.  The point x + hz only probes the loss; it may lie outside the raw bounds of the data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from rnnspec.training.config import DEFAULTS
from rnnspec.training.settings import check_setting

Losses = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class CurvaturePenalty:
    """How much the curvature of the loss in the input counts in training.

    An update costs two gradients in the input more than a plain one (with ``hutchinson`` one
    gradient and one product with H), and the derivative of all of them in the weights.

    Parameters
    ----------
    weight : float
        Factor of the mean penalty of a batch; 0 is plain training.
    form : {"finite-difference", "hutchinson"}
        How the curvature is estimated.
    shift : float, default 1.0
        For the finite difference: the Euclidean length h, in standard deviations, by which a
        whole sequence is shifted.

    Raises
    ------
    ValueError
        For an unknown form, a negative weight, or a shift that is not above 0.

    Examples
    --------
    >>> CurvaturePenalty(0.1).form
    'finite-difference'
    """

    weight: float
    form: str = DEFAULTS.curvature_form
    shift: float = DEFAULTS.curvature_step

    def __post_init__(self) -> None:
        check_setting(self.weight, "curvature_penalty", "weight")
        check_setting(self.form, "curvature_form", "form")
        check_setting(self.shift, "curvature_step", "shift")

    def __call__(self, losses: Losses, x: Tensor, generator: torch.Generator) -> Tensor:
        """The weight times the mean estimate over the batch `x`; see `finite_difference`."""
        if self.form == "hutchinson":
            values = hutchinson(losses, x, generator)
        else:
            values = finite_difference(losses, x, self.shift)
        return self.weight * values.mean()


def finite_difference(losses: Losses, x: Tensor, shift: float) -> Tensor:
    """(n,) squared differences of gradients at x and x + hz, over h^2.

    `losses` maps n inputs, shape (n, ...), to their n losses; gradients flow through the result
    to whatever the losses depend on.

    Examples
    --------
    The gradient of x^2 + 2 y^2 turns by sqrt(10) per unit along (1, 1) / sqrt(2).

    >>> x = torch.tensor([[3.0, 5.0]])
    >>> finite_difference(lambda x: x[:, 0] ** 2 + 2 * x[:, 1] ** 2, x, shift=0.5)
    tensor([10.0000], grad_fn=<DivBackward0>)
    """
    g = gradient(losses, x.detach().requires_grad_())
    sign = g.detach().sign()
    length = sign.flatten(1).norm(dim=1).clamp_min(1)  # 0 where the gradient is 0
    z = sign / length.reshape(-1, *(1,) * (x.dim() - 1))
    change = gradient(losses, (x + shift * z).detach().requires_grad_()) - g
    return change.flatten(1).square().sum(1) / shift**2


def hutchinson(losses: Losses, x: Tensor, generator: torch.Generator) -> Tensor:
    """(n,) values of ||Hz||^2, each for one standard normal z, by differentiating twice.

    Examples
    --------
    The Hessian of x^2 + 2 y^2 is diag(2, 4), so the mean over many z goes to 20.

    >>> x = torch.zeros(100_000, 2)
    >>> z = torch.Generator().manual_seed(0)
    >>> values = hutchinson(lambda x: x[:, 0] ** 2 + 2 * x[:, 1] ** 2, x, z)
    >>> round(values.mean().item())
    20
    """
    z = torch.randn(x.shape, generator=generator, dtype=x.dtype).to(x.device)
    point = x.detach().requires_grad_()
    along = (gradient(losses, point) * z).sum()
    (product,) = torch.autograd.grad(along, point, create_graph=True)
    return product.flatten(1).square().sum(1)


def gradient(losses: Losses, point: Tensor) -> Tensor:
    """The gradient of each loss in its own point, which can be differentiated again."""
    (g,) = torch.autograd.grad(losses(point).sum(), point, create_graph=True)
    return g
