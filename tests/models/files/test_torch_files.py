"""Whatever PyTorch writes: each tensor to the last bit, as PyTorch itself would load it."""

import argparse
import io
import pickle
import struct
import warnings
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune

from rnnspec import load_matrices
from rnnspec.dynamics.weights_jacobian import weights_jacobian
from rnnspec.models.files.reading import read_contents

FORMATS = {"archive": True, "legacy": False}


def states():
    """State dicts of every kind of tensor, by name."""
    x = torch.arange(12.0).reshape(3, 4) - 5
    z = x * (1 - 2j)
    special = nn.Parameter(x.clone())
    special.remark = "kept with its attributes"
    quantised = x.new_tensor([0.1, 0.2, 0.3]), torch.tensor([0, 1, 2])
    with warnings.catch_warnings(action="ignore"):  # of what PyTorch may still change
        return {
            "types": {
                str(dtype): torch.ones(2, 3).to(dtype)
                for dtype in (
                    torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.complex64,
                    torch.complex128, torch.int64, torch.int32, torch.int16, torch.int8,
                    torch.uint8, torch.bool,
                )
            },
            "views": {
                "whole": x, "transposed": x.T, "column": x[:, 2], "step": x[::2, 1::2],
                "expanded": x[:1].expand(5, 4), "scalar": torch.tensor(2.5),
                "empty": torch.empty(0, 3), "last": x.reshape(-1)[-1:],
            },
            "marks": {"conjugate": z.conj(), "imaginary": (2 * z).conj().imag, "transposed": z.mH},
            "parameters": {"plain": nn.Parameter(x), "attributes": special},
            "sparse": {kind: getattr(x, f"to_sparse{kind}")() for kind in ("", "_csr", "_csc")}
            | {"_bsr": x.reshape(2, 6).to_sparse_bsr((1, 2))},
            "quantised": {
                "tensor": torch.quantize_per_tensor(x, 0.07, 3, torch.qint8),
                "unsigned": torch.quantize_per_tensor(x, 0.07, 100, torch.quint8),
                "wide": torch.quantize_per_tensor(x, 0.001, 0, torch.qint32),
                "channel": torch.quantize_per_channel(x, *quantised, 0, torch.qint8),
            },
        }  # fmt: skip


def plainly(value):
    with warnings.catch_warnings(action="ignore"):
        value = value.detach()
        value = value.dequantize() if value.is_quantized else value
        return value.to_dense() if value.layout != torch.strided else value.resolve_conj()


def identical(found, expected):
    assert list(found) == list(expected)
    for key, value in expected.items():
        value = plainly(value)
        assert found[key].dtype == value.dtype, key
        assert torch.equal(found[key], value), key


@pytest.mark.parametrize("kind", list(states()))
@pytest.mark.parametrize("layout", FORMATS)
def test_every_tensor_comes_back(tmp_path, kind, layout):
    state = states()[kind]
    torch.save(state, tmp_path / "a", _use_new_zipfile_serialization=FORMATS[layout])
    contents = read_contents(tmp_path / "a")
    identical(contents.arrays, state)
    assert (contents.kind, contents.left_out) == ("torch", ())


@pytest.mark.parametrize("kind", ["types", "views", "marks", "parameters", "quantised"])
@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_tensors_in_plain_pickles(tmp_path, kind, protocol):
    state = states()[kind]
    (tmp_path / "a").write_bytes(pickle.dumps({"net": state}, protocol))
    contents = read_contents(tmp_path / "a")
    identical(contents.arrays, {f"net.{key}": value for key, value in state.items()})
    assert contents.kind == "pickle"


def test_types_without_a_class_of_storages(tmp_path):
    state = {"u": torch.tensor([1, 2], dtype=torch.uint16), "x": torch.ones(2)}
    torch.save(
        {**state, "f": state["x"].to(torch.float8_e4m3fn), "m": torch.ones(2, device="meta")},
        tmp_path / "a",
    )
    contents = read_contents(tmp_path / "a")
    identical(contents.arrays, state)
    assert contents.left_out == (
        "f: a tensor of float8_e4m3fn numbers, which are not read",
        "m: a tensor on the device meta, without numbers",
    )


