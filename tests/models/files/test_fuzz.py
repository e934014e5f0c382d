"""Some 300 malformed, foreign and hostile files: each is read right, or refused in one line."""

import gzip
import io
import json
import pickle
import random
import struct
import subprocess
import sys
import warnings
import zipfile

import numpy as np
import pytest
import torch
from safetensors.torch import load as load_safetensors
from scipy import io as scipy_io

from rnnspec import load_matrices
from rnnspec.models.files.reading import read_contents

pytestmark = [
    pytest.mark.usefixtures("limited"),
    pytest.mark.filterwarnings("ignore::rnnspec.models.LeftOutWarning"),
]
SEED = 20261127
KINDS = (
    "state.pt nested.ckpt legacy.pth module.pt script.pt tensors.pkl state.safetensors state.npz"
    " packed.npz sparse.npz a.npy a.csv complex.txt a.mat four.mat a.mtx sparse.mtx state.pt.gz"
    " state.pt.bz2 state.tar.gz state.zip arrays0.pkl arrays2.pkl arrays4.pkl arrays5.pkl"
).split()
ENDINGS = (".pt", ".npy", ".csv", ".onnx", ".MAT", ".h5", ".xyz", "")

# Of a format without check sums a changed number is a number: its own library decides.
LIBRARY = {
    "legacy.pth": lambda data: torch.load(io.BytesIO(data), weights_only=True),
    "state.safetensors": load_safetensors,
    "a.npy": lambda data: {"file": np.load(io.BytesIO(data))},
    "a.csv": lambda data: {"file": np.loadtxt(io.BytesIO(data), delimiter=",")},
    "complex.txt": lambda data: {"file": np.loadtxt(io.BytesIO(data), complex)},
    "a.mat": lambda data: {"A": scipy_io.loadmat(io.BytesIO(data))["A"]},
    "four.mat": lambda data: {"A": scipy_io.loadmat(io.BytesIO(data))["A"]},
}


@pytest.fixture
def ends_well(tmp_path, same, plain):
    """Read a file of the given bytes: right, or an error of one line; what was read."""

    def right(found, expected):
        there = {key: value for key, value in expected.items() if key in found.arrays}
        named = [text.partition(": ")[0] for text in found.left_out]
        if same(found.arrays, there) and set(expected) - set(there) <= set(named):
            return True
        pairs = [(plain(found.arrays[key]), plain(value)) for key, value in there.items()]
        return (
            set(found.arrays) == set(expected)
            and all(a.shape == b.shape and a.dtype == b.dtype for a, b in pairs)
            and sum(np.count_nonzero(a != b) for a, b in pairs) == 1  # as the file says it
        )

    def check(content, *expected, name="file.bin"):
        path = tmp_path / name
        path.write_bytes(content)
        text = ""
        try:
            found = read_contents(path)
        except ValueError as error:
            text, found = str(error), None
            assert text.count("\n") == 0
            assert 20 < len(text) < 600, text
            assert str(path) in text
        else:
            assert not expected or any(right(found, arrays) for arrays in expected), found
        try:
            with warnings.catch_warnings(action="ignore"):  # of what is left out
                load_matrices(path)
        except ValueError as error:
            text = str(error)
        assert "\n" not in text
        return found

    return check


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_read_under_every_ending(valid, ends_well, name):
    assert set(KINDS) == set(valid)
    content, arrays = valid[name]
    for ending in ENDINGS:
        assert ends_well(content, arrays, name=f"file{ending}") is not None


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.9, 1.0])
def test_cut_off(valid, ends_well, name, part):
    """All of it but the last byte, or less; half a text is a text."""
    content, arrays = valid[name]
    cut = content[: min(int(part * len(content)), len(content) - 1)]
    ends_well(cut, *([] if name in ("a.csv", "complex.txt") else [arrays]))


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("trial", range(4))
def test_one_bit_changed(valid, ends_well, name, trial):
    content, arrays = valid[name]
    rng = random.Random(f"{SEED} {name} {trial}")
    damaged = bytearray(content)
    # Half of the trials near the head, where the structure is.
    position = rng.randrange(len(content) if trial % 2 else min(200, len(content)))
    damaged[position] ^= 1 << rng.randrange(8)
    expected = [arrays]
    if name in LIBRARY:
        try:
            expected.append(LIBRARY[name](bytes(damaged)))
        except Exception:
            expected = [arrays]
    ends_well(damaged, *expected)


