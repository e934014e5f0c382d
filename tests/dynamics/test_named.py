import numpy as np
import pytest
import torch

from rnnspec import SequenceClassifier, state_jacobians
from rnnspec.dynamics import mean_jacobian
from rnnspec.dynamics.named import named_jacobian
from rnnspec.dynamics.visited import visited_fixed_points
from rnnspec.models.gates import CELLS

H = 4


@pytest.fixture
def x():
    return torch.randn(3, 6, 2, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("cell", CELLS)
def test_a_layer_is_its_block_of_the_whole(cell, x):
    model = SequenceClassifier(cell, 2, 2, H, 2)
    size = H * (1 + (cell == "lstm"))
    J = state_jacobians(model, x, [6, 5, 2])
    mean = named_jacobian(model, x, [6, 5, 2], "jacobian@mean")
    np.testing.assert_array_equal(mean, mean_jacobian(model, x, [6, 5, 2]))
    for layer, own in enumerate((slice(0, size), slice(size, None))):
        at_five = named_jacobian(model, x, [6, 5, 2], f"layer{layer}.jacobian@step4")
        np.testing.assert_allclose(at_five, J[:2, 4, own, own].mean(0), atol=1e-14)
        over_all = named_jacobian(model, x, [6, 5, 2], f"layer{layer}.jacobian@mean")
        np.testing.assert_allclose(over_all, mean[own, own], rtol=0, atol=1e-14)


def test_a_direction_by_name(x):
    model = SequenceClassifier("gru", 2, 2, H, bidirectional=True)
    for name, direction in (("layer0", "forward"), ("layer0.reverse", "reverse")):
        found = named_jacobian(model, x, None, f"{name}.jacobian@step1")
        np.testing.assert_array_equal(found, mean_jacobian(model, x, None, [1], direction))


@pytest.mark.parametrize("cell", CELLS)
def test_at_a_fixed_point_a_layer_is_its_block_of_the_whole(cell, x):
    model = SequenceClassifier(cell, 2, 2, H, 2)
    size = H * (1 + (cell == "lstm"))
    (J,) = visited_fixed_points(model, x, [6, 5, 2]).jacobians
    np.testing.assert_array_equal(named_jacobian(model, x, [6, 5, 2], "jacobian@fixed0"), J)
    for layer, own in enumerate((slice(0, size), slice(size, None))):
        block = named_jacobian(model, x, [6, 5, 2], f"layer{layer}.jacobian@fixed0")
        np.testing.assert_array_equal(block, J[own, own])


@pytest.mark.parametrize(
    ("name", "bidirectional", "match"),
    [
        (
            "layer0.jacobian@step",
            False,
            "a Jacobian is named layer0.jacobian@mean, @step12 or @fixed3",
        ),
        ("layer0.jacobian@median", False, "got 'layer0.jacobian@median'"),
        ("layer1.jacobian@mean", False, "must name a layer of the network, layer0 to layer0$"),
        ("layer0.reverse.jacobian@mean", False, "must name a layer of the network"),
        ("layer1.jacobian@mean", True, "layer0 to layer0, each with .reverse"),
        ("jacobian@mean", True, "layer0.jacobian@mean or layer0.reverse.jacobian@mean"),
        ("jacobian@fixed1", False, "jacobian@fixed1 must be one of .* there are 1, from fixed0 on"),
        ("layer0.jacobian@fixed0", True, "`model` must read in one direction"),
        ("layer0.jacobian@step6", False, "`steps` must be from 0 to 5"),
    ],
)
def test_other_names_are_refused(name, bidirectional, match, x):
    model = SequenceClassifier("gru", 2, 2, H, bidirectional=bidirectional)
    with pytest.raises(ValueError, match=match):
        named_jacobian(model, x, None, name)