@pytest.mark.parametrize("value", [torch.eye(3), [torch.eye(3)]], ids=["bare", "list"])
def test_a_tensor_without_a_key(tmp_path, value):
    torch.save(value, tmp_path / "stem.pt")
    identical(
        read_contents(tmp_path / "stem.pt").arrays,
        {"stem" if torch.is_tensor(value) else "0": torch.eye(3)},
    )


def test_storages_of_half_bytes_are_left_out_by_name():
    from rnnspec.models.files.refusal import LeftOut
    from rnnspec.models.files.storages import Storage, strided_view

    with pytest.raises(LeftOut, match="a tensor in a QUInt4x2Storage, a type of numbers that is"):
        strided_view(Storage("QUInt4x2Storage", 4, bytearray), 0, (2, 2), (2, 1))


class Odd:
    """A class of the user's, in a file that is read without it."""

    __slots__ = ("matrix", "words")

    def __init__(self):
        self.matrix, self.words = torch.eye(2), ["a"]


@pytest.mark.parametrize("layout", FORMATS)
def test_beside_all_that_a_training_keeps(tmp_path, layout):
    torch.manual_seed(0)
    model = nn.LSTM(3, 4, num_layers=2)
    adam = torch.optim.Adam(model.parameters())
    model(torch.ones(5, 1, 3))[0].sum().backward()
    adam.step()
    state = model.state_dict()
    whole = {
        "epoch": 7,
        "state_dict": state,
        "optimizer": adam.state_dict(),
        "args": argparse.Namespace(lr=1e-3, cell="lstm"),
        "best": np.float64(0.3),
        "history": [np.zeros((2, 3)), np.float32(1), {"a": np.arange(3)}],
        "loss": nn.MSELoss(),
        "schedule": torch.optim.lr_scheduler.StepLR(adam, 3).state_dict(),
        "odd": Odd(),
        "rng": torch.get_rng_state(),
    }
    torch.save(whole, tmp_path / "a", _use_new_zipfile_serialization=FORMATS[layout])
    found = read_contents(tmp_path / "a").arrays
    identical({k[11:]: v for k, v in found.items() if k.startswith("state_dict.")}, state)
    moments = [key for key in found if key.startswith("optimizer.state.0.")]
    assert moments == [f"optimizer.state.0.{name}" for name in ("step", "exp_avg", "exp_avg_sq")]
    assert torch.equal(found["optimizer.state.1.exp_avg"], adam.state_dict()["state"][1]["exp_avg"])
    np.testing.assert_array_equal(found["history.2.a"], [0, 1, 2])
    assert torch.equal(found["odd.matrix"], torch.eye(2))
    assert torch.equal(found["rng"], whole["rng"])


class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(3, 4, bidirectional=True)
        self.tied = self.rnn
        self.cells = nn.ModuleList([nn.LSTMCell(2, 3), nn.RNNCell(2, 3)])
        self.hidden = [nn.RNNCell(3, 3)]  # in a list, where PyTorch does not find it
        self.register_buffer("kept", torch.ones(2))
        self.register_buffer("passing", torch.ones(2), persistent=False)
        self.bare = torch.ones(3)
        self.register_parameter("none", None)


def modules():
    pruned, normed = nn.LSTM(3, 4), nn.GRU(3, 4)
    prune.l1_unstructured(pruned, "weight_hh_l0", 0.5)
    with warnings.catch_warnings(action="ignore"):
        nn.utils.weight_norm(normed, "weight_hh_l0")
    return {
        "gru": nn.GRU(3, 4, 2, bidirectional=True),
        "sequential": nn.Sequential(nn.Embedding(5, 3), nn.LSTM(3, 4), nn.BatchNorm1d(3)),
        "parallel": nn.DataParallel(nn.LSTM(3, 4)),
        "pruned": pruned,
        "weight norm": normed,
        "transformer": nn.TransformerEncoderLayer(8, 2),
    }


@pytest.mark.parametrize("name", list(modules()))
@pytest.mark.parametrize("layout", FORMATS)
def test_a_whole_module_has_the_keys_of_its_state_dict(tmp_path, name, layout):
    module = modules()[name]
    with warnings.catch_warnings(action="ignore"):
        torch.save(module, tmp_path / "a", _use_new_zipfile_serialization=FORMATS[layout])
    contents = read_contents(tmp_path / "a")
    identical(contents.arrays, module.state_dict())
    bare = {"pruned": ["weight_hh_l0"], "weight norm": ["weight_hh_l0"]}.get(name, [])
    assert [text.partition(":")[0] for text in contents.left_out] == bare


