"""Nothing that a pickle asks for is ever called; what it describes is found all the same."""

import builtins
import collections
import copyreg
import io
import os
import pickle
import struct
import subprocess
from collections import OrderedDict

import numpy as np
import pytest
import torch

from rnnspec.models.files.builders import BUILDERS
from rnnspec.models.files.inert import unpickle
from rnnspec.models.files.notes import Global, Instance
from rnnspec.models.files.reading import read_contents
from rnnspec.models.files.walk import arrays_in

pytestmark = pytest.mark.usefixtures("limited")
WEIGHTS = {"weight_hh_l0": torch.arange(12.0).reshape(6, 2)}


class Call:
    """A pickle of it asks for ``function(*arguments)``, and then for a state."""

    def __init__(self, function, *arguments, state=None):
        self.parts = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self):
        return self.parts


def hostile(mark):
    """Objects whose pickles, loaded by Python, create the file `mark`."""
    touch = f"touch {mark}"
    opens = Call(open, mark, "w")
    code = f"open({mark!r}, 'w')"
    return {
        "open": opens,
        "os.system": Call(os.system, touch),
        "subprocess": Call(subprocess.Popen, ["touch", mark]),
        "eval": Call(eval, code),
        "exec": Call(exec, code),
        "nested": Call(
            Call(getattr, builtins, "open") and getattr, Call(__import__, "os"), "mkdir"
        ),
        "in a key": {("a", opens): 1},
        "in a state": Call(OrderedDict, state={"hook": opens}),
        "in a tuple of a tensor": (WEIGHTS["weight_hh_l0"], [opens]),
        "in an argument of a builder": Call(torch._utils._rebuild_parameter, opens, False, {}),
        "as a storage": Call(torch.storage._load_from_bytes, pickle.dumps(opens)),
        "as a default": collections.defaultdict(os.getcwd, {"x": opens}),
        "copyreg": Call(
            copyreg._reconstructor, collections.UserDict, object, None, state={"a": opens}
        ),
        "numpy": Call(np.load, io.BytesIO, state=(opens,)),
    }


NAMES = list(hostile("mark"))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("file", ["torch", "legacy", "pickle0", "pickle2", "pickle5"])
def test_nothing_is_called_and_the_weights_are_found(tmp_path, torch_file, name, file):
    mark = tmp_path / "sprung"
    both = {"net": WEIGHTS, "trap": hostile(str(mark))[name]}
    content = {
        "torch": lambda: torch_file(both),
        "legacy": lambda: torch_file(both, _use_new_zipfile_serialization=False),
        "pickle0": lambda: pickle.dumps(both, 0),
        "pickle2": lambda: pickle.dumps(both, 2),
        "pickle5": lambda: pickle.dumps(both, 5),
    }[file]()
    path = tmp_path / "a.pt"
    path.write_bytes(content)
    try:
        found = read_contents(path).arrays
        assert torch.equal(found["net.weight_hh_l0"], WEIGHTS["weight_hh_l0"])
    except ValueError as error:
        text = str(error)
        assert name in ("as a storage", "in an argument of a builder"), text
    assert not mark.exists()


def test_the_traps_are_set(tmp_path):
    """Python's own unpickler springs them, so that the test above proves something."""
    for name in ("open", "os.system", "eval"):
        mark = tmp_path / name
        opened = pickle.loads(pickle.dumps(hostile(str(mark))[name]))
        assert mark.exists()
        if name != "os.system":
            opened.close()


