"""Files of arrays: keys before shapes, and nothing left out without a word."""

import numpy as np
import pytest
import torch
from scipy import io as scipy_io
from torch import nn

from rnnspec import load_matrices
from rnnspec.models.remarks import LeftOutWarning

H = 3
rng = np.random.default_rng(0)
SQUARE, STACK = rng.standard_normal((H, H)), rng.standard_normal((3 * H, H))


def texts(caught):
    return [str(one.message) for one in caught if one.category is LeftOutWarning]


@pytest.mark.parametrize(
    "name",
    [
        "enc_w_hh",
        "0.wh",
        "layer/wh",
        "recurrent_kernel",
        "w_h_gates",
        "hh",
        "W_rec",
        "h2h.weight",
        "Whh_0",
        "w-hh",
        "W_hr",
        "rnn/hidden_to_hidden/w",
        "RecurrentWeights",
        "w_hh_l1_reverse",
    ],
)
def test_recurrent_names_are_taken_and_input_matrices_are_not(tmp_path, name):
    arrays = {"wx": SQUARE, name: SQUARE, "enc_w_ih": SQUARE, "out": SQUARE, "b": np.ones(H)}
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.warns(LeftOutWarning) as caught:
        found = load_matrices(tmp_path / "a.npz")
    assert list(found) == [name]
    for left, why in (("wx", "reads the input"), ("enc_w_ih", "reads"), ("out", "not recurrent")):
        assert any(f"`{left}`" in text and why in text for text in texts(caught))
    assert list(load_matrices(tmp_path / "a.npz", "wx")) == ["wx"]


@pytest.mark.parametrize(
    "name",
    [
        "wx",
        "w_input",
        "weight_ih",
        "enc_w_ih",
        "gru/kernel",
        "i2h",
        "Wih_1",
        "w-ih",
        "W_ir",
        "rnn/input_to_hidden/w",
        "InputWeights",
        "W_hx",
    ],
)
def test_a_square_input_matrix_alone_is_not_measured(tmp_path, name):
    np.savez(tmp_path / "a.npz", **{name: SQUARE})
    with pytest.raises(ValueError, match=f"`{name}` is square, but by its name it reads"):
        load_matrices(tmp_path / "a.npz")


def test_a_stack_of_unknown_order_is_never_cut_by_guess(tmp_path):
    np.savez(tmp_path / "a.npz", enc_w_hh=STACK, w_h=STACK.T, hh=SQUARE)
    with pytest.warns(LeftOutWarning) as caught:
        assert list(load_matrices(tmp_path / "a.npz")) == ["hh"]
    rows, columns = texts(caught)
    assert "--matrix enc_w_hh --cut gru:rzn:rows" in rows
    assert "--matrix w_h --cut gru:rzn:columns" in columns
    found = load_matrices(tmp_path / "a.npz", "w_h", "gru:rzn:columns")
    assert np.array_equal(found["w_h.update"], STACK[H : 2 * H])


def test_names_of_pytorch_are_cut_as_a_state_dict(tmp_path):
    state = {key: W.numpy() for key, W in nn.LSTM(2, H).state_dict().items()}
    np.savez(tmp_path / "a.npz", **state)
    torch.save(nn.LSTM(2, H).state_dict(), tmp_path / "a.pt")
    assert list(load_matrices(tmp_path / "a.npz")) == list(load_matrices(tmp_path / "a.pt"))


def test_neutral_names_are_matrices(tmp_path):
    np.savez(tmp_path / "a.npz", A=SQUARE, B=STACK, M1=np.eye(2, dtype=int))
    assert list(load_matrices(tmp_path / "a.npz")) == ["A", "B", "M1"]


def test_single_numbers_and_tensors_of_more_axes_are_left_out(tmp_path):
    scipy_io.savemat(tmp_path / "a.mat", {"Ts": 0.1, "A": SQUARE, "T": np.ones((2, 2, 2))})
    with pytest.warns(LeftOutWarning) as caught:
        assert list(load_matrices(tmp_path / "a.mat")) == ["A"]
    assert sorted(text.partition(": left out: ")[2] for text in texts(caught)) == [
        "`T` (2, 2, 2) has more than two dimensions",
        "`Ts` is a single number",
    ]
    scipy_io.savemat(tmp_path / "one.mat", {"A": 0.1})
    assert load_matrices(tmp_path / "one.mat")["A"] == 0.1


def test_a_nan_names_its_array_and_leaves_the_others(tmp_path):
    bad = SQUARE.copy()
    bad[1, 2] = np.inf
    np.savez(tmp_path / "a.npz", A=SQUARE, bad=bad)
    with pytest.warns(LeftOutWarning, match=r"`bad` must be finite, got inf at \[1, 2\]"):
        assert list(load_matrices(tmp_path / "a.npz")) == ["A"]


