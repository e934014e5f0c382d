"""PyTorch's format until 1.5: pickles one behind the other, then the numbers of each storage."""

from __future__ import annotations

import struct
from io import BytesIO
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

from rnnspec.models.files.builders import BUILDERS
from rnnspec.models.files.contents import Contents
from rnnspec.models.files.inert import Global, Instance, unpickle
from rnnspec.models.files.storages import Storage
from rnnspec.models.files.walk import arrays_in

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001


def read_legacy(path: Path) -> Contents:
    """All tensors in the file `path`."""
    with path.open("rb") as opened, mmap(opened.fileno(), 0, access=ACCESS_READ) as file:
        return Contents("torch", *arrays_in(legacy_object(file), path.stem))


def legacy_object(file: mmap | BytesIO) -> Any:
    """The object that `file` holds; the numbers of its tensors are read."""
    if (unpickle(file, {}), unpickle(file, {})) != (MAGIC, PROTOCOL):
        raise ValueError("another version of the format")
    unpickle(file, {})  # the machine that wrote it; the numbers are little-endian on every one
    storages: dict[str, Storage] = {}
    numbers: dict[str, bytearray] = {}

    def persistent(identity: Any) -> Any:
        if not isinstance(identity, tuple) or len(identity) < 2:
            return Instance("persistent", (identity,))
        if identity[0] == "module":  # a class, with its source
            return identity[1]
        _, kind, key, _, count, view = identity
        named = kind.name if isinstance(kind, Global) else str(kind)
        whole = storages.setdefault(str(key), Storage(named, count, lambda: numbers[str(key)]))
        return whole if view is None else whole.part(view[1], view[2])

    root = unpickle(file, BUILDERS, persistent)
    for key in map(str, unpickle(file, {})):
        (count,) = struct.unpack("<q", file.read(8))
        if count != storages[key].count:
            raise ValueError(f"a storage of {storages[key].count} numbers has {count}")
        numbers[key] = bytearray(file.read(count * storages[key].itemsize))
        storages[key].data  # noqa: B018 - a file that was cut off is found out here
    return root
