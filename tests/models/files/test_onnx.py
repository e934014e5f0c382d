"""Weights of ONNX networks, against ONNX's own reference implementation and PyTorch's export."""

import sys

import numpy as np
import pytest
import torch
from torch import nn

from rnnspec import load_matrices
from rnnspec.dynamics.weights_jacobian import weights_jacobian
from rnnspec.models.cells import step
from rnnspec.models.files.onnx import DIRECTIONS
from rnnspec.models.files.reading import read_contents
from rnnspec.models.keys import LeftOutWarning
from rnnspec.models.layers import recurrent_cells
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
    for side, reverse in enumerate(DIRECTIONS[direction]):
        ((cell,),) = recurrent_cells(module_of_weights(contents.arrays, f"{kind}.", reverse))
        s = torch.zeros(1, cell.state_size, dtype=torch.float64)
        for t in range(5)[:: -1 if reverse else 1]:
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


@pytest.mark.parametrize(
    ("kind", "attributes", "message"),
    [
        ("RNN", {"activations": ["Relu"]}, "activations are relu, not tanh"),
        ("LSTM", {"activations": ["HardSigmoid", "Tanh", "Tanh"]}, "hardsigmoid, tanh, tanh"),
        ("GRU", {}, "resets the state before the product"),
        ("GRU", {"linear_before_reset": 1, "clip": 3.0}, "clips the sums in its gates at 3"),
        ("LSTM", {"input_forget": 1}, "input gate is 1 - forget"),
    ],
)
def test_another_formula_has_matrices_and_no_jacobian(tmp_path, kind, attributes, message):
    given = weights(kind)
    saved(tmp_path / "a.onnx", [node(kind, **attributes)], given)
    contents = read_contents(tmp_path / "a.onnx")
    assert list(contents.formula) == [f"{kind}."]
    assert load_matrices(tmp_path / "a.onnx")
    with pytest.raises(ValueError, match=message):
        weights_jacobian(contents.arrays, "layer0.jacobian@fixed0", contents.formula)


@pytest.mark.parametrize("zero", [False, True])
def test_peepholes_are_another_formula_if_they_are_not_zero(tmp_path, zero):
    given = weights("LSTM") | {"P": np.full((1, 3 * H), 0.0 if zero else 0.5, "f")}
    saved(tmp_path / "a.onnx", [node("LSTM", ("x", "W", "R", "B", "", "", "", "P"))], given)
    assert bool(read_contents(tmp_path / "a.onnx").formula) is not zero


def test_the_initialiser_is_followed_through_what_moves_it(tmp_path):
    given = weights("LSTM")
    scale = np.float32(0.02)
    halves = np.split(given["R"], 2, axis=1)
    tensors = {
        "W": given["W"],
        "first": np.swapaxes(halves[0], 1, 2).copy(),
        "second": np.round(halves[1][0] / scale).astype(np.int8),
        "scale": scale,
        "zero": np.int8(0),
        "axes": np.array([0]),
    }
    nodes = [
        helper.make_node("Transpose", ["first"], ["turned"], perm=[0, 2, 1]),
        helper.make_node("DequantizeLinear", ["second", "scale", "zero"], ["float"]),
        helper.make_node("Unsqueeze", ["float", "axes"], ["lifted"]),
        helper.make_node("Concat", ["turned", "lifted"], ["joined"], axis=1),
        helper.make_node("Identity", ["joined"], ["R"]),
        node("LSTM", ("x", "W", "R")),
    ]
    saved(tmp_path / "a.onnx", nodes, tensors)
    found = load_matrices(tmp_path / "a.onnx")
    assert np.array_equal(found["layer0.input"], given["R"][0, :H])
    np.testing.assert_allclose(found["layer0.cell"], given["R"][0, 3 * H :], atol=0.011)


def test_what_is_computed_when_the_network_runs_is_left_out_by_name(tmp_path):
    given = weights("GRU")
    nodes = [
        helper.make_node("Mul", ["R", "x"], ["moved"]),
        node("GRU", ("x", "W", "moved"), name="bad"),
        node("GRU", outputs=("z",), name="/good/GRU"),
        node("GRU", outputs=("v",), name="/good/GRU"),
        helper.make_node("DynamicQuantizeLSTM", ["x"], ["q"], domain="com.microsoft", name="q8"),
    ]
    saved(tmp_path / "a.onnx", nodes, given)
    with pytest.warns(LeftOutWarning) as caught:
        found = load_matrices(tmp_path / "a.onnx")
    first, second = (str(one.message) for one in caught)
    assert "node bad (GRU): moved is computed by a node Mul" in first
    assert "node q8 (DynamicQuantizeLSTM): a node of the domain com.microsoft" in second
    assert {name.rpartition(".")[0] for name in found} == {
        "good.GRU.layer0",
        "good.GRU_2.layer0",
    }


def test_nodes_in_branches_and_initialisers_in_files_of_their_own(tmp_path):
    given = weights("LSTM")
    inner = helper.make_graph(
        [node("LSTM", outputs=("inner",))],
        "branch",
        [],
        [helper.make_tensor_value_info("inner", FLOAT, None)],
    )
    nodes = [helper.make_node("If", ["yes"], ["y"], then_branch=inner, else_branch=inner)]
    saved(
        tmp_path / "a.onnx", nodes, {**given, "yes": np.array(True)},
        save_as_external_data=True, size_threshold=0, location="a.data",
    )  # fmt: skip
    found = load_matrices(tmp_path / "a.onnx")
    assert np.array_equal(found["LSTM.layer0.input"], given["R"][0, :H])
    (tmp_path / "a.data").unlink()
    with pytest.raises(ValueError, match="the initialiser R cannot be read"):
        load_matrices(tmp_path / "a.onnx")


def test_a_network_without_recurrent_nodes_says_which_it_has(tmp_path):
    A = np.eye(3, dtype="f")
    saved(tmp_path / "a.onnx", [helper.make_node("MatMul", ["x", "A"], ["y"])], {"A": A})
    with pytest.raises(ValueError, match=r"no LSTM, GRU or RNN node, but MatMul.*A \(3, 3\)"):
        load_matrices(tmp_path / "a.onnx")
    assert np.array_equal(load_matrices(tmp_path / "a.onnx", "A")["A"], A)


def test_without_the_package_the_way_is_named(tmp_path, monkeypatch):
    saved(tmp_path / "a.onnx", [node("LSTM")], weights("LSTM"))
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ValueError, match=r"an ONNX network: `pip install 'rnnspec\[onnx\]'`"):
        load_matrices(tmp_path / "a.onnx")


def test_a_sparse_initialiser_is_named(tmp_path):
    tensors = weights("LSTM")
    del tensors["R"]
    model = saved(tmp_path / "a.onnx", [node("LSTM")], tensors)
    values = numpy_helper.from_array(np.ones(1, "f"), "R")
    places = numpy_helper.from_array(np.zeros(1, np.int64), "places")
    sparse = helper.make_sparse_tensor(values, places, [1, 4 * H, H])
    model.graph.sparse_initializer.append(sparse)
    onnx.save(model, tmp_path / "a.onnx")
    with pytest.raises(ValueError, match="R is a sparse initialiser, which is not read: make it"):
        load_matrices(tmp_path / "a.onnx")
