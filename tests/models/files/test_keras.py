"""Weights of Keras networks, against the equations of Keras's documentation."""

import io
import json
import sys
import zipfile

import numpy as np
import pytest
import torch

from rnnspec import load_matrices
from rnnspec.dynamics.weights_jacobian import weights_jacobian
from rnnspec.models.cells import step
from rnnspec.models.files.reading import read_contents
from rnnspec.models.layers import recurrent_cells
from rnnspec.models.module_of_weights import module_of_weights
from rnnspec.models.remarks import AssumptionWarning, LeftOutWarning

h5py = pytest.importorskip("h5py")
H, D = 4, 3
CLASSES = {"SimpleRNN": (1, "simple_rnn"), "LSTM": (4, "lstm"), "GRU": (3, "gru")}
OURS = {
    "SimpleRNN": {"layer0": 0},
    "LSTM": {"layer0.input": 0, "layer0.forget": 1, "layer0.cell": 2, "layer0.output": 3},
    "GRU": {"layer0.update": 0, "layer0.reset": 1, "layer0.new": 2},
}


def weights(kind, seed=0):
    rng = np.random.default_rng(seed)
    g = CLASSES[kind][0]
    bias = (2, 3 * H) if kind == "GRU" else (g * H,)
    shapes = {"kernel": (D, g * H), "recurrent_kernel": (H, g * H), "bias": bias}
    return {name: rng.standard_normal(shape) / 2 for name, shape in shapes.items()}


