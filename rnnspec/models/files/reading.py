"""The arrays of any file: its content, never its name, decides which reader opens it.

Most files are known by their first bytes, the others by their structure: see
`rnnspec.models.files.sniff`.  Until a reader is chosen only the standard library is needed, so
that a file which is not read is refused before torch or scipy is imported.
"""

from __future__ import annotations

import struct
from importlib import import_module
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import BinaryIO

from rnnspec.models.files.contents import Contents
from rnnspec.models.files.refusal import LeftOut, Refusal, fault, reason, refusal

# For each content: the module of its reader, the reader, and the words for it in errors.
READERS = {
    "torch": ("torch_archive", "read_archive", "a PyTorch archive"),
    "torchscript": ("torch_archive", "read_archive", "a TorchScript archive"),
    "torch-legacy": ("pickled", "read_legacy", "a PyTorch file of the old format"),
    "pickle": ("pickled", "read_pickle", "a pickle"),
    "safetensors": ("safetensors", "read_safetensors", "a safetensors file"),
    "npy": ("numpy_files", "read_npy", "a NumPy array"),
    "npz": ("numpy_files", "read_npz", "an archive of NumPy arrays"),
    "mat": ("matlab", "read_mat", "a MATLAB file"),
    "mat73": ("matlab73", "read_mat73", "a MATLAB file of version 7.3"),
    "hdf5": ("keras", "read_keras", "an HDF5 file"),
    "keras": ("keras", "read_keras", "a Keras archive"),
    "onnx": ("onnx", "read_onnx", "an ONNX network"),
    "mtx": ("matrix_market", "read_mtx", "a Matrix Market file"),
    "text": ("text", "read_text", "text"),
    "gzip": ("packed", "read_packed", "a gzip archive"),
    "bzip2": ("packed", "read_packed", "a bzip2 archive"),
    "xz": ("packed", "read_packed", "an xz archive"),
    "tar": ("packed", "read_packed", "a tar archive"),
    "zip": ("packed", "read_packed", "a zip archive"),
}
# The contents that are known by their first bytes; the first of them is a pickled number.
SIGNATURES = (
    (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "torch-legacy"),
    (b"\x93NUMPY", "npy"),
    (b"\x89HDF\r\n\x1a\n", "hdf5"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
)
HEAD = 4096  # bytes that are looked at first; the latest signature that is sought starts at 2048


def read_contents(path: str | Path) -> Contents:
    """The arrays of the file `path` by their keys, whatever it is called.

    Of a run directory they are those of its ``model.safetensors``.  Nothing in a file is executed.

    Raises
    ------
    ValueError
        If there is no such file, it holds nothing that is read, or it is damaged: one line
        with the path, what the content is, what was expected and the way out.
    """
    path = Path(path)
    content = content_of(path)
    if content == "run":
        return read_contents(path / "model.safetensors")
    module, reader, named = READERS[content]
    try:
        read = getattr(import_module(f"rnnspec.models.files.{module}"), reader)
        contents: Contents = read(path)
    except Refusal:
        raise
    except LeftOut as why:
        raise fault(path, f"{named}: {why}") from why
    except Exception as error:  # damaged bytes make a parser raise anything
        raise fault(
            path, f"{named}, damaged or cut off ({reason(error)}); copy or write it anew"
        ) from error
    if not contents.arrays:
        left = f" ({'; '.join(contents.left_out[:5])})" if contents.left_out else ""
        raise refusal(path, f"{named} that holds no array of numbers{left}")
    return contents


def content_of(path: str | Path) -> str:
    """The kind of content that `path` has, a key of `READERS` or "run".

    Raises
    ------
    ValueError
        If `path` is missing, cannot be opened, is no file or holds nothing that is read.
    """
    path = Path(path)
    try:
        mode = path.stat().st_mode
        if S_ISDIR(mode):
            return _content_of_directory(path)
        if not S_ISREG(mode):
            raise refusal(path, "a pipe or a device, no file", "write its content to a file first")
        with path.open("rb") as file:
            return _content_of_file(path, file)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Refusal(f"{path} does not exist") from error
    except OSError as error:
        raise Refusal(f"{path} cannot be opened ({error.strerror or error})") from error
    except ValueError as error:
        if isinstance(error, Refusal):
            raise
        raise Refusal(f"{str(path)!r} cannot be a path ({reason(error)})") from error


def _content_of_directory(path: Path) -> str:
    if (path / "model.safetensors").is_file():
        return "run"
    raise Refusal(
        f"{path} must be a run directory with model.safetensors, found none"
        " (a training that did not finish? `rnnspec train --resume` completes it;"
        " of another directory name the file in it)"
    )


def _content_of_file(path: Path, file: BinaryIO) -> str:
    """The kind of content by the first bytes, or else by the structure."""
    head = file.read(HEAD)
    if not head:
        raise refusal(path, "an empty file")
    for start, content in SIGNATURES:
        if head.startswith(start):
            return content
    size = file.seek(0, 2)
    if _begins_as_safetensors(head):
        (length,) = struct.unpack("<Q", head[:8])
        if 8 + length > size:
            raise refusal(path, "a truncated safetensors file")
        return "safetensors"
    from rnnspec.models.files.sniff import content_by_structure

    return content_by_structure(path, file, head, size)


def _begins_as_safetensors(head: bytes) -> bool:
    """Whether the file begins with the length of a header, up to 100 MiB, and a JSON object."""
    return len(head) > 9 and head[8:9] == b"{" and struct.unpack("<Q", head[:8])[0] < 100 << 20