@pytest.mark.parametrize("name", KINDS)
def test_a_third_overwritten_with_zeros(valid, ends_well, name):
    content, arrays = valid[name]
    third = len(content) // 3
    damaged = content[:third] + bytes(third) + content[2 * third :]
    checked = name not in LIBRARY and not name.endswith(("pkl", "mtx"))
    ends_well(damaged, *([arrays] if checked else []))


def noise(count):
    rng = random.Random(SEED)
    starts = [
        b"", b"\x80\x02", b"\x80\x04\x95", b"PK\x03\x04", b"\x93NUMPY\x01\x00", b"\x1f\x8b\x08",
        b"(", b"\x08\x07", b"\x89HDF\r\n\x1a\n", b"%%MatrixMarket matrix array real general\n",
        struct.pack("<Q", 20) + b"{", b"MATLAB 5.0".ljust(124) + b"\x00\x01IM",
    ]  # fmt: skip
    for i in range(count):
        yield starts[i % len(starts)] + rng.randbytes(rng.choice([1, 7, 60, 700, 5000]))


@pytest.mark.parametrize("content", list(noise(60)))
def test_noise_is_refused(ends_well, content):
    assert ends_well(content) is None


FOREIGN = {
    "an empty file": b"",
    "a PDF document": b"%PDF-1.7\n1 0 obj\n",
    "a PNG image": b"\x89PNG\r\n\x1a\n" + bytes(40),
    "a JPEG image": b"\xff\xd8\xff\xe0\x00\x10JFIF",
    "a GIF image": b"GIF89a\x01\x00",
    "an ELF program": b"\x7fELF\x02\x01\x01" + bytes(60),
    "a Windows program": b"MZ\x90\x00" + bytes(60),
    "an HTML page": b"<!DOCTYPE html><html><body>404 Not Found</body></html>",
    "an XML document": b"<?xml version='1.0'?><a/>",
    "a JSON document": b'{"weights": [[1, 2], [3, 4]]}',
    "a script": b"#!/bin/sh\nrm -rf nothing\n",
    "a Git LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
    "a RIFF file": b"RIFF\x24\x00\x00\x00WAVEfmt ",
    "an SQLite database": b"SQLite format 3\x00" + bytes(90),
    "a Parquet table": b"PAR1" + bytes(20) + b"PAR1",
    "a GGUF file": b"GGUF\x03\x00\x00\x00" + bytes(20),
    "a TensorFlow Lite model": b"\x1c\x00\x00\x00TFL3" + bytes(20),
    "a 7z archive": b"7z\xbc\xaf\x27\x1c\x00\x04",
    "a RAR archive": b"Rar!\x1a\x07\x00",
    "a zstd archive": b"\x28\xb5\x2f\xfd\x04\x00",
    "an old Office document": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(60),
    "text that holds no numbers: line 1": b"Dear reader,\n1 2\n",
    "text that holds no numbers: line 3": b"# remark\n\nimport torch\n",
    "text without a number in it": b"\n \n# nothing but remarks\n",
    "binary data of no known kind": bytes(range(256)),
}


@pytest.mark.parametrize("named", FOREIGN)
def test_what_others_wrote_is_named(tmp_path, ends_well, named):
    assert ends_well(FOREIGN[named]) is None
    with pytest.raises(ValueError, match=rf"file\.bin is {named}.*; expected a run directory"):
        read_contents(tmp_path / "file.bin")


def npy_of(shape, kind="<f8"):
    """An .npy header that promises much more than follows."""
    text = str({"descr": kind, "fortran_order": False, "shape": shape}).ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + bytes(64)


