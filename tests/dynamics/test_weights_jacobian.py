"""Jacobians at fixed points of networks of which only the weights are known."""

import numpy as np
import pytest
import torch
from torch import nn

from rnnspec import fixed_points
from rnnspec.dynamics.weights_jacobian import weights_jacobian
from rnnspec.models.remarks import AssumptionWarning

H = 4
pytestmark = pytest.mark.filterwarnings("ignore::rnnspec.models.AssumptionWarning")


def network(module=nn.LSTM, **options):
    torch.manual_seed(5)
    net = module(3, H, **options).double()
    for name, W in net.named_parameters():
        nn.init.normal_(W, std=0.7 if "hh" in name else 0.3)
    return net


@pytest.mark.parametrize("module", [nn.RNN, nn.LSTM, nn.GRU])
def test_it_is_that_of_the_module(module):
    net = network(module)
    J = weights_jacobian(net.state_dict(), "layer0.jacobian@fixed0")
    starts = torch.randn(50, len(J)).double()
    found = fixed_points(net, starts)
    assert min(np.linalg.norm(J - other) for other in found.jacobians) < 1e-6


def test_a_layer_is_a_block_of_the_whole():
    state = network(num_layers=2).state_dict()
    whole = weights_jacobian(state, "jacobian@fixed0")
    assert whole.shape == (4 * H, 4 * H)
    np.testing.assert_allclose(
        weights_jacobian(state, "layer1.jacobian@fixed0"), whole[2 * H :, 2 * H :], atol=1e-9
    )
    lower = weights_jacobian(state, "layer0.jacobian@fixed0")
    np.testing.assert_allclose(lower, whole[: 2 * H, : 2 * H], atol=1e-9)


def test_each_direction_of_a_first_layer_is_a_map_of_its_own():
    net = network(nn.GRU, bidirectional=True)
    state = net.state_dict()
    turned = {key[:-8]: W for key, W in state.items() if key.endswith("_reverse")}
    reverse = weights_jacobian(state, "layer0.reverse.jacobian@fixed0")
    np.testing.assert_array_equal(reverse, weights_jacobian(turned, "layer0.jacobian@fixed0"))


def test_several_modules_are_told_apart():
    first, second = network(nn.GRU), network(nn.GRU)
    second.weight_hh_l0.data.mul_(0.1)
    parts = {"encoder": first.state_dict(), "decoder": second.state_dict()}
    J = weights_jacobian(parts, "decoder.layer0.jacobian@fixed0")
    alone = weights_jacobian(parts["decoder"], "jacobian@fixed0")
    np.testing.assert_array_equal(J, alone)
    with pytest.raises(ValueError, match="encoder.layer0.jacobian@fixed0, decoder.layer0.jac"):
        weights_jacobian(parts, "layer0.jacobian@fixed0")


def test_what_is_assumed_is_told():
    with pytest.warns(AssumptionWarning, match="assumes nn.RNN with tanh, under zero input"):
        weights_jacobian(network(nn.RNN).state_dict(), "layer0.jacobian@fixed0")


@pytest.mark.parametrize(
    ("options", "name", "message"),
    [
        ({}, "layer0.jacobian@mean", "needs a network and its data: SOURCE must be a run"),
        ({}, "layer0.jacobian@step3", "needs a network and its data"),
        ({}, "layer0.jacobian@fixed", "is named layer0.jacobian@fixed0 .*got 'layer0.jac"),
        ({}, "layer0.jacobian@fixed99", "fixed points found: there are 1"),
        ({}, "layer2.jacobian@fixed0", "weight_hh_l1 must be among the weights"),
        ({"bidirectional": True}, "jacobian@fixed0", "must name a layer of a bidirectional"),
    ],
)
def test_names_that_mean_nothing(options, name, message):
    with pytest.raises(ValueError, match=message):
        weights_jacobian(network(nn.GRU, **options).state_dict(), name)


def test_weights_of_another_formula_have_none():
    with pytest.raises(ValueError, match="cell has no Jacobian by PyTorch's formula: it is relu"):
        weights_jacobian(
            {"cell": network().state_dict()}, "jacobian@fixed0", {"cell.": "it is relu"}
        )


def test_a_network_that_rests_nowhere_says_so():
    """A cell state that only grows: i = f = 1 but for rounding, g = tanh 1."""
    lstm = nn.LSTM(1, 1).double()
    for W in lstm.parameters():
        nn.init.zeros_(W)
    lstm.bias_ih_l0.data = torch.tensor([40.0, 40.0, 1.0, 0.0]).double()
    with pytest.raises(ValueError, match="none was found; the slowest state moves by 0.76"):
        weights_jacobian(lstm.state_dict(), "layer0.jacobian@fixed0")
