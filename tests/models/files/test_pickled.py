"""Arrays in plain pickles, as every Python and NumPy has written them."""

import pickle
import sys
from collections import OrderedDict
from types import ModuleType

import numpy as np
import pytest
import torch
from scipy import sparse
from torch import nn

from rnnspec.models.files.builders import BUILDERS
from rnnspec.models.files.inert import unpickle
from rnnspec.models.files.pickled_numpy import OF_JAX
from rnnspec.models.files.reading import read_contents
from rnnspec.models.files.walk import arrays_in

A = np.random.default_rng(7).standard_normal((3, 4))
ARRAYS = {
    "real": A,
    "columns": np.asfortranarray(A),
    "part": A[::2, 1:],
    "complex": A * 1j,
    "single": A.astype(np.float32),
    "integer": np.arange(5),
    "none": np.empty((0, 2)),
    "bare": np.array(3.5),
}


@pytest.fixture
def read(tmp_path):
    def reading(content):
        (tmp_path / "stem").write_bytes(content)
        return read_contents(tmp_path / "stem")

    return reading


@pytest.mark.parametrize("protocol", range(6))
def test_arrays_of_every_protocol(read, same, protocol):
    nested = {"layers": [OrderedDict(ARRAYS), {"best": np.float64(2), "name": "gru"}], 7: A}
    contents = read(pickle.dumps(nested, protocol))
    expected = {f"layers.0.{key}": value for key, value in ARRAYS.items()} | {"7": A}
    assert contents.kind == "pickle"
    assert same(contents.arrays, expected)
    big = read(pickle.dumps({"big": A.astype(">f8"), "flag": A > 0}, protocol)).arrays
    assert same(big, {"big": A, "flag": (A > 0).astype(float)})


@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_arrays_that_are_left_out(read, same, protocol):
    value = {
        "A": A,
        "masked": np.ma.masked_less(A, 0),
        "objects": np.array([{}, A], dtype=object),
        "words": np.array(["a", "b"]),
        "records": np.zeros(2, [("a", float)]),
        "dates": np.array(["2020-01-01"], "M8[D]"),
    }
    contents = read(pickle.dumps(value, protocol))
    assert same(contents.arrays, {"A": A})
    assert [text.partition(":")[0] for text in contents.left_out] == list(value)[1:]
    assert contents.left_out[0] == "masked: a masked array, some of whose entries may not count"
    assert contents.left_out[1] == "objects: an array of Python objects, no numbers"


def test_an_array_without_a_key_has_the_name_of_the_file(read, same):
    assert same(read(pickle.dumps(A)).arrays, {"stem": A})
    assert same(read(pickle.dumps([A, A + 1])).arrays, {"0": A, "1": A + 1})


def test_an_array_of_python_2(read, same):
    """Its bytes are a string there, in protocol 0 with escapes."""
    data = np.array([[1.0, -2.5], [0.1, 3.0]])
    text = repr(data.tobytes())[1:].encode()
    head = (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"
        b"(I1\n(I2\nI2\ntcnumpy\ndtype\n(S'f8'\nI0\nI1\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntbI00\n"
    )
    assert same(read(b"(dS'W'\n" + head + b"S" + text + b"\ntbs.").arrays, {"W": data})
    raw = b"U" + bytes([data.nbytes]) + data.tobytes()
    assert same(read(b"(dS'W'\n" + head + raw + b"tbs.").arrays, {"W": data})


def test_a_second_pickle_is_named(read, same):
    contents = read(pickle.dumps({"A": A}) + pickle.dumps(3))
    assert same(contents.arrays, {"A": A})
    assert contents.left_out == ("5 bytes that follow the first pickle",)


def test_joblib_is_named(read):
    """It puts arrays between the steps of the pickle."""
    content = b"\x80\x02}X\x01\x00\x00\x00Acjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81"
    with pytest.raises(ValueError, match=r"a pickle: arrays as joblib writes them; write them wi"):
        read(content + A.tobytes())


