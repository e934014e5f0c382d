"""Whether a file is an ONNX network, which has no signature.

It is one if its bytes, to the end, are the fields that a model has.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from rnnspec.models.files.refusal import refusal

# Fields of ModelProto, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, by wire type.
_NUMBERS, _BLOCKS, _GRAPH = {1, 5}, {2, 3, 4, 6, 7, 8, 14, 20, 25, 26}, 7
_ONCE = {1, 5, 7}


def is_onnx(path: Path, file: BinaryIO, size: int) -> bool:
    """Whether the `size` bytes of `file` are fields of a ModelProto, its graph among them.

    Raises
    ------
    ValueError
        If they begin as such a model, and the file ends too early.
    """
    seen: set[int] = set()
    position = 0
    for field, end in _fields(file, size):
        if field in _ONCE & seen:
            return False
        seen.add(field)
        position = end
    if position > size and {1, _GRAPH} <= seen:
        raise refusal(path, "a truncated ONNX file")
    return position == size and _GRAPH in seen


def _fields(file: BinaryIO, size: int) -> Iterator[tuple[int, int]]:
    """The number and the end of each outer field, until one that a ModelProto does not have."""
    end = 0
    while end < size:
        file.seek(end)
        data = file.read(20)
        key, used = _varint(data[:10])
        value, more = _varint(data[used : used + 10])
        field, wire = key >> 3, key & 7
        if not used or not more or field not in {0: _NUMBERS, 2: _BLOCKS}.get(wire, set()):
            yield 0, -1
            return
        end += used + more + (value if wire == 2 else 0)
        yield field, end


def _varint(data: bytes) -> tuple[int, int]:
    r"""A number that is written by seven bits a byte, lowest first, and how many bytes it takes.

    Both are 0 where there is no such number.

    Examples
    --------
    >>> _varint(b"\xac\x02"), _varint(b"\xff")
    ((300, 2), (0, 0))
    """
    value = 0
    for count, byte in enumerate(data, 1):
        value |= (byte & 0x7F) << 7 * (count - 1)
        if byte < 0x80:
            return value, count
    return 0, 0
