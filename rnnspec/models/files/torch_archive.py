"""PyTorch's archives: zip since version 1.6, TorchScript's too, and tar in 2016.

All of them keep the numbers of tensors outside the pickles that describe these.
"""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from rnnspec.models.files.builders import BUILDERS
from rnnspec.models.files.contents import Contents, check_unpacked
from rnnspec.models.files.inert import unpickle
from rnnspec.models.files.notes import Global, Instance
from rnnspec.models.files.storages import Lazy, Storage, strided_view
from rnnspec.models.files.walk import arrays_in

MEMBERS_OF_TAR = {"storages", "tensors", "pickle"}


def read_archive(path: Path) -> Contents:
    """All tensors in the archive `path`; constants of a TorchScript program under "constants"."""
    with ZipFile(path) as archive:
        check_unpacked(path, sum(info.file_size for info in archive.infolist()))
        names = archive.namelist()
        data = min((name for name in names if name.rpartition("/")[2] == "data.pkl"), key=len)
        folder = data.removesuffix("data.pkl")
        found = arrays_in(_unpickle(archive, folder, "data"), path.stem)
        arrays, left_out = found.arrays, found.left_out
        script = f"{folder}constants.pkl" in names
        if script:
            constants = {"constants": _unpickle(archive, folder, "constants")}
            more = arrays_in(constants)
            arrays, left_out = {**more.arrays, **arrays}, left_out + more.left_out
    kind = "torchscript" if script else "torch"
    return Contents(kind, arrays, left_out, found.formula, found.assumed)


def _unpickle(archive: ZipFile, folder: str, name: str) -> Any:
    """The object of ``NAME.pkl``; the numbers of its tensors lie in the folder ``NAME``."""
    order = f"{folder}byteorder"
    little = order not in archive.namelist() or archive.read(order) != b"big"
    # Each storage is read once, however many tensors view it.
    storages: dict[tuple[str, str, int], Storage] = {}

    def persistent(identity: Any) -> Any:
        if not isinstance(identity, tuple) or len(identity) < 5 or identity[0] != "storage":
            return Instance("persistent", (identity,))
        kind = identity[1].name if isinstance(identity[1], Global) else str(identity[1])
        record, count = f"{folder}{name}/{identity[2]}", int(identity[4])
        storage = Storage(kind, count, lambda: bytearray(archive.read(record)), little)
        return storages.setdefault((record, kind, count), storage)

    return unpickle(archive.read(f"{folder}{name}.pkl"), BUILDERS, persistent)


def read_tar(storages: Path, tensors: Path, pickle: Path) -> Contents:
    """All tensors that the three members of a tar archive describe."""
    stored = _storages_of_tar(BytesIO(storages.read_bytes()))
    found = _tensors_of_tar(BytesIO(tensors.read_bytes()), stored)

    def persistent(identity: Any) -> Any:
        if isinstance(identity, tuple):  # a class, with its source
            return identity[0]
        return found[str(identity)] if str(identity) in found else stored[str(identity)]

    root = unpickle(pickle.read_bytes(), BUILDERS, persistent)
    return Contents("torch", *arrays_in(root))


def _storages_of_tar(file: BytesIO) -> dict[str, Storage]:
    """The storages by their keys: whole ones, then those that are slices of others."""
    found: dict[str, Storage] = {}
    for _ in range(unpickle(file, {})):
        key, _, kind = unpickle(file, {})
        storage = Storage(kind.name if isinstance(kind, Global) else str(kind), 0, bytearray)
        (storage.count,) = struct.unpack("<q", file.read(8))
        data = bytearray(file.read(storage.count * storage.itemsize))
        found[str(key)] = Storage(storage.kind, storage.count, lambda data=data: data)  # type: ignore[misc]
    for key, whole, offset, count in unpickle(file, {}):
        found[str(key)] = found[str(whole)].slice(offset, count)
    return found


def _tensors_of_tar(file: BytesIO, storages: dict[str, Storage]) -> dict[str, Lazy]:
    """The tensors by their keys: each has a storage, a shape, strides and an offset."""
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