def test_whole_modules_and_two_arrays_of_one_key(read, same):
    module = nn.GRU(2, 3)
    assert same(read(pickle.dumps(module)).arrays, module.state_dict())
    contents = read(pickle.dumps({1: A, "1": A + 1}))
    assert same(contents.arrays, {"1": A})
    assert contents.left_out == ("1: a second array under the same key",)


class Call:
    def __init__(self, function, *arguments):
        self.parts = function, arguments

    def __reduce__(self):
        return self.parts


def test_tensors_of_other_devices_and_layouts(same):
    """As PyTorch writes tensors of TPUs, nested ones, and such as are computed from others."""
    utils = torch._utils
    value = {
        "tpu": Call(utils._rebuild_xla_tensor, A, torch.float32, "xla:0", False),
        "device": Call(utils._rebuild_device_tensor_from_numpy, A, torch.float32, "x", False),
        "class": Call(
            torch._tensor._rebuild_from_type_v2,
            utils._rebuild_device_tensor_from_numpy, torch.Tensor, (A, None, "x", False), {},
        ),
        "unknown": Call(torch._tensor._rebuild_from_type_v2, print, torch.Tensor, (A,), {}),
        "nested": Call(utils._rebuild_nested_tensor, A, A, A, A),
        "layout": Call(utils._rebuild_sparse_tensor, torch.strided, (A,)),
        "sparse": Call(
            utils._rebuild_sparse_tensor, torch.sparse_coo,
            (np.array([[0, 1], [1, 0]]), np.array([2.0, 3.0]), (2, 2), True),
        ),
    }  # fmt: skip
    arrays, left_out = arrays_in(unpickle(pickle.dumps(value), BUILDERS))[:2]
    expected = {"tpu": A, "device": A, "class": A, "unknown.0": A}
    assert same(arrays, expected | {"sparse": np.array([[0, 2.0], [3.0, 0]])})
    assert left_out == (
        "nested: a nested tensor, which has no matrix form",
        "layout: a tensor in the layout torch.strided, which is not read",
    )


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x05\x00\x00\x00rot13\x86R.",
        pickle.dumps({"A": A})[:-40],
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n)R(K\x01K\x02K\x03K\x04K\x05tb.",
    ],
    ids=["another encoding", "cut", "no state of an array"],
)
def test_damaged_pickles(read, content):
    with pytest.raises(ValueError, match="stem is a pickle, damaged or cut off"):
        read(content)


@pytest.mark.parametrize("protocol", range(6))
def test_matrices_that_others_keep_in_several_arrays_are_named(read, protocol):
    content = pickle.dumps({"W_hh": sparse.csr_matrix(A), "A": A}, protocol)
    contents = read(content)
    assert list(contents.arrays) == ["A"]
    assert contents.left_out == (
        "W_hh: scipy.sparse's csr_matrix is not read, write its .toarray()",
    )
    with pytest.raises(ValueError, match="holds no array of numbers .it: scipy.sparse's coo_array"):
        read(pickle.dumps(sparse.coo_array(A), protocol))


def test_recurrent_weights_in_lists_are_named(read):
    contents = read(pickle.dumps({"Whh": A.tolist(), "sizes": [[3, 4]], "A": A}))
    assert list(contents.arrays) == ["A"]
    assert contents.left_out == (
        "Whh: a list of lists, which numpy.array makes an array to be read",
    )


@pytest.mark.parametrize("called", OF_JAX)
@pytest.mark.parametrize("protocol", range(6))
def test_arrays_of_jax_are_those_of_numpy_inside(read, same, monkeypatch, called, protocol):
    module, _, name = called.rpartition(".")
    stand_in = ModuleType(module)

    def rebuild():
        raise AssertionError("nothing is called")

    rebuild.__module__, rebuild.__qualname__ = module, name
    setattr(stand_in, name, rebuild)
    words = module.split(".")
    for k in range(1, len(words) + 1):
        monkeypatch.setitem(sys.modules, ".".join(words[:k]), stand_in)

    class OfJax:
        def __reduce__(self):
            return rebuild, (*A.__reduce__(), {"weak_type": False})

    assert same(read(pickle.dumps({"W": OfJax()}, protocol)).arrays, {"W": A})
