"""Files that are bare pickles: plain ones, and PyTorch's format until version 1.5.

In the latter, pickles stand one behind the other, then the numbers of each storage.
"""

from __future__ import annotations

import struct
from io import BytesIO
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

from rnnspec.models.files.builders import BUILDERS
from rnnspec.models.files.contents import Contents
from rnnspec.models.files.inert import unpickle
from rnnspec.models.files.notes import Global, Instance
from rnnspec.models.files.refusal import LeftOut
from rnnspec.models.files.storages import Storage
from rnnspec.models.files.walk import arrays_in

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001


def read_pickle(path: Path) -> Contents:
    """All arrays and tensors in the first pickle of the file `path`."""
    with path.open("rb") as opened, mmap(opened.fileno(), 0, access=ACCESS_READ) as file:
        found = arrays_in(unpickle(file, _BUILDERS), path.stem)
        rest = len(file) - file.tell()
    also = (f"{rest} bytes that follow the first pickle",) if rest else ()
    return Contents("pickle", found.arrays, found.left_out + also, found.formula, found.assumed)


def read_legacy(path: Path) -> Contents:
    """All tensors in the file `path` of PyTorch's old format."""
    with path.open("rb") as opened, mmap(opened.fileno(), 0, access=ACCESS_READ) as file:
        return Contents("torch", *arrays_in(_legacy_object(file), path.stem))


def _legacy_object(file: mmap | BytesIO) -> Any:
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
        return whole if view is None else whole.slice(view[1], view[2])

    root = unpickle(file, BUILDERS, persistent)
    for key in map(str, unpickle(file, {})):
        (count,) = struct.unpack("<q", file.read(8))
        if count != storages[key].count:
            raise ValueError(f"a storage of {storages[key].count} numbers has {count}")
        numbers[key] = bytearray(file.read(count * storages[key].itemsize))
        storages[key].data  # noqa: B018 - a file that was cut off is found out here
    return root


def _refuse_joblib(*_: Any) -> Any:
    raise LeftOut("arrays as joblib writes them; write them with numpy.savez")


_BUILDERS = {
    **BUILDERS,
    "torch.storage._load_from_bytes": lambda data: _legacy_object(BytesIO(data)),
    "joblib.numpy_pickle.NumpyArrayWrapper": _refuse_joblib,
}
