"""Zip archives of PyTorch: `torch.save` since 1.6, and TorchScript, which differs by its names."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zipfile import ZipFile

from rnnspec.models.files.builders import BUILDERS
from rnnspec.models.files.contents import Contents
from rnnspec.models.files.inert import Global, Instance, unpickle
from rnnspec.models.files.sizes import check_unpacked
from rnnspec.models.files.storages import Storage
from rnnspec.models.files.walk import arrays_in


def read_archive(path: Path) -> Contents:
    """All tensors in the archive `path`; constants of a TorchScript program under "constants"."""
    with ZipFile(path) as archive:
        check_unpacked(path, sum(info.file_size for info in archive.infolist()))
        names = archive.namelist()
        data = min((name for name in names if _last(name) == "data.pkl"), key=len)
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

    storages: dict[
        tuple[str, str, int], Storage
    ] = {}  # each read once, however many tensors view it

    def persistent(identity: Any) -> Any:
        if not isinstance(identity, tuple) or len(identity) < 5 or identity[0] != "storage":
            return Instance("persistent", (identity,))
        kind = identity[1].name if isinstance(identity[1], Global) else str(identity[1])
        record, count = f"{folder}{name}/{identity[2]}", int(identity[4])
        storage = Storage(kind, count, lambda: bytearray(archive.read(record)), little)
        return storages.setdefault((record, kind, count), storage)

    return unpickle(archive.read(f"{folder}{name}.pkl"), BUILDERS, persistent)


def _last(name: str) -> str:
    return name.rpartition("/")[2]
