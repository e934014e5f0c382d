"""Weights of ONNX networks, against ONNX's own reference implementation and PyTorch's export."""

import numpy as np
import pytest
import torch
from torch import nn

import rnnspec
from rnnspec import load_matrices
from rnnspec.models.cells import step
from rnnspec.models.files.reading import read_contents
from rnnspec.models.module_of_weights import module_of_weights

onnx = pytest.importorskip("onnx")
reference = pytest.importorskip("onnx.reference")
helper, numpy_helper = onnx.helper, onnx.numpy_helper
FLOAT = onnx.TensorProto.FLOAT
H, D = 4, 3
GATES_OF = {"RNN": 1, "LSTM": 4, "GRU": 3}
OURS = {
    "RNN": {"layer0": 0},
    "LSTM": {"layer0.input": 0, "layer0.forget": 2, "layer0.cell": 3, "layer0.output": 1},
    "GRU": {"layer0.reset": 1, "layer0.update": 0, "layer0.new": 2},
}


def weights(kind, directions=1, seed=0):
    rng = np.random.default_rng(seed)
    g = GATES_OF[kind]
    shapes = {"W": (g * H, D), "R": (g * H, H), "B": (2 * g * H,)}
    return {
        name: rng.standard_normal((directions, *shape)).astype("f")
        for name, shape in shapes.items()
    }


def saved(path, nodes, tensors, opset=22, **kwargs):
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", FLOAT, [5, 1, D])],
        [helper.make_tensor_value_info("y", FLOAT, None)],
        [numpy_helper.from_array(W, name) for name, W in tensors.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    onnx.save(model, path, **kwargs)
    return model


def node(kind, inputs=("x", "W", "R", "B"), outputs=("y",), name="", **attributes):
    return helper.make_node(
        kind, list(inputs), list(outputs), name=name, hidden_size=H, **attributes
    )


@pytest.mark.parametrize("kind", OURS)
def test_gates_have_their_names(tmp_path, kind):
    given = weights(kind)
    saved(tmp_path / "a.onnx", [node(kind)], given)
    found = load_matrices(tmp_path / "a.onnx")
    for name, k in OURS[kind].items():
        assert np.array_equal(found[name], given["R"][0, k * H : (k + 1) * H]), name
    assert len(found) == len(OURS[kind]) + (kind != "RNN")


@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize("kind", OURS)
def test_the_reference_implementation_moves_as_our_cells(tmp_path, kind, direction):
    given = weights(kind, 2 if direction == "bidirectional" else 1)
    attributes = {"linear_before_reset": 1} if kind == "GRU" else {}
    if direction == "bidirectional" and kind == "RNN":
        attributes["activations"] = ["Tanh", "Tanh"]
    model = saved(tmp_path / "a.onnx", [node(kind, direction=direction, **attributes)], given)
    x = np.random.default_rng(1).standard_normal((5, 1, D)).astype("f")
    evaluated = [None]
    if not (kind == "RNN" and direction == "bidirectional"):  # the reference lacks it
        evaluated = reference.ReferenceEvaluator(model).run(None, {"x": x})
    contents = read_contents(tmp_path / "a.onnx")
    assert not contents.formula
    for side, end in enumerate(
        {"forward": [""], "reverse": ["_reverse"]}.get(direction, ["", "_reverse"])
    ):
        ((cell,),) = rnnspec.models.layers.recurrent_cells(
            module_of_weights(contents.arrays, f"{kind}.", end)
        )
        s = torch.zeros(1, cell.state_size, dtype=torch.float64)
        for t in range(5)[:: -1 if end else 1]:
            s = step(cell, torch.from_numpy(x[t]).double(), s)
            if evaluated[0] is not None:
                expected = evaluated[0][t, side, 0]
                np.testing.assert_allclose(s[0, :H], expected, atol=2e-6)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("module", [nn.RNN, nn.LSTM, nn.GRU])
def test_an_export_of_pytorch_has_the_matrices_of_the_module(tmp_path, module):
    net = module(D, H, num_layers=2, bidirectional=True)
    torch.onnx.export(net, (torch.zeros(5, 1, D),), tmp_path / "a.onnx", dynamo=False)
    contents = read_contents(tmp_path / "a.onnx")
    assert not contents.formula
    assert not contents.left_out
    found = [W for key, W in contents.arrays.items() if "weight_hh" in key]
    ours = [W.detach().numpy() for key, W in net.state_dict().items() if "weight_hh" in key]
    assert len(found) == 4
    for W, expected in zip(found, ours, strict=True):
        assert np.array_equal(W, expected)