def test_what_is_no_part_of_a_state_dict_is_named(tmp_path):
    module = Own()
    torch.save({"model": module}, tmp_path / "a")
    contents = read_contents(tmp_path / "a")
    state = {f"model.{key}": value for key, value in module.state_dict().items()}
    hidden = {f"model.hidden.0.{k}": v for k, v in module.hidden[0].state_dict().items()}
    identical(contents.arrays, state | hidden)
    assert contents.left_out == (
        "model.passing: a buffer that is no part of the state dict",
        "model.bare: an attribute of a module that is no part of its state dict",
    )


def test_a_parametrised_state(tmp_path):
    module = nn.LSTM(3, 4)
    parametrizations.spectral_norm(module, "weight_hh_l0")
    torch.save(module.state_dict(), tmp_path / "a")
    identical(read_contents(tmp_path / "a").arrays, module.state_dict())


@pytest.mark.parametrize("freeze", [False, True])
def test_torchscript(tmp_path, freeze):
    module = nn.Sequential(OrderedDict(rnn=nn.LSTM(3, 4, 2), head=nn.Linear(4, 2)))[:1].eval()
    with warnings.catch_warnings(action="ignore"):
        script = torch.jit.script(module)
        (torch.jit.freeze(script) if freeze else script).save(str(tmp_path / "a"))
    contents = read_contents(tmp_path / "a")
    assert contents.kind == "torchscript"
    state = module.state_dict()
    if freeze:  # the weights have become constants without names
        shapes = {tuple(value.shape) for value in state.values()}
        assert {tuple(v.shape) for v in contents.arrays.values()} == shapes
        assert all(key.startswith("constants.") for key in contents.arrays)
    else:
        assert set(contents.arrays) == set(state)
        assert all(torch.equal(contents.arrays[key], state[key]) for key in state)


@pytest.mark.parametrize("layout", ["state", "module", "script"])
def test_quantised_modules_have_their_weights_with_their_scale(tmp_path, layout):
    torch.manual_seed(1)
    whole = nn.Sequential(OrderedDict(rnn=nn.LSTM(3, 4), cell=nn.GRUCell(4, 5)))
    with warnings.catch_warnings(action="ignore"):
        small = torch.ao.quantization.quantize_dynamic(whole, {nn.LSTM, nn.GRUCell})
        if layout == "script":
            torch.jit.script(small.rnn).save(str(tmp_path / "a"))
        else:
            torch.save(small if layout == "module" else small.state_dict(), tmp_path / "a")
        found = read_contents(tmp_path / "a").arrays
        prefix = "" if layout == "script" else "rnn."
        for name in ("weight_ih", "weight_hh"):
            expected = small.rnn.get_weight()[f"{name}_l0"].dequantize()
            assert torch.equal(found[f"{prefix}_all_weight_values.0.param.{name}"], expected)
            assert (expected - getattr(whole.rnn, f"{name}_l0")).abs().max() < 0.005
            if layout != "script":
                expected = small.cell.get_weight()[name].dequantize()
                assert torch.equal(found[f"cell.{name}"], expected)


def test_quantised_statically_is_left_out_by_name():
    from rnnspec.models.files.notes import Global, Instance
    from rnnspec.models.files.pickled_modules import CELL
    from rnnspec.models.files.walk import arrays_in

    pack = Instance(Global("torch", "ScriptObject"), (), (("quantized", [], [], [], []), CELL))
    assert arrays_in({"rnn": pack})[:2] == (
        {},
        ("rnn: weights packed by the scheme quantized, which is not read",),
    )


def test_big_endian_archives(tmp_path, zip_of):
    """As a machine writes them whose highest byte comes first."""
    x, z = np.arange(6.0).reshape(2, 3), np.arange(4) * (1 + 2j)
    torch.save({"x": torch.from_numpy(x), "z": torch.from_numpy(z)}, tmp_path / "a")
    with zipfile.ZipFile(tmp_path / "a") as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    (folder,) = {name.partition("/")[0] for name in files}
    files[f"{folder}/data/0"] = x.astype(">f8").tobytes()
    files[f"{folder}/data/1"] = z.astype(">c16").tobytes()
    files[f"{folder}/byteorder"] = b"big"
    (tmp_path / "b").write_bytes(zip_of(files))
    identical(
        read_contents(tmp_path / "b").arrays, {"x": torch.from_numpy(x), "z": torch.from_numpy(z)}
    )


