"""What a file is, before anything heavy is imported."""

import os
import subprocess
import sys

import numpy as np
import pytest

from rnnspec.models.files.reading import READERS, content_of, read_contents


def test_every_valid_file_has_a_reader(tmp_path, valid):
    expected = {
        "state.pt": "torch", "nested.ckpt": "torch", "legacy.pth": "torch-legacy",
        "module.pt": "torch", "script.pt": "torchscript", "tensors.pkl": "pickle",
        "state.safetensors": "safetensors", "state.npz": "npz", "packed.npz": "npz",
        "sparse.npz": "npz", "a.npy": "npy", "a.csv": "text", "complex.txt": "text",
        "a.mat": "mat", "four.mat": "mat", "a.mtx": "mtx", "sparse.mtx": "mtx",
        "state.pt.gz": "gzip", "state.pt.bz2": "bzip2", "state.tar.gz": "gzip",
        "state.zip": "zip",
    }  # fmt: skip
    for name, (content, _) in valid.items():
        (tmp_path / "file").write_bytes(content)
        assert content_of(str(tmp_path / "file")) == expected.get(name, "pickle") in READERS


def test_a_foreign_file_is_refused_without_any_library(tmp_path):
    """Neither torch nor scipy, and not even NumPy, is imported for it."""
    (tmp_path / "wrong.xyz").write_bytes(bytes(range(256)))
    code = (
        "import sys\n"
        "from rnnspec.models.files.reading import content_of\n"
        "try: content_of(sys.argv[1])\n"
        "except ValueError as error: print(error)\n"
        "print(sorted({'numpy', 'scipy', 'torch', 'h5py'} & set(sys.modules)))\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "wrong.xyz")]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said.startswith(f"{tmp_path}/wrong.xyz is binary data of no known kind; expected a run")
    assert said.endswith("\n[]\n")


@pytest.mark.parametrize("name", ["a.npy", "a.pt", "nothing"])
def test_a_missing_file(tmp_path, name):
    with pytest.raises(ValueError, match=rf"{name} does not exist$"):
        read_contents(tmp_path / name)


def test_a_directory_is_a_run_or_refused(tmp_path, valid, same):
    with pytest.raises(ValueError, match="must be a run directory with model.safetensors, found"):
        read_contents(tmp_path)
    content, arrays = valid["state.safetensors"]
    (tmp_path / "model.safetensors").write_bytes(content)
    assert same(read_contents(tmp_path).arrays, arrays)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match=r"pipe is a pipe or a device.*write its content to a fil"):
        read_contents(tmp_path / "pipe")


@pytest.mark.parametrize("text", ["a\0b", "n" * 5000])
def test_a_path_that_cannot_be(text):
    with pytest.raises(ValueError, match=r"cannot be a path \(|cannot be opened \(") as caught:
        read_contents(text)
    assert "\0" not in str(caught.value)


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    def denied(*_):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a").write_text("1 2\n")
    monkeypatch.setattr("pathlib.Path.open", denied)
    with pytest.raises(ValueError, match=r"a cannot be opened \(Permission denied\)$"):
        read_contents(tmp_path / "a")


def onnx_of(graph, *more):
    """The outer fields of a ModelProto: version, producer, graph, operator set."""
    fields = b"\x08\x08" + b"\x12\x07pytorch" + b"\x3a" + bytes([graph]) + bytes(graph)
    return fields + b"\x42\x04\x0a\x00\x10\x11" + b"".join(more)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (onnx_of(20), "onnx"),
        (onnx_of(20)[:-1], "a truncated ONNX file"),
        (onnx_of(20, b"\x3a\x01a"), "binary data"),  # two graphs
        (onnx_of(20, b"\x7a\x01a"), "binary data"),  # a field that no model has
        (b"\x08\x08\x12\x07pytorch", "binary data"),  # no graph
        (onnx_of(20) + b"\xff" * 12, "binary data"),  # a number without end
    ],
)
def test_onnx_is_told_from_its_fields(tmp_path, content, expected):
    (tmp_path / "a").write_bytes(content)
    if expected == "onnx":
        assert content_of(tmp_path / "a") == "onnx"
    else:
        with pytest.raises(ValueError, match=f"a is {expected}"):
            content_of(tmp_path / "a")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"config.json": b"{}", "model.weights.h5": b"", "metadata.json": b"{}"}, "keras"),
        ({"a.npy": b"", "notes.txt": b""}, "npz"),
        ({"data.pkl": b"."}, "torch"),
        ({"m/data.pkl": b".", "m/constants.pkl": b"."}, "torchscript"),
        ({"m/archive_format": b"pt2"}, "a program of torch.export"),
        ({"m/model.json": b"{}"}, r"a TorchScript archive of PyTorch 1\.0 or 1\.1"),
    ],
)
def test_archives_are_told_from_their_members(tmp_path, zip_of, files, expected):
    (tmp_path / "a").write_bytes(zip_of(files))
    if expected in READERS:
        assert content_of(tmp_path / "a") == expected
    else:
        with pytest.raises(ValueError, match=f"a is {expected}.*;.*; save"):
            content_of(tmp_path / "a")


@pytest.mark.parametrize("offset", [0, 512, 1024, 2048])
def test_hdf5_behind_a_user_block(tmp_path, offset):
    (tmp_path / "a").write_bytes(bytes(offset) + b"\x89HDF\r\n\x1a\n" + bytes(600))
    assert content_of(tmp_path / "a") == "hdf5"


def test_small_numbers_are_text_and_no_archive(tmp_path):
    for text in ("7\n", "(1+2j) 3", "-.5,nan\n", " inf\n", "# only\n2 3\n", "\ufeff1;2", "1. 2."):
        (tmp_path / "a").write_text(text)
        assert content_of(tmp_path / "a") == "text"
    (tmp_path / "a").write_text("# " + "a long remark " * 1000 + "\n1 2\n3 4\n")
    np.testing.assert_array_equal(read_contents(tmp_path / "a").arrays["a"], [[1, 2], [3, 4]])