def moved(kind, w, x, h, c):
    """One step by the equations of Keras, vectors as rows; the GRU resets after the product."""
    sigmoid = lambda a: 1 / (1 + np.exp(-a))  # noqa: E731
    inner = x @ w["kernel"] + (w["bias"][0] if kind == "GRU" else w["bias"])
    own = h @ w["recurrent_kernel"] + (w["bias"][1] if kind == "GRU" else 0)
    if kind == "SimpleRNN":
        return np.tanh(inner + own), c
    if kind == "LSTM":
        i, f, g, o = np.split(inner + own, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(c), c
    (xz, xr, xh), (hz, hr, hh) = np.split(inner, 3), np.split(own, 3)
    z = sigmoid(xz + hz)
    return z * h + (1 - z) * np.tanh(xh + sigmoid(xr + hr) * hh), c


def layer(kind, name, **settings):
    return {"class_name": kind, "config": {"name": name, "units": H, **settings}}


def model(*layers):
    return {"class_name": "Sequential", "config": {"name": "sequential", "layers": list(layers)}}


def saved_h5(path, groups, config=None, **attributes):
    with h5py.File(path, "w") as file:
        for group, arrays in groups.items():
            for name, W in arrays.items():
                file[f"{group}/{name}"] = W
        for name, value in attributes.items():
            file.attrs[name] = value
        if config is not None:
            file.attrs["model_config"] = json.dumps(config)


def saved_keras(path, groups, config):
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for group, arrays in groups.items():
            for number, W in enumerate(arrays.values()):
                file[f"{group}/vars/{number}"] = W
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", buffer.getvalue())


def coloned(arrays):
    return {f"{name}:0": W for name, W in arrays.items()}


def layouts(folder, kind, w):
    """The same layer as Keras 1 to 3 write it."""
    name = CLASSES[kind][1]
    config = model(layer(kind, "mine", reset_after=True))
    saved_h5(folder / "weights.h5", {f"{name}/{name}/{name}_cell": coloned(w)}, layer_names=[name])
    optimizer = {f"optimizer_weights/Adam/m/mine/{name}_cell": {"recurrent_kernel:0": w["kernel"]}}
    whole = {f"model_weights/mine/mine/{name}_cell": coloned(w)} | optimizer
    saved_h5(folder / "whole.h5", whole, config, keras_version="2.15.0")
    saved_h5(folder / "three.weights.h5", {f"layers/{name}/cell": _numbered(w)})
    saved_keras(folder / "archive.keras", {f"layers/{name}/cell": w}, config)
    subclassed = {"class_name": "Mine", "config": {}}
    saved_keras(folder / "subclassed.keras", {f"{name}/cell": w}, subclassed)
    return sorted(folder.glob("*.h5")) + sorted(folder.glob("*.keras"))


def _numbered(w):
    return {f"vars/{number}": W for number, W in enumerate(w.values())}


@pytest.mark.parametrize("kind", CLASSES)
def test_each_layout_has_the_gates_and_moves_as_keras_says(tmp_path, kind):
    w = weights(kind)
    for path in layouts(tmp_path, kind, w):
        found = load_matrices(path)
        for name, k in OURS[kind].items():
            assert np.array_equal(found[name], w["recurrent_kernel"][:, k * H : (k + 1) * H].T)
        assert {name.partition(".")[0] for name in found} == {"layer0"}, path
        contents = read_contents(path)
        assert not contents.formula
        assert not contents.assumed
        prefix = next(key for key in contents.arrays if key.endswith("weight_hh_l0"))[:-12]
        ((cell,),) = recurrent_cells(module_of_weights(contents.arrays, prefix))
        s, h, c = torch.zeros(1, cell.state_size).double(), np.zeros(H), np.zeros(H)
        for x in np.random.default_rng(1).standard_normal((5, D)):
            s = step(cell, torch.from_numpy(x)[None], s)
            h, c = moved(kind, w, x, h, c)
            np.testing.assert_allclose(s[0, :H], h, atol=1e-13)


def test_both_directions_and_nested_models(tmp_path):
    first, second, third = (weights("LSTM", seed) for seed in range(3))
    inner = layer("LSTM", "lstm")
    config = model(
        {"class_name": "Bidirectional", "config": {"name": "both", "layer": inner}},
        model(layer("GRU", "unused"), layer("LSTM", "deep")),
    )
    groups = {
        "layers/bidirectional/forward_layer/cell": first,
        "layers/bidirectional/backward_layer/cell": second,
        "layers/sequential/layers/lstm/cell": third,
    }
    saved_keras(tmp_path / "a.keras", groups, config)
    found = load_matrices(tmp_path / "a.keras")
    for name, w in {
        "bidirectional.layer0.input": first,
        "bidirectional.layer0.reverse.input": second,
        "sequential.lstm.layer0.input": third,
    }.items():
        assert np.array_equal(found[name], w["recurrent_kernel"][:, :H].T)


def test_stacked_cells_are_told_apart(tmp_path):
    cells = [layer("GRUCell", f"gru_cell_{k}", reset_after=True) for k in range(2)]
    stacked = {"class_name": "StackedRNNCells", "config": {"cells": cells}}
    config = model({"class_name": "RNN", "config": {"name": "rnn", "cell": stacked}})
    groups = {f"layers/rnn/cell/cells/gru_cell{k}": weights("GRU", 7) for k in ("", "_1")}
    saved_keras(tmp_path / "a.keras", groups, config)
    assert len({name.rpartition(".")[0] for name in load_matrices(tmp_path / "a.keras")}) == 2


FORMULAS = {
    "activation": ("LSTM", {"activation": "relu"}, "activation is relu, not tanh"),
    "gates": ("LSTM", {"recurrent_activation": "hard_sigmoid"}, "gates are hard_sigmoid"),
    "old gates": ("GRU", {"inner_activation": "hard_sigmoid"}, "gates are hard_sigmoid"),
    "reset": ("GRU", {"reset_after": False}, "before the product .*reset_after=False"),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_another_formula_has_matrices_and_no_jacobian(tmp_path, name):
    kind, settings, message = FORMULAS[name]
    w = weights(kind)
    if settings.get("reset_after") is False:
        w["bias"] = w["bias"][0]
    path, (_, word) = tmp_path / "a.keras", CLASSES[kind]
    saved_keras(path, {f"layers/{word}/cell": w}, model(layer(kind, "mine", **settings)))
    assert load_matrices(path)
    contents = read_contents(path)
    with pytest.raises(ValueError, match=message):
        weights_jacobian(contents.arrays, "layer0.jacobian@fixed0", contents.formula)


def test_weights_alone_of_an_old_keras_do_not_tell_their_gates(tmp_path):
    groups = {"lstm_1/lstm_1": coloned(weights("LSTM"))}
    saved_h5(tmp_path / "a.h5", groups, keras_version="2.1.6", layer_names=["lstm_1"])
    (reason,) = read_contents(tmp_path / "a.h5").formula.values()
    assert "Keras 2.1.6, whose gates are hard sigmoids" in reason


def test_a_layer_that_no_name_tells_is_taken_by_its_shape_with_a_word(tmp_path):
    saved_h5(tmp_path / "a.h5", {"rnn_1/rnn_1": coloned(weights("LSTM"))}, layer_names=["rnn_1"])
    with pytest.warns(
        AssumptionWarning, match=r"rnn_1 is taken for an LSTM by the shape \(4, 16\)"
    ):
        load_matrices(tmp_path / "a.h5")


def test_the_gates_of_keras_1_lie_apart(tmp_path):
    w = weights("LSTM")
    arrays = {
        f"lstm_1_{part}_{gate}": block
        for part, name in (("W", "kernel"), ("U", "recurrent_kernel"), ("b", "bias"))
        for gate, block in zip("ifco", np.split(w[name], 4, axis=-1), strict=True)
    }
    saved_h5(tmp_path / "a.h5", {"lstm_1": arrays}, keras_version="1.2.2", layer_names=["lstm_1"])
    found = load_matrices(tmp_path / "a.h5")
    assert np.array_equal(found["layer0.cell"], w["recurrent_kernel"][:, 2 * H : 3 * H].T)
    assert read_contents(tmp_path / "a.h5").formula


ODD = {
    "another class": ({"lstm": weights("LSTM")}, model(layer("PeepholeLSTM", "lstm")), "class P"),
    "another shape": ({"gru": weights("LSTM")}, None, r"must have shape \(h, 3\*h\), got"),
    "peepholes": ({"lstm": weights("LSTM") | {"peep": np.ones(H)}}, None, "stands peep, so that"),
    "bias": ({"lstm": weights("LSTM") | {"bias": np.ones(5)}}, None, r"its bias must .* got .5"),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_one_odd_layer_is_named_and_does_not_stop_the_others(tmp_path, name):
    groups, config, message = ODD[name]
    groups = {f"model_weights/{key}/{key}": value for key, value in groups.items()}
    good = {"model_weights/good/good/gru_cell": weights("GRU")}
    saved_h5(tmp_path / "a.h5", groups | good, config)
    with pytest.warns(LeftOutWarning, match=message):
        found = load_matrices(tmp_path / "a.h5")
    assert list(found) == ["layer0.reset", "layer0.update", "layer0.new", "layer0.stacked"]
    saved_h5(tmp_path / "b.h5", groups, config)
    with pytest.raises(ValueError, match=message):
        load_matrices(tmp_path / "b.h5")


def test_other_arrays_keep_their_keys_and_optimisers_are_never_read(tmp_path):
    saved_h5(
        tmp_path / "a.h5",
        {
            "model_weights/gru/gru/gru_cell": coloned(weights("GRU")),
            "model_weights/dense/dense": {"kernel:0": np.eye(H)},
            "optimizer_weights/gru/gru_cell": {"recurrent_kernel:0": np.zeros((H, 3 * H))},
        },
    )
    contents = read_contents(tmp_path / "a.h5")
    assert not [key for key in contents.arrays if "optimizer" in key]
    key = "model_weights/dense/dense/kernel:0"
    found = load_matrices(tmp_path / "a.h5", key)
    assert np.array_equal(next(iter(found.values())), np.eye(H))


def test_hdf5_without_a_network_is_a_file_of_matrices(tmp_path):
    saved_h5(tmp_path / "a.h5", {"system": {"A": np.eye(2), "words": "none"}})
    assert list(load_matrices(tmp_path / "a.h5")) == ["system.A"]


def test_without_the_package_the_way_is_named(tmp_path, monkeypatch):
    saved_h5(tmp_path / "a.h5", {"gru": weights("GRU")})
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ValueError, match=r"`pip install 'rnnspec\[keras\]'` installs"):
        load_matrices(tmp_path / "a.h5")


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_weights_in_the_memory_of_cudnn_are_those_of_the_usual_layer(tmp_path, kind):
    w, g = weights(kind), CLASSES[kind][0]
    both = w["bias"] if kind == "GRU" else np.stack([w["bias"], np.zeros(g * H)])
    packed = {  # each gate's block turned, and its kernel filled column by column
        "kernel": np.hstack([K.T.reshape(K.shape) for K in np.hsplit(w["kernel"], g)]),
        "recurrent_kernel": np.hstack([R.T for R in np.hsplit(w["recurrent_kernel"], g)]),
        "bias": both.ravel(),
    }
    name = CLASSES[kind][1]
    groups = [{f"{name}/{name}": coloned(arrays)} for arrays in (w, packed)]
    usual, cudnn = tmp_path / "usual.h5", tmp_path / "cudnn.h5"
    for path, arrays in zip((usual, cudnn), groups, strict=True):
        saved_h5(path, arrays, layer_names=[name])
    found, expected = read_contents(cudnn), read_contents(usual)
    assert not found.formula
    for key, W in expected.arrays.items():
        assert np.array_equal(found.arrays[key], W), key


def test_square_kernels_of_layers_without_state_are_no_matrices(tmp_path):
    path = tmp_path / "dense.weights.h5"
    with h5py.File(path, "w") as file:
        file["layers/dense/vars/0"] = np.eye(4)
    with pytest.raises(
        ValueError, match=r"found none .*layers.dense.vars.0 \(4, 4\); a square one"
    ):
        load_matrices(path)
    assert list(load_matrices(path, "layers.dense.vars.0")) == ["layers.dense.vars.0"]


def test_layers_within_a_cell_make_another_formula(tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "a.weights.h5"
    with h5py.File(path, "w") as file:
        for k, shape in enumerate([(3, 12), (4, 12), (2, 12)]):
            file[f"layers/gru/cell/vars/{k}"] = rng.standard_normal(shape)
        file["layers/gru/cell/seed_generator/vars/0"] = np.zeros(2, "u4")
    assert read_contents(path).formula == {}
    with h5py.File(path, "a") as file:
        file["layers/gru/cell/layer_norm/vars/0"] = np.ones(12)
    (reason,) = read_contents(path).formula.values()
    assert reason.startswith("within it lies layer_norm/vars/0")
    assert list(load_matrices(path))[:1] == ["layer0.reset"]