def safetensors_of(**entries):
    header = json.dumps(entries).encode()
    return struct.pack("<Q", len(header)) + header + bytes(64)


class Stored:
    """A storage of 16 numbers of which a pickle says that they are `count`."""

    def __init__(self, count, kind=torch.FloatStorage):
        self.identity = ("storage", kind, "0", "cpu", count)


class Call:
    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


def torch_archive(count, offset, shape, strides, rebuild="_rebuild_tensor_v2"):
    """A file of `torch.save` with one tensor that reaches anywhere."""

    class Writer(pickle.Pickler):
        def persistent_id(self, value):
            return getattr(value, "identity", None)

    arguments = (Stored(count), offset, shape, strides, False, {})
    data = io.BytesIO()
    Writer(data, 2).dump({"weight_hh_l0": Call(getattr(torch._utils, rebuild), *arguments)})
    return {"a/data.pkl": data.getvalue(), "a/data/0": bytes(64), "a/version": b"3\n"}


def nested(levels):
    content = b"1 2\n3 4\n"
    for _ in range(levels):
        content = gzip.compress(content, mtime=0)
    return content


def encrypted(archive):
    """The same with the flag that says so."""
    local, central = bytearray(archive), archive.index(b"PK\x01\x02")
    local[6] |= 1
    local[central + 8] |= 1
    return bytes(local)


def hostile_files(zip_of, tar_of):
    entry = {"dtype": "F32", "shape": [4, 4], "data_offsets": [0, 64]}
    header = "%%MatrixMarket matrix coordinate real general\n"
    yield from {
        "an npy of 8 PB": npy_of((10**6, 10**9)),
        "an npy of negative size": npy_of((-1, 8)),
        "an npy of objects": npy_of((8,), "|O"),
        "an npy of records": npy_of((4,), [("a", "<f8"), ("b", "<f8")]),
        "an npy whose header is code": npy_of("__import__('os').system('true')"),
        "an npz of 8 PB": zip_of({"A.npy": npy_of((10**6, 10**9))}),
        "an npz of text": zip_of({"A.npy": b"1 2 3"}),
        "a zip of nothing": zip_of({}),
        "a zip of a folder": zip_of({"folder/": b""}),
        "a zip of a text": zip_of({"README.md": b"hello"}),
        "a zip of texts": zip_of({"README.md": b"hello", "LICENSE": b"none"}),
        "a zip of two networks": zip_of({"a.csv": b"1 2", "b.csv": b"3 4"}),
        "a Word document": zip_of({"[Content_Types].xml": b"<a/>", "word/document.xml": b"<a/>"}),
        "five archives": nested(5),
        "an encrypted zip": encrypted(zip_of({"a.csv": b"1 2"})),
        "a tar of nothing": tar_of({}),
        "a tar of a way out": tar_of({"../../../tmp/a.csv": b"hello"}),
        "a cut gzip": gzip.compress(b"1 2\n")[:-4],
        "a bzip2 of noise": b"BZh9" + bytes(40),
        "an xz of noise": b"\xfd7zXZ\x00" + bytes(40),
        "a storage beyond its record": zip_of(torch_archive(10**12, 0, (4, 4), (4, 1))),
        "a tensor beyond its storage": zip_of(torch_archive(16, 4, (4, 4), (4, 1))),
        "a negative offset": zip_of(torch_archive(16, -4, (4, 4), (4, 1))),
        "negative strides": zip_of(torch_archive(16, 15, (4, 4), (-4, -1))),
        "a tensor of 4 EB": zip_of(torch_archive(16, 0, (10**9, 10**9), (0, 0))),
        "shape of words": zip_of(torch_archive(16, 0, ("a", "b"), (4, 1))),
        "no storage": zip_of({"a/data.pkl": torch_archive(16, 0, (4, 4), (4, 1))["a/data.pkl"]}),
        "a quantised tensor of a number": zip_of(
            torch_archive(16, 0, (4, 4), (4, 1), "_rebuild_qtensor")
        ),
        "an archive without a pickle": zip_of({"a/data.pkl": b""}),
        "an archive of text": zip_of({"a/data.pkl": b"hello"}),
        "safetensors beyond the end": safetensors_of(W=entry | {"data_offsets": [0, 10**9]}),
        "safetensors of too many entries": safetensors_of(W=entry | {"shape": [10**6, 10**6]}),
        "safetensors that overlap": safetensors_of(V=entry, W=entry),
        "safetensors of no known type": safetensors_of(W=entry | {"dtype": "F4"}),
        "safetensors with a rest": safetensors_of(
            W=entry | {"shape": [2, 4], "data_offsets": [0, 32]}
        ),
        "safetensors without places": safetensors_of(W={"dtype": "F32"}),
        "a header of 90 MB": struct.pack("<Q", 90 << 20) + b"{" + bytes(50),
        "a sparse matrix of 8 EB": (header + "1000000000 1000000000 1\n1 1 1.0\n").encode(),
        "an entry without a place": (header + "2 2 1\n3 3 1.0\n").encode(),
        "fewer entries than said": (header + "2 2 4\n1 1 1.0\n").encode(),
        "a table of names": b"a,b\n1,2\n",
        "decimal commas": b"0,5;1,5\n2,5;3,5\n",
        "a missing value": b"1,2\n3,,4\n",
        "rows of two lengths": b"1 2\n3 4 5\n",
        "a number too many": b"1,2\n3,4x\n",
        "half a line of bytes": b"1 2\n3 \x00\x01\n",
    }.items()


