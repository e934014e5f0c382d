import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import prune

import rnnspec
from rnnspec import recurrent_matrices, state_jacobians
from rnnspec.models.acting import acting_weights
from rnnspec.models.layers import recurrent_cells
from rnnspec.models.parts import recurrent_parts
from rnnspec.models.recurrent import recurrent_blocks
from rnnspec.models.remarks import LeftOutWarning

MODULES = {
    "rnn": lambda: nn.RNN(3, 4, num_layers=2, bidirectional=True),
    "lstm": lambda: nn.LSTM(3, 4, num_layers=2),
    "gru": lambda: nn.GRU(3, 4, bias=False),
    "rnn cell": lambda: nn.RNNCell(3, 4),
    "lstm cell": lambda: nn.LSTMCell(3, 4),
    "gru cell": lambda: nn.GRUCell(3, 4, bias=False),
}
QUANTISATION = pytest.mark.filterwarnings(
    "ignore:torch.ao.quantization is deprecated",
    "ignore:torch.quantize_per_tensor",
    "ignore:.*TypedStorage is deprecated",
)


def same(found, expected):
    assert list(found) == list(expected)
    for name, W in found.items():
        np.testing.assert_array_equal(W, expected[name])


@pytest.mark.filterwarnings("ignore:`torch.jit.(script|trace|trace_method)` is deprecated")
@pytest.mark.filterwarnings("ignore:.torch.jit.(script|trace).* is (deprecated|not supported)")
@pytest.mark.parametrize("name", MODULES)
def test_scripted_parts_are_the_modules_that_were_scripted(name):
    module = MODULES[name]()
    scripted = torch.jit.script(module)
    same(recurrent_matrices(scripted), recurrent_matrices(module))
    if not getattr(module, "bidirectional", False):
        x = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(1))
        np.testing.assert_array_equal(state_jacobians(scripted, x), state_jacobians(module, x))
    inside = torch.jit.script(nn.ModuleDict({"a": module, "b": nn.Linear(3, 3)})["a"])
    same(recurrent_matrices(inside), recurrent_matrices(module))


@pytest.mark.filterwarnings("ignore:.torch.jit.(script|trace).* is (deprecated|not supported)")
def test_a_scripted_network_around_its_part_is_refused_with_the_way_out():
    model = torch.jit.script(nn.Sequential(nn.Linear(3, 3), nn.GRU(3, 4)))
    same(recurrent_matrices(model), recurrent_matrices(model[1]))
    with pytest.raises(ValueError, match=r"before torch\.jit\.script .*get_submodule\('1'\)"):
        state_jacobians(model, torch.zeros(2, 5, 3))


@pytest.mark.filterwarnings("ignore:.torch.jit.(script|trace).* is (deprecated|not supported)")
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
def test_a_traced_rnn_does_not_say_its_nonlinearity():
    traced = torch.jit.trace(nn.RNN(3, 4, nonlinearity="relu"), torch.zeros(2, 5, 3))
    assert recurrent_matrices(traced)["layer0"].shape == (4, 4)
    with pytest.raises(ValueError, match="must be a tanh rnn, got nonlinearity=None"):
        state_jacobians(traced, torch.zeros(2, 5, 3))


@QUANTISATION
@pytest.mark.parametrize("make", [lambda: nn.LSTM(3, 4, num_layers=2), lambda: nn.GRUCell(3, 4)])
def test_quantised_weights_are_taken_with_their_scale(make):
    module = make().eval()
    quantised = torch.ao.quantization.quantize_dynamic(
        nn.Sequential(module), {type(module)}, dtype=torch.qint8
    )
    found, exact = recurrent_matrices(quantised), recurrent_matrices(module)
    assert list(found) == list(exact)
    for name, W in exact.items():
        step = max(abs(A).max() for A in exact.values()) / 127
        assert 0 < abs(found[name] - W).max() <= step  # rounded, and no integers
    with pytest.raises(ValueError, match="must compute in floating point, got a dynamically quant"):
        state_jacobians(quantised[0], torch.zeros(2, 5, 3))


def test_integers_without_a_scale_are_refused():
    rnn = nn.RNN(3, 4, bias=False)
    rnn.weight_hh_l0 = nn.Parameter(torch.ones(4, 4, dtype=torch.int8), requires_grad=False)
    with pytest.raises(ValueError, match=r"`weight_hh_l0` must hold real .* torch\.int8 without a"):
        recurrent_matrices(rnn)


