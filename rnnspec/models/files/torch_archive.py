"""Zip archives of PyTorch: `torch.save` since 1.6, and TorchScript, which differs by its names."""

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
        found: dict[str, Any] = {"": _unpickled(archive, data, f"{folder}data/")}
        script = f"{folder}constants.pkl" in names
        if script:
            constants = _unpickled(archive, f"{folder}constants.pkl", f"{folder}constants/")
            found["constants"] = constants
        arrays, left_out = arrays_in(found[""])
        if script:
            more, also = arrays_in({"constants": found["constants"]})
            arrays, left_out = {**more, **arrays}, left_out + also
    return Contents("torchscript" if script else "torch", arrays, left_out)


def _unpickled(archive: ZipFile, name: str, storages: str) -> Any:
    """The object in the record `name`; the numbers of its tensors lie in the folder `storages`."""
    folder = name.rpartition("/")[0]
    order = f"{folder}/byteorder"
    little = order not in archive.namelist() or archive.read(order) != b"big"

    def persistent(identity: Any) -> Any:
        if not isinstance(identity, tuple) or len(identity) < 5 or identity[0] != "storage":
            return Instance("persistent", (identity,))
        _, kind, key, _, count = identity[:5]
        named = kind.name if isinstance(kind, Global) else str(kind)
        return Storage(
            named, int(count), lambda: bytearray(archive.read(f"{storages}{key}")), little
        )

    return unpickle(archive.read(name), BUILDERS, persistent)


def _last(name: str) -> str:
    return name.rpartition("/")[2]