def test_hostile_files_are_refused(zip_of, tar_of, ends_well):
    for name, content in hostile_files(zip_of, tar_of):
        assert ends_well(content) is None, name


@pytest.mark.parametrize("pack", ["gz", "zip", "npz", "pt", "tar"])
def test_what_unpacks_to_very_much_is_refused(
    monkeypatch, ends_well, zip_of, tar_of, pack, tmp_path
):
    monkeypatch.setattr("rnnspec.models.files.contents.UNPACKED", 1 << 20)
    zeros = bytes(4 << 20)
    deflated = zipfile.ZIP_DEFLATED
    content = {
        "gz": lambda: gzip.compress(zeros),
        "tar": lambda: gzip.compress(tar_of({"a.npy": zeros})),
        "zip": lambda: zip_of({"a.csv": zeros}, deflated),
        "npz": lambda: zip_of({"A.npy": zeros}, deflated),
        "pt": lambda: zip_of({"a/data.pkl": zeros, "a/version": b"3"}, deflated),
    }[pack]()
    assert ends_well(content) is None
    with pytest.raises(ValueError, match=r"an archive that would unpack to 0\.0 GB, 100 times"):
        read_contents(tmp_path / "file.bin")


def command_line(*arguments):
    called = [sys.executable, "-X", "importtime", "-m", "rnnspec", *map(str, arguments)]
    return subprocess.run(called, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.parametrize("command", ["measure", "pseudospectrum"])
@pytest.mark.parametrize("named", ["a PDF document", "binary data of no known kind"])
def test_the_command_line_refuses_in_one_line_and_loads_nothing_heavy(tmp_path, command, named):
    path = tmp_path / "wrong.pt"
    path.write_bytes(FOREIGN[named])
    ended = command_line(command, path)
    lines = [line for line in ended.stderr.splitlines() if not line.startswith("import time:")]
    imported = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()}
    assert (ended.returncode, ended.stdout) == (2, "")
    assert lines == [lines[0]]
    assert lines[0].startswith(f"Error: {path} is {named}")
    assert "rnnspec.models.files.sniff" in imported
    assert not {"torch", "scipy", "matplotlib", "numba"} & imported


@pytest.mark.parametrize("name", ["state.pt", "arrays2.pkl", "a.mat"])
def test_the_command_line_refuses_what_was_cut_off(refused, tmp_path, valid, name):
    path = tmp_path / name
    path.write_bytes(valid[name][0][:-9])
    assert f"Error: {path} is a" in refused("measure", path)
