import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from rnnspec import SequenceClassifier, recurrent_matrices
from rnnspec.models import stacked_matrices
from rnnspec.models.gates import CELLS, GATES
from rnnspec.models.recurrent import recurrent_blocks
from rnnspec.models.remarks import AssumptionWarning

H = 5
MODULES = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


def same(found, expected):
    assert list(found) == list(expected)
    for name, W in found.items():
        assert W.dtype == np.float64
        assert np.array_equal(W, expected[name]), name


def named(cell, weight, name="layer0"):
    """What the matrices of one weight should be."""
    W = weight.detach().double().numpy()
    gates = GATES[cell]
    if not gates:
        return {name: W}
    return {f"{name}.{gate}": W[i * H : (i + 1) * H] for i, gate in enumerate(gates)}


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_names_of_layers_directions_and_gates(cell, layers, bidirectional):
    model = SequenceClassifier(cell, 2, 3, H, layers, bidirectional)
    expected = {}
    for k in range(layers):
        for suffix, reverse in (("", ""), ("_reverse", ".reverse"))[: 1 + bidirectional]:
            weight = getattr(model.recurrent, f"weight_hh_l{k}{suffix}")
            expected |= named(cell, weight, f"layer{k}{reverse}")
    same(recurrent_matrices(model), expected)
    same(recurrent_matrices(model.state_dict()), expected)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def step_parts(module, x):
    """U x + b, per gate, and the recurrent bias per gate."""
    cast = {k: v.detach().double().numpy() for k, v in module.named_parameters()}
    inner = cast["weight_ih_l0"] @ x + cast["bias_ih_l0"]
    n = len(inner) // H
    return inner.reshape(n, H), cast["bias_hh_l0"].reshape(n, H)


def test_lstm_gates_act_as_named():
    torch.manual_seed(17)
    module = nn.LSTM(2, H).double()
    x, h, c = torch.randn(2).double(), torch.randn(H).double(), torch.randn(H).double()
    W = recurrent_matrices(module)
    inner, bias = step_parts(module, x.numpy())
    z = {g: inner[i] + bias[i] + W[f"layer0.{g}"] @ h.numpy() for i, g in enumerate(GATES["lstm"])}
    cell = sigmoid(z["forget"]) * c.numpy() + sigmoid(z["input"]) * np.tanh(z["cell"])
    out, (_, c_torch) = module(x[None, None], (h[None, None], c[None, None]))
    np.testing.assert_allclose(c_torch.detach().numpy().ravel(), cell, atol=1e-12)
    np.testing.assert_allclose(
        out.detach().numpy().ravel(), sigmoid(z["output"]) * np.tanh(cell), atol=1e-12
    )


def test_gru_gates_act_as_named():
    torch.manual_seed(18)
    module = nn.GRU(2, H).double()
    x, h = torch.randn(2).double(), torch.randn(H).double()
    W = recurrent_matrices(module)
    inner, bias = step_parts(module, x.numpy())
    own = {g: W[f"layer0.{g}"] @ h.numpy() + bias[i] for i, g in enumerate(GATES["gru"])}
    reset, update = sigmoid(inner[0] + own["reset"]), sigmoid(inner[1] + own["update"])
    new = np.tanh(inner[2] + reset * own["new"])
    out, _ = module(x[None, None], h[None, None])
    np.testing.assert_allclose(
        out.detach().numpy().ravel(), (1 - update) * new + update * h.numpy(), atol=1e-12
    )


class Foreign(nn.Module):
    def __init__(self, **parts):
        super().__init__()
        for name, part in parts.items():
            self.add_module(name, part)


def test_a_foreign_module_with_one_recurrent_layer():
    lstm = nn.LSTM(2, H, batch_first=True)
    module = Foreign(embed=nn.Linear(2, 2), body=nn.Sequential(Foreign(lstm=lstm)))
    same(recurrent_matrices(module), named("lstm", lstm.weight_hh_l0))
    same(recurrent_matrices(module.state_dict()), named("lstm", lstm.weight_hh_l0))
    wrapped = {f"_orig_mod.module.{key}": value for key, value in module.state_dict().items()}
    same(recurrent_matrices(wrapped), named("lstm", lstm.weight_hh_l0))