def test_complex_weights_stay_complex_and_have_no_real_state_map():
    rnn = nn.RNN(3, 4, dtype=torch.complex64)
    W = recurrent_matrices(rnn)["layer0"]
    assert W.dtype == np.complex128
    np.testing.assert_array_equal(W, rnn.weight_hh_l0.detach().numpy())
    with pytest.raises(ValueError, match=r"must have real weights, got torch\.complex64 in weight"):
        recurrent_cells(rnn)


class Foreign(nn.Module):
    """A cell with gates of its own under PyTorch's names."""

    def __init__(self):
        super().__init__()
        self.weight_ih, self.weight_hh = (nn.Parameter(torch.ones(16, n)) for n in (3, 4))


def test_a_cell_of_another_make_is_not_taken_for_an_lstm():
    for module in (Foreign(), nn.Sequential(nn.Linear(3, 3), Foreign())):
        with pytest.raises(ValueError, match=r"of Foreign, which is none of .* cut='lstm"):
            recurrent_matrices(module)
        with pytest.raises(ValueError, match="found none .*weight_hh of Foreign"):
            state_jacobians(module, torch.zeros(2, 5, 3))
    both = nn.ModuleDict({"known": nn.GRU(3, 4), "foreign": Foreign()})
    with pytest.warns(
        LeftOutWarning, match=r"left out: foreign\.weight_hh of Foreign, which is none"
    ):
        same(recurrent_matrices(both), recurrent_matrices(both["known"]))
    with pytest.raises(ValueError, match=r"got known \(GRU\), foreign\.weight_hh of Foreign"):
        state_jacobians(both, torch.zeros(2, 5, 3))


def test_one_odd_weight_does_not_stop_the_good_ones():
    model = nn.ModuleDict({"a": nn.LSTM(3, 4, proj_size=2), "b": nn.GRU(3, 4)})
    with pytest.warns(LeftOutWarning, match=r"left out: a\.weight_hh_l0 acts on a projection"):
        same(recurrent_matrices(model), recurrent_matrices(model["b"]))


def test_a_weight_that_something_unknown_computes_is_refused():
    rnn = nn.RNN(3, 4)
    del rnn.weight_hh_l0
    rnn.weight_hh_l0 = torch.eye(4)
    with pytest.raises(
        ValueError, match=r"must be a parameter, got a plain tensor, which may be out of date"
    ):
        recurrent_matrices(rnn)
    with pytest.raises(ValueError, match="must be a parameter"):
        state_jacobians(rnn, torch.zeros(2, 5, 3))


def test_blocks_of_computed_weights_are_not_written():
    rnn = nn.RNN(3, 4)
    prune.l1_unstructured(rnn, "weight_hh_l0", 0.5)
    with pytest.raises(ValueError, match=r"those of layer0 are computed .* `rnnspec\.bake`"):
        recurrent_blocks(rnn)
    rnnspec.bake(rnn)
    recurrent_blocks(rnn)["layer0"].fill_(2.0)
    assert (rnn.weight_hh_l0 == 2).all()


def test_a_part_of_a_part_counts_once():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = self.second = nn.GRU(3, 4)

    assert [part.name for part in recurrent_parts(Twice())] == ["first"]


@pytest.mark.parametrize("name", MODULES)
def test_weights_have_plain_names(name):
    module = MODULES[name]()
    (part,) = recurrent_parts(module)
    weights = acting_weights(module, part)
    assert set(weights) == set(module.state_dict())
    assert all(torch.equal(weights[key], value) for key, value in module.state_dict().items())
    assert part.is_cell == name.endswith("cell")


@pytest.mark.filterwarnings("ignore:`torch.nn.utils.weight_norm`:FutureWarning")
def test_any_weight_of_a_module_is_asked_for_by_its_key_as_it_acts():
    class Leaky(nn.Module):
        def __init__(self):
            super().__init__()
            self.h2h = nn.Linear(4, 4)

    for wrap in (
        lambda m: prune.l1_unstructured(m, "weight", 0.5),
        lambda m: nn.utils.weight_norm(m),
        lambda m: nn.utils.parametrizations.orthogonal(m),
    ):
        model = Leaky()
        wrap(model.h2h)
        acting = model.h2h(torch.eye(4)) - model.h2h.bias  # renewed by the call
        (W,) = recurrent_matrices(model, key="h2h.weight").values()
        np.testing.assert_allclose(W, acting.T.detach().numpy(), atol=1e-6)
    gates = recurrent_matrices(Foreign(), key="weight_hh", cut="lstm:ifgo:rows")
    assert list(gates) == [f"weight_hh.{gate}" for gate in ("input", "forget", "cell", "output")]