RAW = {
    "INST": b"(S'touch MARK'\nios\nsystem\n.",
    "OBJ": b"(cos\nsystem\nS'touch MARK'\no.",
    "REDUCE": b"cos\nsystem\n(S'touch MARK'\ntR.",
    "NEWOBJ": b"\x80\x02cos\nsystem\nX\x0a\x00\x00\x00touch MARK\x85\x81.",
    "NEWOBJ_EX": b"\x80\x04cos\nsystem\n)}\x8c\x01cX\x0a\x00\x00\x00touch MARKs\x92.",
    "STACK_GLOBAL": b"\x80\x04\x8c\x02os\x8c\x06system\x93X\x0a\x00\x00\x00touch MARK\x85R.",
    "a dotted name": b"\x80\x04\x8c\x08builtins\x8c\x0eprint.__self__\x93.",
    "BUILD of a global": b"cos\nenviron\n}S'a'\nS'b'\nsb.",
    "BUILD of a dict": b"}}S'__class__'\ncos\nsystem\nsb.",
    "a state that sets itself": b"cos\nX\n)\x81}S'__setstate__'\ncos\nsystem\nsbS'touch MARK'\nb.",
    "PERSID": b"Pos.system\n.",
    "BINPERSID of a call": b"(cos\nsystem\nS'x'\ntQ.",
    "BINPERSID of a number": b"K\x07Q.",
    "BINPERSID of a short tuple": b"S'storage'\n\x85Q.",
    "EXT1": b"\x82\x01.", "EXT2": b"\x83\x01\x02.", "EXT4": b"\x84\x01\x02\x03\x04.",
}  # fmt: skip
DAMAGED = {
    "nothing": b"",
    "no end": b"\x80\x02}",
    "an empty stack": b"\x80\x02.",
    "no mark": b"\x80\x02t.",
    "no memo": b"\x80\x02h\x07.",
    "an unknown step": b"\x80\x02\xff.",
    "an odd number of items": b"\x80\x02}(K\x01u.",
    "an item of a number": b"\x80\x02K\x01K\x02K\x03s.",
    "an append to a number": b"\x80\x02K\x01K\x02a.",
    "below a mark": b"\x80\x02K\x01(a.",
    "a name without a module": b"cos.",
    "buffers outside": b"\x80\x05\x97.",
    "a string beyond the end": b"\x80\x02X\xff\xff\xff\x7fabc.",
    "bytes beyond all memory": b"\x80\x04\x8e" + struct.pack("<Q", 1 << 62) + b"abc.",
    "a number of 5000 digits": b"I" + b"9" * 5000 + b"\n.",
}


@pytest.mark.parametrize("name", RAW)
def test_no_step_of_the_machine_calls(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    environment = dict(os.environ)
    monkeypatch.setitem(copyreg._inverted_registry, 1, ("os", "system"))
    monkeypatch.setitem(copyreg._extension_cache, 1, os.system)
    found = unpickle(RAW[name], BUILDERS)
    assert isinstance(found, Instance | Global | dict)
    assert arrays_in({"x": found})[:2] == ({}, ())
    assert not list(tmp_path.iterdir())
    assert dict(os.environ) == environment


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_pickle_is_an_error(name):
    with pytest.raises((ValueError, IndexError, KeyError, TypeError, AttributeError, MemoryError)):
        unpickle(DAMAGED[name], BUILDERS)


def test_a_memo_at_a_huge_place_takes_no_memory():
    """Python's unpickler allocates two thousand million places for it."""
    assert unpickle(b"\x80\x02Nr\xff\xff\xff\x7f.", {}) is None


def doubled(times, last=b"."):
    """A tuple of twice a tuple of twice ...: 2**times objects in 3 bytes each."""
    return b"\x80\x02)" + b"2\x86" * times + last


@pytest.mark.parametrize(
    "content",
    [
        doubled(60),
        b"\x80\x02}" + doubled(60, b"")[2:] + b"K\x01s.",  # as a key, whose hash would never end
        b"\x80\x02" + b"]" * 50_000 + b"a" * 49_999 + b".",
        b"\x80\x02]q\x00h\x00a.",  # a list of itself
        b"\x80\x02cos\nX\n)\x81q\x00h\x00b.",  # an object that is its own state
    ],
    ids=["doubled", "doubled key", "deep", "circle", "own state"],
)
def test_objects_without_end(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(ValueError, match=r"objects|holds no array of numbers"):
        read_contents(tmp_path / "a")


@pytest.mark.parametrize("protocol", range(6))
def test_plain_objects_come_back(protocol):
    value = {
        "numbers": [1, -2, 2**70, 0.5, True, None],
        "texts": ["a\nb", "\xb5", "\u20ac", b"\x00\xff", bytearray(b"x")],
        "pairs": ((), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)),
        "ordered": OrderedDict(a=1),
        ("a", 1): collections.defaultdict(list, x=[1]),
    }
    found = unpickle(pickle.dumps(value, protocol), BUILDERS)
    assert list(map(str, found)) == ["numbers", "texts", "pairs", "ordered", "a.1"]
    assert list(found.values()) == list(value.values())


def test_sets_are_lists_and_calls_are_notes():
    found = unpickle(
        pickle.dumps([{1, 2}, frozenset([3]), Call(os.system, "x", state={"y": 1})]), BUILDERS
    )
    assert (sorted(found[0]), found[1]) == ([1, 2], [3])
    assert str(found[2].called) == f"{os.system.__module__}.system"
    assert (found[2].args, found[2].state) == (("x",), {"y": 1})


def test_the_file_stands_behind_the_pickle():
    file = io.BytesIO(pickle.dumps(1) + pickle.dumps("two") + b"rest")
    assert (unpickle(file, {}), unpickle(file, {}), file.read()) == (1, "two", b"rest")