def test_many_views_of_one_storage_read_it_once(tmp_path, monkeypatch):
    """As cuDNN keeps all weights of an LSTM in one."""
    flat, read = torch.arange(600.0), []
    views = {f"w{i}": flat[10 * i : 10 * i + 10] for i in range(60)}
    torch.save(views, tmp_path / "a")
    original = zipfile.ZipFile.read
    monkeypatch.setattr(
        zipfile.ZipFile, "read", lambda self, name: read.append(name) or original(self, name)
    )
    identical(read_contents(tmp_path / "a").arrays, views)
    assert sum("/data/" in name for name in read) == 1


def test_the_tar_archives_of_2016(tmp_path, tar_of):
    """Written by hand; PyTorch itself reads it as we do."""
    data = np.arange(6, dtype="<f4")
    storage = (7, "cpu", torch.FloatStorage)
    stored = pickle.dumps(1, 2) + pickle.dumps(storage, 2) + struct.pack("<q", 6) + data.tobytes()
    tensors = pickle.dumps(1, 2) + pickle.dumps((8, 9, torch.FloatTensor), 2)
    tensors += struct.pack("<i4x2q2qq", 2, 2, 2, 2, 1, 0)

    class Writer(pickle.Pickler):
        def persistent_id(self, value):
            return "8" if value == "THE TENSOR" else None

    root = io.BytesIO()
    Writer(root, 2).dump({"weight_hh_l0": "THE TENSOR"})
    members = {
        "storages": stored + pickle.dumps([(9, 7, 1, 4)], 2),
        "tensors": tensors,
        "pickle": root.getvalue(),
    }
    (tmp_path / "a").write_bytes(tar_of(members))
    with warnings.catch_warnings(action="ignore"):
        expected = torch.load(tmp_path / "a", weights_only=False)
    assert expected["weight_hh_l0"].tolist() == [[1, 2], [3, 4]]
    identical(read_contents(tmp_path / "a").arrays, expected)


class Stepper(nn.GRU):
    """A class of someone's own, which may step as it likes."""


@pytest.mark.parametrize(
    ("module", "prefix", "formula"),
    [
        (nn.RNN(3, 4, nonlinearity="relu"), "", "its nonlinearity is relu"),
        (nn.Sequential(nn.RNNCell(3, 4, nonlinearity="relu")), "0.", "its nonlinearity is relu"),
        (
            nn.Sequential(Stepper(3, 4)),
            "0.",
            "Stepper, is none of PyTorch's and may step in another way",
        ),
        (nn.LSTM(3, 4), "", ""),
        (nn.RNN(3, 4), "", ""),
    ],
)
@pytest.mark.parametrize("archive", [True, False])
def test_a_whole_module_says_its_class_and_nonlinearity(tmp_path, module, prefix, formula, archive):
    path = tmp_path / "whole"
    torch.save(module, path, _use_new_zipfile_serialization=archive)
    found = read_contents(path)
    if not formula:
        assert found.formula == {}
        assert found.assumed == ()
        return
    ((key, reason),) = found.formula.items()
    assert key == prefix
    assert formula in reason
    assert bool(found.assumed) == ("class" in reason)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert next(iter(load_matrices(path))).startswith("layer0")
    assert bool(said) == ("class" in reason or isinstance(module[0], nn.RNNCell) if prefix else 0)
    with warnings.catch_warnings(action="ignore"), pytest.raises(ValueError, match=formula):
        weights_jacobian(found.arrays, "layer0.jacobian@fixed0", found.formula, "whole")


@pytest.mark.filterwarnings("ignore:.torch.jit.(script|trace).* is (deprecated|not supported)")
def test_a_script_says_its_nonlinearity(tmp_path):
    torch.jit.script(nn.Sequential(nn.RNN(3, 4, nonlinearity="relu"))).save(tmp_path / "r")
    assert read_contents(tmp_path / "r").formula == {"0.": "its nonlinearity is relu"}
    torch.jit.script(nn.Sequential(nn.RNN(3, 4))).save(tmp_path / "t")
    assert read_contents(tmp_path / "t").formula == {}