def test_integers_under_a_recurrent_name_are_not_taken_bare(tmp_path):
    np.savez(tmp_path / "a.npz", w_hh=np.eye(3, dtype=np.int8), A=SQUARE)
    with pytest.raises(ValueError, match="`w_hh` holds integers without their scale"):
        load_matrices(tmp_path / "a.npz")


def test_weights_without_a_recurrent_name_list_their_keys(tmp_path):
    torch.save(nn.Linear(H, H).state_dict(), tmp_path / "a.pt")
    with pytest.raises(ValueError, match=r"found none.*weight \(3, 3\).*--matrix KEY"):
        load_matrices(tmp_path / "a.pt")
    assert list(load_matrices(tmp_path / "a.pt", "weight")) == ["weight"]


def test_a_name_of_a_matrix_and_the_nearest_one(tmp_path):
    torch.save(nn.LSTM(2, H).state_dict(), tmp_path / "a.pt")
    assert list(load_matrices(tmp_path / "a.pt", "layer0.forget")) == ["layer0.forget"]
    with pytest.raises(ValueError, match=r"no matrix 'layer0.forgot' \(did you mean layer0.forg"):
        load_matrices(tmp_path / "a.pt", "layer0.forgot")


def test_empty_arrays_and_those_of_more_axes_never_stop_the_good_ones(tmp_path):
    np.savez(tmp_path / "a.npz", A=SQUARE, empty=np.zeros((0, 0)))
    np.savez(tmp_path / "b.npz", W_rec=SQUARE, W_hh=np.ones((2, H, H)), w_hh=np.ones(H), n=[[4.0]])
    for name, taken, why in (
        ("a", "A", ["`empty` (0, 0) is empty"]),
        ("b", "W_rec", ["`W_hh` (2, 3, 3) is recurrent by its name, but has 3", "`w_hh` (3,) is"]),
    ):
        with pytest.warns(LeftOutWarning) as caught:
            assert list(load_matrices(tmp_path / f"{name}.npz")) == [taken]
        assert len(texts(caught)) == len(why)
        assert all(start in text for start, text in zip(why, texts(caught), strict=True))


@pytest.mark.parametrize(
    ("arrays", "way"),
    [
        ({"a": np.ones((2, 2))}, "a square one is taken with --matrix KEY"),
        (
            {"a": np.ones((6, 2))},
            "none is square; a stack of gates is taken with --matrix KEY --cut",
        ),
        ({"a": np.ones((5, 2))}, "none is square: write the square block"),
        ({"a": np.ones((0, 0))}, "none is square: write the square block"),
    ],
)
def test_the_advice_is_one_that_the_arrays_allow(tmp_path, arrays, way):
    torch.save({key: torch.from_numpy(W) for key, W in arrays.items()}, tmp_path / "a.pt")
    with pytest.raises(ValueError, match=way):
        load_matrices(tmp_path / "a.pt")


@pytest.mark.parametrize(
    ("shape", "why"),
    [
        ((4,), "the diagonal of units .*numpy.diag makes it a matrix"),
        ((0, 0), "no cell of PyTorch has it; a square block is measured if"),
        ((8, 4), "no cell of PyTorch has it; a square block is measured if"),
        ((4, 16), "the gates stand beside one another; to say what it is: --matrix KEY --cut"),
    ],
)
def test_the_advice_on_a_weight_of_another_shape_can_be_followed(tmp_path, shape, why):
    torch.save({"weight_hh_l0": torch.ones(shape)}, tmp_path / "a.pt")
    with pytest.raises(ValueError, match=why):
        load_matrices(tmp_path / "a.pt")


@pytest.mark.parametrize("W", [torch.full((4, 4), torch.nan), torch.ones(4, 4, dtype=torch.int8)])
def test_what_cannot_be_taken_is_not_offered(tmp_path, W):
    torch.save({"weight_hh_l0": W}, tmp_path / "a.pt")
    with pytest.raises(ValueError, match="must be finite|holds integers") as raised:
        load_matrices(tmp_path / "a.pt")
    assert "--matrix" not in str(raised.value)


def test_what_attention_makes_of_states_is_not_recurrent(tmp_path):
    torch.save({"attn.W_h.weight": torch.eye(H), "lstm.W_h": torch.eye(H)}, tmp_path / "a.pt")
    with pytest.warns(LeftOutWarning, match="`attn.W_h.weight` is square, but not recurrent"):
        assert list(load_matrices(tmp_path / "a.pt")) == ["lstm.W_h"]
