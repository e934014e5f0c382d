"""MATLAB's files of versions 5 to 7, read here because other readers crash on damaged files.

MathWorks, MAT-File Format (2019): a file is a sequence of elements, each a type, a length and
that many bytes; a matrix is an element whose bytes are elements again.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec.models.files.contents import RATIO, UNPACKED, Contents, check_described
from rnnspec.models.files.numpy_files import dense, numbers_of
from rnnspec.models.files.refusal import LeftOut

TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
MATRIX, COMPRESSED = 14, 15
CELL, STRUCT, OBJECT, CHAR, SPARSE, FUNCTION = 1, 2, 3, 4, 5, 16
NUMBERS = {
    6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8",
}  # fmt: skip
COMPLEX, LOGICAL = 0x800, 0x200  # flags
DEEPEST = 50  # structs within structs

Found = Iterator[tuple[str, Any]]  # keys and arrays, or why one is left out


def read_mat(path: Path) -> Contents:
    """Every array of numbers; a member of a struct as "struct.member", of a cell as "cell.0"."""
    data = path.read_bytes()
    four = data[124:128] not in (b"\x00\x01IM", b"\x01\x00MI")
    arrays: dict[str, Any] = {}
    left_out = []
    for key, found in _version_4(path) if four else _Reader(data[126:128] == b"IM").file(data):
        if isinstance(found, LeftOut) or key in arrays:
            why = found if isinstance(found, LeftOut) else "a second array under the same key"
            left_out.append(f"{key}: {why}")
        else:
            arrays[key] = found
    return Contents("mat", arrays, tuple(left_out))


def _version_4(path: Path) -> Found:
    """It has neither structs nor cells, and scipy reads it without code that can crash."""
    from scipy.io import loadmat

    for name, value in loadmat(path, appendmat=False).items():
        if not name.startswith("__") and getattr(value, "dtype", np.dtype("U1")).kind not in "SU":
            yield name, numbers_of(dense(value))


class _Reader:
    def __init__(self, little: bool) -> None:
        self.order = "<" if little else ">"

    def file(self, data: bytes) -> Found:
        limit = max(UNPACKED, RATIO * len(data))
        for kind, content in self.elements(data[128:]):
            if kind == COMPRESSED:
                unpacked = zlib.decompressobj()
                content = unpacked.decompress(content, limit)
                if unpacked.unconsumed_tail or not unpacked.eof:
                    raise ValueError("a compressed variable is damaged or unpacks to too much")
                ((kind, content),) = self.elements(content)
            if kind == MATRIX:
                yield from self.matrix(content, "", DEEPEST)

    def elements(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Type and bytes of each element; short ones lie in their own head."""
        position = 0
        while position < len(data):
            kind, size = struct.unpack_from(f"{self.order}2I", data, position)
            start = position + 8
            if kind >> 16:
                kind, size, start = kind & 0xFFFF, kind >> 16, position + 4
            if start + size > len(data):
                raise ValueError(f"an element of {size} bytes reaches beyond the end")
            yield kind, data[start : start + size]
            position = start + size
            position += 0 if kind == COMPRESSED else -position % 8

    def matrix(self, data: bytes, key: str, depth: int) -> Found:
        """The arrays of numbers in a matrix; its own name counts where `key` is empty."""
        if not data:  # an empty cell
            yield key, np.zeros((0, 0))
            return
        if depth == 0:
            raise ValueError(f"more than {DEEPEST} structs within one another")
        parts = self.elements(data)
        flags = int(self.numbers(next(parts))[0])
        kind = flags & 0xFF
        if kind not in {CELL, STRUCT, OBJECT, CHAR, SPARSE, *NUMBERS}:
            if kind == FUNCTION:
                next(parts)  # its shape
            name = next(parts)[1].decode("latin-1")
            yield key or name, LeftOut("a function or an object of MATLAB, no array of numbers")
            return
        shape = tuple(int(n) for n in self.numbers(next(parts)))
        name = next(parts)[1].decode("latin-1")
        key = key or name
        if not key or kind == CHAR:
            return
        if kind in NUMBERS or kind == SPARSE:
            try:
                yield key, self.array(kind, flags, shape, list(parts))
            except LeftOut as why:
                yield key, why
        elif kind == CELL:
            for i, (_, content) in enumerate(parts):
                yield from self.matrix(content, f"{key}.{i}", depth - 1)
        else:
            if kind == OBJECT:
                next(parts)  # the name of its class
            length = int(self.numbers(next(parts))[0])
            text = next(parts)[1].decode("latin-1")
            names = [text[i : i + length].split("\0")[0] for i in range(0, len(text), length)]
            for i, (_, content) in enumerate(parts):
                part = f".{i // len(names)}" if prod(shape) != 1 else ""
                yield from self.matrix(content, f"{key}{part}.{names[i % len(names)]}", depth - 1)

    def array(
        self, kind: int, flags: int, shape: tuple[int, ...], parts: list[tuple[int, bytes]]
    ) -> NDArray[Any]:
        if kind == SPARSE:
            from scipy.sparse import csc_array

            rows, columns = (self.numbers(part).astype(np.int64) for part in parts[:2])
            values = self.values(parts[2:], flags)
            count = int(columns[-1])
            check_described(shape, len(values))
            return numbers_of(dense(csc_array((values[:count], rows[:count], columns), shape)))
        values = self.values(parts, flags)
        if not flags & (COMPLEX | LOGICAL):
            values = values.astype(NUMBERS[kind])
        return numbers_of(values.reshape(shape, order="F"))

    def values(self, parts: list[tuple[int, bytes]], flags: int) -> NDArray[Any]:
        real = self.numbers(parts[0])
        if flags & COMPLEX:
            return real + 1j * self.numbers(parts[1])
        return real != 0 if flags & LOGICAL else real

    def numbers(self, part: tuple[int, bytes]) -> NDArray[Any]:
        kind, data = part
        return np.frombuffer(data, f"{self.order}{TYPES[kind]}")
