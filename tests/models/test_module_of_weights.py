import numpy as np
import pytest
import torch
from torch import nn

from rnnspec.models.module_of_weights import module_of_weights

MODULES = [nn.RNN, nn.LSTM, nn.GRU]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("module", MODULES)
def test_it_moves_as_the_module_whose_weights_it_has(module, bias):
    torch.manual_seed(3)
    net = module(3, 5, num_layers=2, bias=bias).double()
    state = {f"part.{key}": W for key, W in net.state_dict().items()}
    x = torch.randn(7, 2, 3).double()
    drawn = torch.random.get_rng_state()
    copied = module_of_weights(state, "part.")
    assert torch.equal(torch.random.get_rng_state(), drawn)
    assert torch.allclose(copied(x)[0], net(x)[0], atol=1e-14)


@pytest.mark.parametrize("reverse", [False, True])
def test_one_direction_alone(reverse):
    net = nn.GRU(3, 5, bidirectional=True).double()
    copied = module_of_weights(net.state_dict(), reverse=reverse)
    x = torch.randn(7, 2, 3).double()
    expected = net(x)[0][:, :, 5:].flip(0) if reverse else net(x)[0][:, :, :5]
    assert torch.allclose(copied(x.flip(0) if reverse else x)[0], expected, atol=1e-14)


def changed(**others):
    return nn.LSTM(3, 5, num_layers=2).state_dict() | others


@pytest.mark.parametrize(
    ("state", "options", "message"),
    [
        (changed(), {"prefix": "x."}, "x.weight_hh_l0 must be among .*got weight_hh_l0, weight_"),
        (changed(), {"layers": 3}, "weight_hh_l2 must be among the weights"),
        ({}, {}, "weight_hh_l0 must be among the weights, got none"),
        ({"weight_hh_l0": np.eye(2)}, {}, "weight_ih_l0 must be among .*not whole"),
        (changed(weight_ih_l0=torch.ones(20, 3) * torch.nan), {}, "weight_ih_l0 must be real and"),
        (changed(weight_hh_l0=torch.ones(20, 5) * 1j), {}, "weight_hh_l0 must be real and finite"),
        (changed(weight_ih_l1=torch.ones(20, 4)), {}, "weight_hh_l1 does not fit the layer below"),
        (changed(weight_ih_l0=torch.ones(20)), {}, "must be a matrix and two vectors"),
        (
            nn.LSTM(3, 5, num_layers=2, bidirectional=True).state_dict(),
            {},
            "layer 1 of the network reads both directions",
        ),
    ],
)
def test_weights_that_are_no_network(state, options, message):
    with pytest.raises(ValueError, match=message):
        module_of_weights(state, **options)
