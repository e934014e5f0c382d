"""The kind of a file, told from its content and never from its name.

Only the standard library is used, so that a file of no known content is refused before torch
or scipy are imported.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import BinaryIO

from rnnspec.models.files.protobuf import is_onnx
from rnnspec.models.files.refusal import Refusal, reason, refusal

HEAD = 4096  # bytes that tell most contents
MAGIC_OF_LEGACY_TORCH = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # a pickled number

# The contents that are read, by their first bytes.
KNOWN = (
    (MAGIC_OF_LEGACY_TORCH, "torch-legacy"),
    (b"\x93NUMPY", "npy"),
    (b"\x89HDF\r\n\x1a\n", "hdf5"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
)
# The contents that are not read, by their first bytes, and what the user can do.
FOREIGN = (
    (b"%PDF", "a PDF document", ""),
    (b"\x89PNG", "a PNG image", ""),
    (b"\xff\xd8\xff", "a JPEG image", ""),
    (b"GIF8", "a GIF image", ""),
    (b"RIFF", "a RIFF file (sound, video or an image)", ""),
    (b"\x7fELF", "an ELF program or library", ""),
    (b"MZ", "a Windows program", ""),
    (b"Rar!", "a RAR archive", "unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", "unpack it first"),
    (b"SQLite format 3", "an SQLite database", ""),
    (b"PAR1", "a Parquet table", "write it as .csv or .npy first"),
    (b"ARROW1", "an Arrow table", "write it as .csv or .npy first"),
    (b"GGUF", "a GGUF file of quantised weights", "convert it to safetensors first"),
    (b"\xd0\xcf\x11\xe0", "an old Office document", "export it as .csv first"),
    (b"RDX", "an R workspace", "write the matrix with write.table first"),
    (b"{\\rtf", "an RTF document", ""),
    (
        b"version https://git-lfs",
        "a Git LFS pointer, not the file itself",
        "`git lfs pull` fetches it",
    ),
)
# Texts that are not read, by their beginning in lower case.
_DOCUMENTS = (
    ("<!doctype html", "an HTML page", ""),
    ("<html", "an HTML page", ""),
    ("<", "an XML document", ""),
    ("{", "a JSON document", "of an index of weights name a file that it lists"),
    ("[", "numbers in brackets", "write them without brackets, or by numpy.save"),
    ("#!", "a script", ""),
)
_TFLITE = b"TFL3"  # at byte 4


def content_of(path: str | Path) -> str:
    """The kind of content that `path` has, a key of ``reading.READERS`` or "run".

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
    head = file.read(HEAD)
    if not head:
        raise refusal(path, "an empty file")
    for start, content in KNOWN:
        if head.startswith(start):
            return content
    size = file.seek(0, 2)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _content_of_zip(path)
    if head[257:262] == b"ustar":
        return "tar"
    if _is_safetensors(head):
        (length,) = struct.unpack("<Q", head[:8])
        if 8 + length > size:
            raise refusal(path, "a truncated safetensors file")
        return "safetensors"
    if content := _content_of_mat(head, file):
        return content
    if head[0] == 0x80 and len(head) > 1 and 2 <= head[1] <= 5:
        return "pickle"
    for start, named, way in FOREIGN:
        if head.startswith(start):
            raise refusal(path, named, way)
    if head[4:8] == _TFLITE:
        raise refusal(path, "a TensorFlow Lite model", "bring the Keras model or its ONNX export")
    if is_onnx(path, file, size):
        return "onnx"
    return _content_of_text(path, head, file, size)


