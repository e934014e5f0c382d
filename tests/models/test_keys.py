"""What keys and shapes say, and what they do not: nothing is taken for another cell in silence."""

import numpy as np
import pytest
import torch
from torch import nn

from rnnspec import load_matrices, recurrent_matrices
from rnnspec.models.keys import weights_in
from rnnspec.models.nested import flatten
from rnnspec.models.remarks import AssumptionWarning, LeftOutWarning

H, D = 4, 3


def state(rows_hh, rows_ih=None, columns=H, suffix="", **others):
    """A state dict of a cell with these shapes."""
    rows_ih = rows_hh if rows_ih is None else rows_ih
    shapes = {
        "weight_ih": (rows_ih, D),
        "weight_hh": (rows_hh, columns),
        "bias_ih": (rows_ih,),
        "bias_hh": (rows_hh,),
        **others,
    }
    return {key + suffix: torch.ones(shape) for key, shape in shapes.items()}


# Cells of the literature whose state dicts have other keys, or shapes, than PyTorch's cells.
OTHERS = {
    "peephole lstm": state(4 * H, weight_ph=(3 * H,)),
    "lstm that projects": state(4 * H, weight_proj=(H, H), weight_ph=(3 * H,)),
    "multiplicative lstm": state(H, 5 * H, weight_mh=(4 * H, H), bias_mh=(4 * H,)),
    "working memory lstm": state(4 * H, weight_mh=(3 * H, H)),
    "oscillators": state(H, weight_ch=(H, H), bias_ch=(H,)),
    "long expressive memory": state(3 * H, 4 * H, weight_ch=(H, H)),
    "fast rnn": state(H, alpha=(1,), beta=(1,)),
    "fast grnn": state(H, zeta=(1,), nu=(1,)),
    "minimal rnn": state(H, weight_mm=(H, H)),
    "gated antisymmetric": state(H, 2 * H),
    "light unit": state(H, 2 * H),
    "mutant 1": state(2 * H, 3 * H),
    "minimal gated unit": state(2 * H),
    "nas": state(8 * H),
    "mass conserving": state(5 * H),
    "independent": {**state(H), "weight_hh": torch.ones(H)},
    "independent by its own name": {"weight_ih": torch.ones(H, D), "vector_u": torch.ones(H)},
}
# Those that have exactly the keys and shapes of one of PyTorch's.
TWINS = {
    "mutant 2, original lstm": (state(3 * H), "nn.GRUCell"),
    "tau gru, intersection rnn": (state(4 * H), "nn.LSTMCell"),
    "antisymmetric, atr": (state(H), "nn.RNNCell"),
    "typed, of 3 inputs": (state(4 * D, columns=D), "nn.LSTMCell"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_cells_are_refused_by_name(name):
    with pytest.raises(ValueError, match="weight_hh|found none"):
        recurrent_matrices(OTHERS[name])


@pytest.mark.parametrize("name", TWINS)
def test_what_is_assumed_of_a_cell_is_told_with_the_other_way(name):
    weights, cell = TWINS[name]
    with pytest.warns(
        AssumptionWarning, match=rf"weight_hh` \(\d+, \d\).*{cell}.*--cut CELL:GATES:AXIS"
    ):
        found = recurrent_matrices(weights)
    assert found


def test_a_cell_is_said_outright():
    with pytest.warns(AssumptionWarning):
        recurrent_matrices(state(3 * H))
    W = torch.arange(3.0 * H * H).reshape(3 * H, H)
    found = recurrent_matrices({**state(3 * H), "weight_hh": W}, "weight_hh", "gru:znr:rows")
    assert list(found) == ["weight_hh.update", "weight_hh.new", "weight_hh.reset"]
    assert np.array_equal(found["weight_hh.reset"], W[2 * H :].double().numpy())
    assert list(recurrent_matrices(state(H), "weight_hh")) == ["weight_hh"]


@pytest.mark.parametrize("beside", ["h0", "c0", "init_hidden"])
def test_a_state_to_start_from_is_no_other_cell(beside):
    assert recurrent_matrices({**state(H, suffix="_l0"), beside: torch.ones(H)})


def test_what_stands_beside_a_layer_is_told():
    with pytest.warns(AssumptionWarning, match="beside it stands leak"):
        recurrent_matrices({**state(H, suffix="_l0"), "leak": torch.ones(1)})
    with pytest.raises(ValueError, match="beside it stands leak_l0, which no cell"):
        recurrent_matrices({**state(H, suffix="_l0"), "leak_l0": torch.ones(1)})


def test_a_projecting_lstm_is_named():
    with pytest.raises(ValueError, match="proj_size"):
        recurrent_matrices(nn.LSTM(D, 6, proj_size=4).state_dict())
    with pytest.raises(ValueError, match="weight_hh_l0` belongs to an LSTM with proj_size"):
        recurrent_matrices(nn.LSTM(D, 3, proj_size=2).state_dict() | {"weight_hh_l0": np.eye(3)})


BAD = {
    "nan": (lambda W: W.index_put((torch.tensor(5), torch.tensor(2)), torch.tensor(torch.nan)),
            r"`bad\.weight_hh_l1` must be finite, got nan at \[5, 2\], in layer1.forget at"),
    "integers": (lambda W: W.to(torch.int8), r"`bad\.weight_hh_l1` holds integers without"),
    "shape": (lambda W: W[:5], r"`bad\.weight_hh_l1` must have shape .* got \(5, 4\) .no cell"),
    "turned": (lambda W: W.mT.contiguous(), r"`bad\.weight_hh_l1` .*gates stand beside"),
    "rows": (lambda W: W[: 3 * H], r"`bad\.weight_hh_l1` is not that of a nn.GRU: weight_ih"),
}  # fmt: skip


@pytest.mark.parametrize("bad", BAD)
def test_one_odd_weight_is_named_and_never_stops_the_good_ones(tmp_path, bad):
    spoil, message = BAD[bad]
    lstm = {f"bad.{key}": W for key, W in nn.LSTM(D, H, num_layers=2).state_dict().items()}
    good = recurrent_matrices(lstm)
    lstm["bad.weight_hh_l1"] = spoil(lstm["bad.weight_hh_l1"])
    torch.save(lstm, tmp_path / "bad.pt")
    for read in (lambda: recurrent_matrices(lstm), lambda: load_matrices(tmp_path / "bad.pt")):
        with pytest.warns(LeftOutWarning, match=message):
            found = read()
        gates = [name for name in found if name != "layer0.stacked"]
        assert gates == [name for name in good if name.startswith("layer0")]
        assert all(np.array_equal(found[name], good[name]) for name in gates)
    del lstm["bad.weight_hh_l0"]
    with pytest.raises(ValueError, match=message):
        recurrent_matrices(lstm)


def test_complex_weights_stay_complex():
    W = torch.eye(H, dtype=torch.complex64) * 1j
    (found,) = recurrent_matrices({"weight_hh_l0": W}).values()
    assert found.dtype == np.complex128
    assert np.array_equal(found, 1j * np.eye(H))


@pytest.mark.filterwarnings("ignore:torch.quantize")
def test_quantised_weights_are_taken_with_their_scale():
    W = torch.quantize_per_tensor(torch.eye(H), 0.25, 3, torch.qint8)
    (found,) = recurrent_matrices({"weight_hh_l0": W}).values()
    assert np.array_equal(found, np.eye(H))


def test_nested_mappings_have_dotted_keys():
    gru = nn.GRU(D, H).state_dict()
    nested = {"net": {"encoder": gru, "decoder": gru}, "epoch": 3, "parts": [{"b": [1.0]}]}
    assert list(flatten(nested))[0] == "net.encoder.weight_ih_l0"
    assert "parts.0.b" in flatten(nested)
    names = {name.rpartition(".")[0] for name in recurrent_matrices(nested)}
    assert names == {"net.encoder.layer0", "net.decoder.layer0"}
    assert len(weights_in(nested).stacks) == 2


def test_found_none_lists_the_keys_up_to_a_dozen():
    many = {f"part{k}.bias": np.ones(k) for k in range(20)} | {"h2h.weight": np.ones((5, 2))}
    with pytest.raises(ValueError, match=r"found none.*h2h.weight \(5, 2\), part0.*and 9 more"):
        recurrent_matrices(many)


def test_a_norm_in_the_module_of_a_cell_is_told():
    weights = {f"cell.{key}": W for key, W in state(4 * H).items()}
    with pytest.warns(AssumptionWarning, match=r"an assumption, because beside it stands ln_ih"):
        recurrent_matrices({**weights, "cell.ln_ih.weight": torch.ones(4 * H)})
    named = {f"rnn.{key}": W for key, W in torch.nn.RNN(2, H).state_dict().items()}
    with pytest.warns(AssumptionWarning, match=r"_hh_l0` .*because beside it stands norm.weight"):
        recurrent_matrices({**named, "rnn.norm.weight": torch.ones(H)})


def test_lists_of_rows_of_several_lengths_never_stop_the_weights():
    found = recurrent_matrices({**torch.nn.RNN(2, H).state_dict(), "sizes": [[3, 4], [5]]})
    assert list(found) == ["layer0"]