def test_several_recurrent_modules_keep_their_names_apart():
    parts = {"encoder": nn.GRU(2, H), "decoder": nn.RNN(2, H)}
    expected = named("gru", parts["encoder"].weight_hh_l0, "encoder.layer0")
    expected |= named("rnn", parts["decoder"].weight_hh_l0, "decoder.layer0")
    same(recurrent_matrices(Foreign(**parts)), expected)
    same(recurrent_matrices(Foreign(**parts).state_dict()), expected)


@pytest.mark.parametrize(
    ("cell", "module"), [("rnn", nn.RNNCell), ("lstm", nn.LSTMCell), ("gru", nn.GRUCell)]
)
def test_cell_classes(cell, module):
    module = module(2, H)
    same(recurrent_matrices(module), named(cell, module.weight_hh))
    with pytest.warns(AssumptionWarning, match="the keys do not name the cell"):
        found = recurrent_matrices(Foreign(cell=module).state_dict())
    same(found, named(cell, module.weight_hh))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_any_precision_is_read(dtype):
    W = torch.eye(3, dtype=dtype) / 4
    same(recurrent_matrices({"weight_hh_l0": W}), {"layer0": np.eye(3) / 4})
    same(recurrent_matrices({"weight_hh_l0": np.eye(3, dtype="f2")}), {"layer0": np.eye(3)})


def test_the_stack_is_torchs_own_matrix():
    gru, rnn = nn.GRU(2, H), nn.RNN(2, H)
    same(stacked_matrices(gru), {"layer0.stacked": gru.weight_hh_l0.detach().double().numpy()})
    assert stacked_matrices(rnn) == {}
    W = np.vstack(list(recurrent_matrices(gru).values()))
    assert np.array_equal(W, stacked_matrices(gru)["layer0.stacked"])


def test_matrices_do_not_share_memory_with_the_model():
    rnn = nn.RNN(2, H).double()
    before = rnn.weight_hh_l0.detach().clone()
    for W in recurrent_matrices(rnn).values():
        W += 1
    assert torch.equal(rnn.weight_hh_l0, before)


def test_files_and_run_directories(tmp_path):
    model = SequenceClassifier("gru", 2, 3, H)
    expected = recurrent_matrices(model)
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    torch.save(model.state_dict(), tmp_path / "a.pt")
    torch.save({"model_state_dict": model.state_dict(), "epoch": 3}, tmp_path / "b.pth")
    for source in (tmp_path, tmp_path / "model.safetensors", tmp_path / "a.pt", tmp_path / "b.pth"):
        same(recurrent_matrices(source), expected)
        same(recurrent_matrices(str(source)), expected)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (nn.Linear(2, 2), "must hold recurrent weights .*found none"),
        ({}, "found none"),
        ({"weight_ih_l0": np.eye(2), "hh_l0": np.eye(2)}, "found none"),
        (
            nn.LSTM(2, 6, proj_size=4),
            r"weight_hh_l0 acts on a projection .* weight_hh_l0 @ weight_hr_l0",
        ),
        ({"weight_hh_l0": np.zeros((5, 2))}, r"`weight_hh_l0` must have .* got \(5, 2\)"),
        ({"weight_hh_l0": np.zeros(4)}, r"got \(4,\)"),
        (np.eye(2), "must be a torch module, a state dict or a path, got ndarray"),
        ("nowhere.pt", "nowhere.pt does not exist"),
    ],
)
def test_sources_that_are_none(source, message):
    with pytest.raises(ValueError, match=message):
        recurrent_matrices(source)


@pytest.mark.parametrize("cell", CELLS)
def test_blocks_are_the_matrices_and_writing_them_writes_the_network(cell):
    model = SequenceClassifier(cell, 2, 3, H, layers=2, bidirectional=True)
    blocks = recurrent_blocks(model)
    same({name: W.double().numpy() for name, W in blocks.items()}, recurrent_matrices(model))
    for number, W in enumerate(blocks.values()):
        W.fill_(number)
    for number, W in enumerate(recurrent_matrices(model).values()):
        assert (W == number).all()


def test_weights_that_are_computed_are_not_written():
    model = nn.GRU(2, H)
    nn.utils.parametrizations.weight_norm(model, "weight_hh_l0")
    with pytest.raises(ValueError, match="`module` must hold plain weights .* those of layer0"):
        recurrent_blocks(model)
