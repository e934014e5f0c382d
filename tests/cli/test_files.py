"""Files of other people as SOURCE: what is taken, what is named on stderr, what is refused."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

H = 3
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def files(tmp_path):
    torch.manual_seed(0)
    net = nn.LSTM(2, H, num_layers=2)
    nn.init.normal_(net.weight_hh_l0, std=1.5)
    torch.save({"net": net.state_dict(), "step": 3}, tmp_path / "last.ckpt")
    net.weight_hh_l1.data[0, 0] = torch.nan
    torch.save(net.state_dict(), tmp_path / "bad.pt")
    torch.save(nn.GRUCell(2, H).state_dict(), tmp_path / "cell.pt")
    stack = np.random.default_rng(0).standard_normal((3 * H, H)) / 4
    np.savez(tmp_path / "g2p.npz", enc_w_hh=stack, dec_w_hh=stack, h2h=np.eye(H) / 2)
    np.savez(tmp_path / "mixed.npz", A=np.eye(2), B=np.ones((2, 3)))
    (tmp_path / "wrong.xyz").write_bytes(b"\x00\x01\x02 nothing")
    return tmp_path


def measured(called):
    return list(json.loads(called.out)["matrices"])


def test_a_good_layer_is_measured_and_the_odd_one_named(program, files):
    called = program("measure", files / "bad.pt", "--json")
    assert called.code == 0
    assert {name.partition(".")[0] for name in measured(called)} == {"layer0"}
    assert (
        "left out: `weight_hh_l1` must be finite, got nan at [0, 0], in layer1.input" in called.err
    )


def test_an_assumption_is_a_line(program, files):
    called = program("measure", files / "cell.pt", "--json")
    assert called.code == 0
    assert "Warning: " in called.err
    assert "is cut as nn.GRUCell stacks it (reset, update, new)" in called.err


def test_a_cut_takes_all_gates_or_one(program, files):
    cut = ("--cut", "gru:rzn:rows", "--json")
    called = program("measure", files / "g2p.npz", "--matrix", "enc_w_hh", *cut)
    assert measured(called) == ["enc_w_hh.reset", "enc_w_hh.update", "enc_w_hh.new"]
    called = program("measure", files / "g2p.npz", "--matrix", "dec_w_hh.new", *cut)
    assert measured(called) == ["dec_w_hh.new"]
    called = program("pseudospectrum", files / "g2p.npz", "--grid", 4, *cut)
    assert json.loads(called.out)["name"] == "enc_w_hh.reset"
    assert measured(program("measure", files / "g2p.npz", "--matrix", "h2h", "--json")) == ["h2h"]


def test_stacks_of_unknown_order_are_named(program, files):
    called = program("measure", files / "g2p.npz", "--json")
    assert measured(called) == ["h2h"]
    assert "--matrix dec_w_hh --cut gru:rzn:rows" in called.err


def test_what_is_not_square_is_named(program, files):
    called = program("measure", files / "mixed.npz", "--json")
    assert (called.code, measured(called)) == (0, ["A"])
    assert "left out, because it is not square: B (2, 3)" in called.err


def test_gates_that_grow_are_not_the_network(program, files):
    called = program("measure", files / "last.ckpt", "--json")
    assert "the network may be stable even if the matrix of one gate is not" in called.err
    assert "--matrix layer0.jacobian@fixed0" in called.err
    called = program("measure", files / "last.ckpt", "--matrix", "layer1.forget", "--json")
    assert called.err == ""
    called = program("measure", files / "last.ckpt", "--matrix", "layer0.jacobian@fixed0", "--json")
    assert json.loads(called.out)["matrices"]["layer0.jacobian@fixed0"]["n"] == 2 * H
    assert "assumes nn.LSTM" in called.err
    assert program("measure", files / "last.ckpt", "--quiet") == (0, "", "")


def test_no_jacobian_is_advised_that_there_is_not(program, files):
    grown = {
        key: 9 * W
        for key, W in nn.LSTM(2, H, num_layers=2, bidirectional=True).state_dict().items()
    }
    torch.save(
        {key: W for key, W in grown.items() if "l1" in key or "hh" not in key}, files / "upper.pt"
    )
    torch.save({"weight_hh_l0": grown["weight_hh_l0"]}, files / "bare.pt")
    both = {f"{name}.weight_hh_l0": grown["weight_hh_l0"] for name in "ab"}
    torch.save({**both, "b.weight_ih_l0": grown["weight_ih_l0"]}, files / "both.pt")
    for name, advice in (
        (
            "upper",
            "the Jacobian of the network would decide, but weight_hh_l0 must be among the weights",
        ),
        (
            "bare",
            "the Jacobian of the network would decide, but weight_ih_l0 must be among the weights",
        ),
        ("both", "the Jacobian of the network decides: --matrix b.layer0.jacobian@fixed0"),
    ):
        called = program("measure", files / f"{name}.pt", "--json")
        assert called.code == 0
        assert advice in called.err


@pytest.mark.parametrize("command", ["measure", "pseudospectrum"])
@pytest.mark.parametrize(
    ("source", "flags", "message"),
    [
        ("wrong.xyz", (), "binary data of no known kind; expected a run directory"),
        ("last.ckpt", ("--matrix", "layer0.jacobian@mean"), "SOURCE must be a run directory"),
        ("last.ckpt", ("--matrix", "jacobian@fixed0", "--cut", "gru:rzn:rows"), "`--cut` divides"),
        ("g2p.npz", ("--matrix", "enc_w_hh"), "--cut gru:rzn:rows"),
        ("g2p.npz", ("--matrix", "enc_w_hh", "--cut", "gru:rzn"), "must be CELL:GATES:AXIS"),
        ("g2p.npz", ("--matrix", "enc_w_h"), "did you mean enc_w_hh?"),
    ],
)
def test_refusals(refused, files, command, source, flags, message):
    assert message in refused(command, files / source, *flags)


def test_report_takes_any_file(program, files):
    out = files / "page.html"
    called = program("report", files / "last.ckpt", "--out", out, "--json")
    assert called.code == 0
    assert out.stat().st_size > 1000


@pytest.mark.parametrize("command", ["measure", "pseudospectrum"])
def test_unknown_content_is_refused_before_anything_heavy_is_imported(files, command):
    line = [sys.executable, "-X", "importtime", "-m", "rnnspec", command, files / "wrong.xyz"]
    said = subprocess.run(line, capture_output=True, text=True)
    assert said.returncode == 2
    imported = {part.rpartition("|")[2].strip() for part in said.stderr.splitlines()}
    assert not imported & {"torch", "scipy", "matplotlib", "numpy", "rich"}


def test_what_is_said_of_a_file_comes_with_the_answer_and_not_before_an_error(
    tmp_path, program, refused
):
    torch.save(torch.nn.RNNCell(2, 3).state_dict(), tmp_path / "cell")
    code, out, err = program("measure", tmp_path / "cell")
    assert (code, err.count("Warning: ")) == (0, 1)
    assert "an assumption, because the keys do not name the cell" in err
    assert "fixed points found" in refused(
        "measure", tmp_path / "cell", "--matrix", "layer0.jacobian@fixed9"
    )
    assert program("measure", tmp_path / "cell", "--quiet").err == ""
