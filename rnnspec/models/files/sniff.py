"""The kind of a file whose first bytes do not tell it, by the structure of its content."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import BinaryIO

from rnnspec.models.files.encoding import decode, without_remark
from rnnspec.models.files.foreign import (
    refuse_foreign_archive,
    refuse_foreign_bytes,
    refuse_foreign_text,
)
from rnnspec.models.files.protobuf import is_onnx
from rnnspec.models.files.refusal import reason, refusal

HDF5 = b"\x89HDF\r\n\x1a\n"
_NUMBER = re.compile(r"""["'(]?\s*[-+]?\s*(\d|\.\d|nan|inf|(true|false)\b)""", re.IGNORECASE)


def content_by_structure(path: Path, file: BinaryIO, head: bytes, size: int) -> str:
    """The kind of content of `file`, a key of ``reading.READERS``.

    Parameters
    ----------
    path : path
    file : binary file
    head : bytes
        Its beginning, 4096 bytes or all of it.
    size : int
        Its length in bytes.

    Raises
    ------
    ValueError
        If the content is damaged or is not read; it says what the content is.
    """
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _content_of_zip(path)
    if head[257:262] == b"ustar":
        return "tar"
    if content := _content_of_hdf5(head, file):
        return content
    if head[124:128] in (b"\x00\x01IM", b"\x01\x00MI") or _is_mat_of_version_4(head):
        return "mat"
    if head[0] == 0x80 and len(head) > 1 and 2 <= head[1] <= 5:
        return "pickle"
    refuse_foreign_bytes(path, head)
    if is_onnx(path, file, size):
        return "onnx"
    return _content_of_text(path, head, file, size)


def _content_of_zip(path: Path) -> str:
    """The kind of a zip archive, by the names of the files in it."""
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
    refuse_foreign_archive(path, last)
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


def _content_of_hdf5(head: bytes, file: BinaryIO) -> str:
    """HDF5 behind a block of the user's own, which MATLAB 7.3 has too; "" if it is none."""
    if head[512:520] == HDF5:
        return "mat73" if head.startswith(b"MATLAB") else "hdf5"
    return "hdf5" if any(_bytes_at(file, offset, 8) == HDF5 for offset in (1024, 2048)) else ""


def _is_mat_of_version_4(head: bytes) -> bool:
    """Whether the file begins as a matrix of MATLAB 4, which has no signature.

    It begins with five integers: type, rows, columns, whether it is complex, and the length of the
    name that follows.  The decimal digits of the type are the order of the bytes, 0, the kind of
    the numbers and that of the matrix (MathWorks, MAT-File Format, 2019, chapter 2).
    """
    for order in "<>" if len(head) >= 20 else "":
        kind, _, _, imaginary, length = struct.unpack(f"{order}5i", head[:20])
        name = head[20 : 20 + length] if 1 < length <= 64 else b""
        machine, zero, numbers, matrix = (kind // 10**k % 10 for k in (3, 2, 1, 0))
        if (
            0 <= kind < 5000
            and machine <= 4
            and zero == 0
            and numbers <= 5
            and matrix <= 2
            and imaginary in (0, 1)
            and re.fullmatch(rb"[A-Za-z]\w*\0", name)
        ):
            return True
    return False


def _bytes_at(file: BinaryIO, offset: int, count: int) -> bytes:
    file.seek(offset)
    return file.read(count)


def _content_of_text(path: Path, head: bytes, file: BinaryIO, size: int) -> str:
    """The kind of a text, by its first line that is no remark."""
    if head.upper().startswith(b"%%MATRIXMARKET"):
        return "mtx"
    text = decode(head, cut=True)
    if text is None:
        if head[:1] in b"(}])c" and _bytes_at(file, size - 1, 1) == b".":
            return "pickle"  # of protocol 1
        raise refusal(path, "binary data of no known kind")
    lines = re.split(r"\r\n|\r|\n", text)
    number, line = next(
        ((i, s) for i, line in enumerate(lines, 1) if (s := without_remark(line))),
        (0, ""),
    )
    if not number:
        if size == len(head):
            raise refusal(path, "text without a number in it")
        return "text"  # it begins with a long remark
    fields = re.split(r"[,;\t]", line)[1:]
    if _NUMBER.match(line) or (fields and all(_NUMBER.match(field.lstrip()) for field in fields)):
        return "text"  # in the second case a name, and numbers behind it
    if re.match(rb"\(?[dlicFIVS(}\]]", head) and _bytes_at(file, size - 1, 1) == b".":
        return "pickle"  # of protocol 0
    refuse_foreign_text(path, text)
    raise refusal(
        path,
        f"text that holds no numbers: line {number} begins with {line[:30]!r}",
        "begin a line of names with # to have it passed over",
    )
