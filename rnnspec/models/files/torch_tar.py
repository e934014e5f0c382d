"""PyTorch's format of 2016, a tar archive: storages, tensors that view them, then a pickle."""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path
from typing import Any

from rnnspec.models.files.builders import BUILDERS
from rnnspec.models.files.contents import Contents
from rnnspec.models.files.inert import Global, unpickle
from rnnspec.models.files.storages import Lazy, Storage, strided_view
from rnnspec.models.files.walk import arrays_in

MEMBERS = {"storages", "tensors", "pickle"}


def read_torch_tar(storages: Path, tensors: Path, pickle: Path) -> Contents:
    """All tensors that the three members of the archive describe."""
    stored = _storages(BytesIO(storages.read_bytes()))
    found = _tensors(BytesIO(tensors.read_bytes()), stored)

    def persistent(identity: Any) -> Any:
        if isinstance(identity, tuple):  # a class, with its source
            return identity[0]
        return found[str(identity)] if str(identity) in found else stored[str(identity)]

    root = unpickle(pickle.read_bytes(), BUILDERS, persistent)
    return Contents("torch", *arrays_in(root))


def _storages(file: BytesIO) -> dict[str, Storage]:
    found: dict[str, Storage] = {}
    for _ in range(unpickle(file, {})):
        key, _, kind = unpickle(file, {})
        storage = Storage(kind.name if isinstance(kind, Global) else str(kind), 0, bytearray)
        (storage.count,) = struct.unpack("<q", file.read(8))
        data = bytearray(file.read(storage.count * storage.itemsize))
        found[str(key)] = Storage(storage.kind, storage.count, lambda data=data: data)  # type: ignore[misc]
    for key, whole, offset, count in unpickle(file, {}):
        found[str(key)] = found[str(whole)].part(offset, count)
    return found


def _tensors(file: BytesIO, storages: dict[str, Storage]) -> dict[str, Lazy]:
    found = {}
    for _ in range(unpickle(file, {})):
        key, storage, _ = unpickle(file, {})
        (ndim,) = struct.unpack("<i4x", file.read(8))
        shape = struct.unpack(f"<{ndim}q", file.read(8 * ndim))
        strides = struct.unpack(f"<{ndim}q", file.read(8 * ndim))
        (offset,) = struct.unpack("<q", file.read(8))
        view = (storages[str(storage)], offset, shape, strides)
        found[str(key)] = Lazy(lambda view=view: strided_view(*view))  # type: ignore[misc]
    return found