def _content_of_zip(path: Path) -> str:
    from zipfile import BadZipFile, ZipFile

    try:
        with ZipFile(path) as archive:
            names = [name for name in archive.namelist() if is_content(name)]
    except (BadZipFile, NotImplementedError, UnicodeDecodeError, struct.error) as error:
        raise refusal(path, f"a truncated or damaged zip archive ({reason(error)})") from error
    if not names:
        raise refusal(path, "an empty zip archive")
    last = {name.rpartition("/")[2] for name in names}
    if {"config.json", "model.weights.h5"} <= set(names):
        return "keras"
    if "data.pkl" in last:
        return "torchscript" if "constants.pkl" in last else "torch"
    if any(name.endswith(".npy") for name in names):
        return "npz"
    for mark, named, way in (
        ("archive_format", "a program of torch.export", "save model.state_dict() with torch.save"),
        ("[Content_Types].xml", "an Office document", "export it as .csv first"),
        ("model.json", "a TorchScript archive of PyTorch 1.0 or 1.1", "save it anew"),
    ):
        if mark in last:
            raise refusal(path, named, way)
    return "zip"


def is_content(name: str) -> bool:
    """Whether a member of an archive is a file, and none of those that macOS adds.

    Examples
    --------
    >>> [is_content(name) for name in ("m/a.pt", "m/", "m/._a.pt", "__MACOSX/m/a.pt")]
    [True, False, False, False]
    """
    last = name.rpartition("/")[2]
    return last != "" and not last.startswith("._") and not name.startswith("__MACOSX/")


def _is_safetensors(head: bytes) -> bool:
    return len(head) > 9 and head[8:9] == b"{" and struct.unpack("<Q", head[:8])[0] < 100 << 20


def _content_of_mat(head: bytes, file: BinaryIO) -> str:
    if head[124:128] in (b"\x00\x01IM", b"\x01\x00MI"):
        return "mat"
    if head[512:520] == b"\x89HDF\r\n\x1a\n":
        return "mat73" if head.startswith(b"MATLAB") else "hdf5"
    if any(_at(file, offset, 8) == b"\x89HDF\r\n\x1a\n" for offset in (1024, 2048)):
        return "hdf5"  # after a user block
    for order in "<>":
        if len(head) >= 20:
            kind, _, _, imaginary, length = struct.unpack(f"{order}5i", head[:20])
            name = head[20 : 20 + length] if 1 < length <= 64 else b""
            digits = (kind // 1000, kind // 100 % 10, kind // 10 % 10, kind % 10)
            if (
                kind >= 0
                and digits[0] <= 4
                and digits[1] == 0
                and digits[2] <= 5
                and digits[3] <= 2
                and imaginary in (0, 1)
                and re.fullmatch(rb"[A-Za-z]\w*\0", name)
            ):
                return "mat"  # version 4 has no signature
    return ""


def _at(file: BinaryIO, offset: int, count: int) -> bytes:
    file.seek(offset)
    return file.read(count)


_NUMBER = re.compile(r"""["'(]?\s*[-+]?\s*(\d|\.\d|nan|inf|(true|false)\b)""", re.IGNORECASE)


def _content_of_text(path: Path, head: bytes, file: BinaryIO, size: int) -> str:
    from rnnspec.models.files.encoding import decode, without_remark

    if head.upper().startswith(b"%%MATRIXMARKET"):
        return "mtx"
    text = decode(head, cut=True)
    if text is None:
        if head[:1] in b"(}])c" and _at(file, size - 1, 1) == b".":
            return "pickle"  # of protocol 1
        raise refusal(path, "binary data of no known kind")
    lines = re.split(r"\r\n|\r|\n", text)
    number, line = next(
        ((i, s) for i, line in enumerate(lines, 1) if (s := without_remark(line))),
        (0, ""),
    )
    if not number:
        if len(head) < HEAD:
            raise refusal(path, "text without a number in it")
        return "text"  # a long comment
    fields = re.split(r"[,;\t]", line)[1:]
    if _NUMBER.match(line) or (fields and all(_NUMBER.match(field.lstrip()) for field in fields)):
        return "text"  # the second a name and numbers behind it
    if re.match(rb"\(?[dlicFIVS(}\]]", head) and _at(file, size - 1, 1) == b".":
        return "pickle"  # of protocol 0
    for start, named, way in _DOCUMENTS:
        if text.lstrip().lower().startswith(start):
            raise refusal(path, named, way)
    raise refusal(
        path,
        f"text that holds no numbers: line {number} begins with {line[:30]!r}",
        "begin a line of names with # to have it passed over",
    )
