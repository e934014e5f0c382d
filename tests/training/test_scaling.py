"""The scaled weight and its gradient, against differences of the formula."""

import numpy as np
import pytest
import torch

from rnnspec.spectra.dominant.estimate import exact_pair
from rnnspec.training.scaling import Scaled


def scaled(W, clip, bound=0.8, quantity="radius"):
    q, u, w = exact_pair(W.detach().view(3, 5, 5).numpy(), quantity)
    return Scaled.apply(W, q, u, w, bound, clip)


@pytest.mark.parametrize("quantity", ["radius", "norm"])
@pytest.mark.parametrize("clip", [True, False])
def test_the_gradient_is_that_of_the_scaled_weight(clip, quantity):
    generator = torch.Generator().manual_seed(5)
    W = torch.randn(3, 5, 5, generator=generator, dtype=torch.float64)
    W *= torch.tensor([0.1, 1.0, 3.0])[:, None, None]
    W = W.view(15, 5).requires_grad_()
    torch.autograd.gradcheck(lambda W: scaled(W, clip, quantity=quantity), W)


def test_a_clipped_gate_below_the_bound_is_left_as_it_is():
    W = torch.linspace(-0.1, 0.1, 75).view(15, 5)
    assert torch.equal(scaled(W, clip=True), W)
    assert not torch.equal(scaled(W, clip=False), W)


def test_the_precision_of_the_weight_is_kept():
    W = torch.ones(15, 5, requires_grad=True)
    out = scaled(W, clip=False)
    out.sum().backward()
    assert out.dtype == W.grad.dtype == torch.float32
    np.testing.assert_allclose(out.detach(), 0.16, rtol=1e-6)  # radius 5 becomes 0.8
