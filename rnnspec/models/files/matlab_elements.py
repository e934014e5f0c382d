"""The elements of a MATLAB file of versions 5 to 7, and the arrays in its matrices.

An element is a type, a length and that many bytes; a matrix is an element whose bytes are elements
again: its flags, its shape, its name, and what it holds.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec.models.files.contents import RATIO, UNPACKED, check_described
from rnnspec.models.files.numpy_files import dense, numbers_of
from rnnspec.models.files.refusal import LeftOut

TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
MATRIX, COMPRESSED = 14, 15
CELL, STRUCT, OBJECT, CHAR, SPARSE, FUNCTION = 1, 2, 3, 4, 5, 16
NUMBERS = {
    6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8",
}  # fmt: skip
COMPLEX, LOGICAL = 0x800, 0x200  # flags
# Structs within structs: far more than a file of measurements has, and few enough to follow.
DEEPEST = 50

Found = Iterator[tuple[str, Any]]  # keys with their arrays, or with why one is left out


class ElementReader:
    """The reader of a file of versions 5 to 7, whose numbers have one byte order."""

    def __init__(self, little: bool) -> None:
        self.order = "<" if little else ">"

    def file(self, data: bytes) -> Found:
        """The arrays of all variables, packed ones too."""
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
        """The type and the bytes of each element; those of a short one lie in its head."""
        position = 0
        while position < len(data):
            kind, size = struct.unpack_from(f"{self.order}2I", data, position)
            start = position + 8
            if kind >> 16:
                kind, size, start = kind & 0xFFFF, kind >> 16, position + 4
            if start + size > len(data):
                raise ValueError(f"an element of {size} bytes ends beyond the file")
            yield kind, data[start : start + size]
            position = start + size
            position += 0 if kind == COMPRESSED else -position % 8

    def matrix(self, data: bytes, key: str, depth: int) -> Found:
        """The arrays of numbers in a matrix under `key`, or under its own name if that is empty."""
        if not data:  # an empty cell
            yield key, np.zeros((0, 0))
            return
        if depth == 0:
            raise ValueError(f"more than {DEEPEST} structs within one another")
        elements = self.elements(data)
        flags = int(self.numbers(next(elements))[0])
        kind = flags & 0xFF
        if kind not in {CELL, STRUCT, OBJECT, CHAR, SPARSE, *NUMBERS}:
            if kind == FUNCTION:
                next(elements)  # its shape
            name = next(elements)[1].decode("latin-1")
            yield key or name, LeftOut("a function or an object of MATLAB, no array of numbers")
            return
        shape = tuple(int(n) for n in self.numbers(next(elements)))
        name = next(elements)[1].decode("latin-1")
        if (key or name) and kind != CHAR:
            yield from self.content(kind, flags, shape, key or name, elements, depth)

    def content(
        self,
        kind: int,
        flags: int,
        shape: tuple[int, ...],
        key: str,
        elements: Iterator[tuple[int, bytes]],
        depth: int,
    ) -> Found:
        """The arrays of numbers in a matrix of this kind, from its elements behind the name."""
        if kind in NUMBERS or kind == SPARSE:
            try:
                yield key, self.array(kind, flags, shape, list(elements))
            except LeftOut as why:
                yield key, why
        elif kind == CELL:
            for i, (_, content) in enumerate(elements):
                yield from self.matrix(content, f"{key}.{i}", depth - 1)
        else:
            if kind == OBJECT:
                next(elements)  # the name of its class
            for name, content in self.members(elements, prod(shape) != 1):
                yield from self.matrix(content, key + name, depth - 1)

    def members(
        self, elements: Iterator[tuple[int, bytes]], several: bool
    ) -> Iterator[tuple[str, bytes]]:
        """The members of a struct, as ".member", or of `several` structs, as ".0.member"."""
        length = int(self.numbers(next(elements))[0])
        text = next(elements)[1].decode("latin-1")
        names = [text[i : i + length].split("\0")[0] for i in range(0, len(text), length)]
        for i, (_, content) in enumerate(elements):
            position = f".{i // len(names)}" if several else ""
            yield f"{position}.{names[i % len(names)]}", content

    def array(
        self, kind: int, flags: int, shape: tuple[int, ...], elements: list[tuple[int, bytes]]
    ) -> NDArray[Any]:
        """The array of a matrix of numbers from its elements behind the name."""
        if kind == SPARSE:
            from scipy.sparse import csc_array

            rows, columns = (self.numbers(one).astype(np.int64) for one in elements[:2])
            values = self.values(elements[2:], flags)
            count = int(columns[-1])
            check_described(shape, len(values))
            return numbers_of(dense(csc_array((values[:count], rows[:count], columns), shape)))
        values = self.values(elements, flags)
        if not flags & (COMPLEX | LOGICAL):
            values = values.astype(NUMBERS[kind])
        return numbers_of(values.reshape(shape, order="F"))

    def values(self, elements: list[tuple[int, bytes]], flags: int) -> NDArray[Any]:
        """The entries in the order of the file: real, complex or logical."""
        real = self.numbers(elements[0])
        if flags & COMPLEX:
            return real + 1j * self.numbers(elements[1])
        return real != 0 if flags & LOGICAL else real

    def numbers(self, element: tuple[int, bytes]) -> NDArray[Any]:
        """The numbers of one element."""
        kind, data = element
        return np.frombuffer(data, f"{self.order}{TYPES[kind]}")
