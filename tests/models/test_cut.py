"""Cuts that the owner of a stack says, and arrays by their own keys."""

import numpy as np
import pytest
import torch
from torch import nn

from rnnspec import load_matrices, recurrent_matrices
from rnnspec.models.cut import parse_cut

H = 3
BLOCKS = {gate: np.full((H, H), float(k)) + np.tri(H) for k, gate in enumerate("ifgorzn")}
FULL = {"i": "input", "f": "forget", "g": "cell", "o": "output", "r": "reset", "z": "update"}
FULL |= {"n": "new", "c": "cell", "u": "update", "h": "new"}
SAME = {"c": "g", "u": "z", "h": "n"}


@pytest.mark.parametrize("axis", ["rows", "columns"])
@pytest.mark.parametrize("letters", ["ifgo", "iofc", "ifco", "ofig", "rzn", "zrh", "unr"])
def test_each_order_and_axis(letters, axis):
    cell = "lstm" if len(letters) == 4 else "gru"
    blocks = [BLOCKS[SAME.get(letter, letter)] for letter in letters]
    stack = np.vstack(blocks) if axis == "rows" else np.hstack([W.T for W in blocks])
    found = recurrent_matrices({"a.w": stack}, "a.w", f"{cell}:{letters}:{axis}")
    assert list(found) == [f"a.w.{FULL[letter]}" for letter in letters]
    for W, expected in zip(found.values(), blocks, strict=True):
        assert np.array_equal(W, expected)
    one = recurrent_matrices({"a.w": stack}, f"a.w.{FULL[letters[1]]}", f"{cell}:{letters}:{axis}")
    assert list(one) == [f"a.w.{FULL[letters[1]]}"]


def test_an_rnn_is_taken_as_it_acts():
    W = np.arange(9.0).reshape(3, 3)
    assert np.array_equal(recurrent_matrices({"W": W}, "W", "rnn:h:columns")["W"], W.T)
    assert np.array_equal(recurrent_matrices({"W": W}, "W", "rnn:h:rows")["W"], W)


def test_a_module_of_ones_own_is_said_outright():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight_hh = nn.Parameter(torch.randn(4 * H, H))
            self.h2h = nn.Linear(H, H)

    module = Own()
    found = recurrent_matrices(module, key="weight_hh", cut="lstm:oifg:rows")
    assert list(found)[0] == "weight_hh.output"
    assert np.array_equal(found["weight_hh.output"], module.weight_hh[:H].detach().double().numpy())
    assert list(recurrent_matrices(module, key="h2h.weight")) == ["h2h.weight"]
    nn.utils.parametrizations.orthogonal(module.h2h)
    W = recurrent_matrices(module, key="h2h.weight")["h2h.weight"]
    np.testing.assert_allclose(W @ W.T, np.eye(H), atol=1e-6)


ARRAYS = {
    "w_hh": np.ones((9, 3)),
    "w_ih": np.ones((9, 2)),
    "flag": np.eye(3, dtype=int),
    "bad": np.full((2, 2), np.nan),
    "b": np.ones(3),
}


@pytest.mark.parametrize(
    ("key", "cut", "message"),
    [
        ("w_hh", "gru:rzn", "`cut` must be CELL:GATES:AXIS, for example lstm:ifgo:rows"),
        ("w_hh", "elman:rzn:rows", "cells: rnn, lstm, gru"),
        ("w_hh", "gru:rzn:diagonals", "axes: rows, columns"),
        ("w_hh", "gru:rzz:rows", r"each gate of gru once \(r reset.*got 'rzz'"),
        ("w_hh", "gru:rz:rows", "each gate of gru once"),
        ("w_hh", "lstm:ifgx:rows", r"each gate of lstm once .*c cell"),
        ("w_hh", "lstm:ifgo:rows", r"`w_hh` must have shape \(4\*h, h\).*got \(9, 3\)"),
        ("w_hh", "gru:rzn:columns", r"shape \(h, 3\*h\) .*the other axis\?"),
        ("w_hh", None, r"`w_hh` \(9, 3\) is not square, a stack .*--cut gru:rzn:rows"),
        ("w_ih", None, r"`w_ih` \(9, 2\) is not square, and it reads the input$"),
        ("w_hhh", None, r"no matrix 'w_hhh' \(did you mean w_hh\?\)"),
        ("w_hh.forget", "gru:rzn:rows", "no matrix 'w_hh.forget'"),
        ("flag", None, "`flag` holds integers without their scale"),
        ("bad", None, r"`bad` must be finite, got nan at \[0, 0\]"),
        ("b", None, r"`b` must have two dimensions, got shape \(3,\)"),
        (None, "lstm:ifgo:rows", "no array with a recurrent name that `cut`"),
    ],
)
def test_wrong_keys_and_cuts(key, cut, message):
    with pytest.raises(ValueError, match=message):
        recurrent_matrices(ARRAYS, key, cut)


def test_a_cut_without_a_key_is_of_all_recurrent_names_or_of_the_only_matrix(tmp_path):
    two = {"enc_w_hh": np.ones((9, 3)), "dec_w_hh": np.ones((9, 3)), "w_ih": np.ones((9, 3))}
    found = recurrent_matrices(two, cut="gru:rzn:rows")
    assert [name for name in found if "reset" in name] == ["enc_w_hh.reset", "dec_w_hh.reset"]
    assert len(found) == 6
    np.save(tmp_path / "stack.npy", np.ones((9, 3)))
    assert list(load_matrices(tmp_path / "stack.npy", cut="gru:rzn:rows"))[0] == "stack.reset"


def test_letters_are_told_apart_from_case():
    assert parse_cut("GRU:RZN:Rows") == parse_cut("gru:rzn:rows")
