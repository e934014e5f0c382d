r"""A penalty on the curvature of the loss in the input.

With :math:`\ell` the loss of a sequence, g and H its gradient and Hessian in the
input, two estimates of how fast the gradient turns are

.. math:: \frac{\|g(x + hz) - g(x)\|_2^2}{h^2} \approx \|Hz\|_2^2,
   \quad z = \frac{\operatorname{sign} g}{\|\operatorname{sign} g\|_2},
   \qquad\text{and}\qquad \mathbb{E}_{z \sim N(0, I)} \|Hz\|_2^2 = \|H\|_F^2,

the first along the direction that an attack in the largest entry takes, the second,
Hutchinson's, over all directions from one random z.  The first is at most
:math:`\|H\|_2^2 \le \|H\|_F^2` (for small h), so that the same weight asks more in the
second form.  Source: Moosavi-Dezfooli, Fawzi, Uesato & Frossard, *Robustness via
Curvature Regularization, and Vice Versa*, CVPR 2019, section 4.

Nothing moves at padded steps: the gradient is 0 there, and with it its sign, and H z
does not depend on z there.  x + hz is a probe of the loss, not a sequence that anyone
presents, and may leave raw bounds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from rnnspec._checks import one_of, positive
from rnnspec.training.config import DEFAULTS, FORMS

Losses = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class CurvaturePenalty:
    """How much the curvature of the loss in the input counts in training.

    A training step takes two gradients in the input more than a plain one, with ``hutchinson``
    one and its product with H, and is differentiated through them all.

    Parameters
    ----------
    weight : float
        What the mean penalty of a batch is multiplied by; 0 is plain training.
    form : {"finite-difference", "hutchinson"}
    step : float, default 1.0
        Of the finite difference: Euclidean length h, in standard deviations, of the
        shift of a whole sequence.

    Raises
    ------
    ValueError
        For an unknown form, a negative weight, or a step that is not above 0.

    Examples
    --------
    >>> CurvaturePenalty(0.1).form
    'finite-difference'
    """

    weight: float
    form: str = DEFAULTS.curvature_form
    step: float = DEFAULTS.curvature_step

    def __post_init__(self) -> None:
        positive(self.weight, "weight", zero=True)
        one_of(self.form, "form", FORMS)
        positive(self.step, "step")

    def __call__(self, losses: Losses, x: Tensor, generator: torch.Generator) -> Tensor:
        """Weight times the mean estimate over the batch `x`; see `finite_difference`."""
        if self.form == "hutchinson":
            values = hutchinson(losses, x, generator)
        else:
            values = finite_difference(losses, x, self.step)
        return self.weight * values.mean()


def finite_difference(losses: Losses, x: Tensor, step: float) -> Tensor:
    """(n,) squared differences of gradients at x and x + hz, over h^2.

    `losses` maps (n, ...) to the loss of each of n; gradients flow through the result
    to whatever it depends on.

    Examples
    --------
    The gradient of x^2 + 2 y^2 turns by sqrt(10) per unit along (1, 1) / sqrt(2).

    >>> x = torch.tensor([[3.0, 5.0]])
    >>> finite_difference(lambda x: x[:, 0] ** 2 + 2 * x[:, 1] ** 2, x, step=0.5)
    tensor([10.0000], grad_fn=<DivBackward0>)
    """
    g = gradient(losses, x.detach().requires_grad_())
    sign = g.detach().sign()
    length = sign.flatten(1).norm(dim=1).clamp_min(1)  # 0 where the gradient is 0
    z = sign / length.reshape(-1, *(1,) * (x.dim() - 1))
    turned = gradient(losses, (x + step * z).detach().requires_grad_()) - g
    return turned.flatten(1).square().sum(1) / step**2


def hutchinson(losses: Losses, x: Tensor, generator: torch.Generator) -> Tensor:
    """(n,) values of ||Hz||^2 for one standard normal z each, by double backward.

    Examples
    --------
    The Hessian of x^2 + 2 y^2 is diag(2, 4): the mean over many z goes to 20.

    >>> x = torch.zeros(100_000, 2)
    >>> z = torch.Generator().manual_seed(0)
    >>> values = hutchinson(lambda x: x[:, 0] ** 2 + 2 * x[:, 1] ** 2, x, z)
    >>> round(values.mean().item())
    20
    """
    z = torch.randn(x.shape, generator=generator, dtype=x.dtype).to(x.device)
    point = x.detach().requires_grad_()
    along = (gradient(losses, point) * z).sum()
    (turned,) = torch.autograd.grad(along, point, create_graph=True)
    return turned.flatten(1).square().sum(1)


def gradient(losses: Losses, point: Tensor) -> Tensor:
    """Gradient of each loss in its own point, itself differentiable."""
    (g,) = torch.autograd.grad(losses(point).sum(), point, create_graph=True)
    return g
