"""Tensors from PyTorch's storages: a tensor is a strided view of a row of numbers."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnspec.models.files.contents import check_described
from rnnspec.models.files.refusal import LeftOut

# The class that a pickle names for a storage, and the type of its numbers.
STORAGES = {
    "DoubleStorage": torch.float64, "FloatStorage": torch.float32, "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16, "ComplexDoubleStorage": torch.complex128,
    "ComplexFloatStorage": torch.complex64, "LongStorage": torch.int64,
    "IntStorage": torch.int32, "ShortStorage": torch.int16, "CharStorage": torch.int8,
    "ByteStorage": torch.uint8, "BoolStorage": torch.bool, "QInt8Storage": torch.int8,
    "QUInt8Storage": torch.uint8, "QInt32Storage": torch.int32, "UntypedStorage": torch.uint8,
}  # fmt: skip
# Types of tensors that have no storage class of their own.
DTYPES = {
    name: getattr(torch, name)
    for name in (
        "float64 float32 float16 bfloat16 complex128 complex64 complex32 int64 int32 int16 int8"
        " uint8 uint16 uint32 uint64 bool"
    ).split()
}


@dataclass(eq=False)
class Storage:
    """Numbers of one type in a row, which are read when they are first needed.

    Attributes
    ----------
    kind : str
        The class that the pickle names.
    count : int
        How many numbers there are.
    read : function
        Gives their bytes.
    little : bool
        Whether the lowest byte of a number comes first.
    """

    kind: str
    count: int
    read: Callable[[], bytearray]
    little: bool = True

    @cached_property
    def data(self) -> bytearray:
        """The bytes of the numbers."""
        data = self.read()
        if self.count < 0 or len(data) != self.count * self.itemsize:
            raise ValueError(f"a storage of {self.count} numbers has {len(data)} bytes")
        return data

    @property
    def dtype(self) -> torch.dtype:
        """The type of its numbers."""
        if self.kind not in STORAGES:
            raise LeftOut(f"a tensor in a {self.kind}, a type of numbers that is not read")
        return STORAGES[self.kind]

    @property
    def itemsize(self) -> int:
        """Bytes that a number takes."""
        return self.dtype.itemsize

    def slice(self, offset: int, count: int) -> Storage:
        """The `count` numbers from `offset` on, as a storage of their own."""
        size = self.itemsize
        cut = slice(offset * size, (offset + count) * size)
        return Storage(self.kind, count, lambda: self.data[cut], self.little)

    def numbers(self, dtype: torch.dtype) -> Tensor:
        """All numbers as a tensor of one dimension."""
        if not self.data:
            return torch.empty(0, dtype=dtype)
        data = self.data
        if self.little != (sys.byteorder == "little"):
            part = dtype.itemsize // (2 if dtype.is_complex else 1)
            data = bytearray(np.frombuffer(data, f"V{part}").view(f"u{part}").byteswap().tobytes())
        return torch.frombuffer(data, dtype=dtype)


@dataclass(eq=False)
class Lazy:
    """A tensor whose numbers are read when it is asked for."""

    read: Callable[[], Tensor]


def strided_view(
    storage: Any, offset: Any, shape: Any, strides: Any, dtype: torch.dtype | None = None
) -> Tensor:
    """The tensor with entry ``storage[offset + sum(index * strides)]`` at each index."""
    numbers = storage.numbers(storage.dtype if dtype is None else dtype)
    shape, strides, offset = tuple(map(int, shape)), tuple(map(int, strides)), int(offset)
    if len(shape) != len(strides) or min((offset, *shape, *strides)) < 0:
        raise ValueError(f"no tensor has shape {shape} and strides {strides} from {offset}")
    last = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
    if 0 not in shape and last >= len(numbers):
        raise ValueError(f"a tensor of shape {shape} ends beyond its storage")
    if 0 in shape:
        return torch.empty(shape, dtype=numbers.dtype)
    check_described(shape, len(numbers))
    return torch.as_strided(numbers, shape, strides, offset)
