"""Archives that hold one file to be read: unpacked aside, one within the other."""

import bz2
import gzip
import lzma
import re
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import IO, Any
from zipfile import ZipFile

from rnnspec.models.files.contents import Contents
from rnnspec.models.files.reading import read_contents
from rnnspec.models.files.refusal import Refusal, refusal
from rnnspec.models.files.sizes import check_unpacked
from rnnspec.models.files.sniff import content_of, is_content
from rnnspec.models.files.torch_tar import MEMBERS, read_torch_tar

DEEPEST = 4  # archives within archives
PIECE = 1 << 20  # bytes copied at a time


def read_packed(path: Path) -> Contents:
    """What the one file in the archive `path` holds.

    Raises
    ------
    ValueError
        If there is none that is read, or several to choose from.
    """
    with TemporaryDirectory() as folder:
        try:
            return _read(path, Path(folder), DEEPEST)
        except Refusal as error:  # the user does not know the folder
            shown = re.sub(rf"{re.escape(folder)}/\d+/\d+/", f"{path}, in it ", str(error))
            raise Refusal(shown) from error


def _read(path: Path, folder: Path, levels: int) -> Contents:
    unpack = UNPACK.get(content_of(path))
    if unpack is None:
        return read_contents(path)
    if levels == 0:
        raise refusal(path, f"an archive below {DEEPEST} others", "unpack it first")
    files = []
    for i, (name, file) in enumerate(unpack(path)):
        files.append(folder / str(levels) / str(i) / (PurePosixPath(name).name or "unnamed"))
        files[-1].parent.mkdir(parents=True)
        _copy(path, file, files[-1])
    if {file.name for file in files} == MEMBERS:
        return read_torch_tar(**{file.name: file for file in files})
    chosen = _choose(path, files)
    contents = _read(chosen, folder, levels - 1)
    others = tuple(
        f"{file.name}: another file of the archive" for file in files if file is not chosen
    )
    return replace(contents, left_out=contents.left_out + others)


def _choose(path: Path, files: list[Path]) -> Path:
    """The one of `files` that is read; beside it may be texts and what is of no known content."""
    if len(files) == 1:
        return files[0]
    contents: dict[Path, str] = {}
    for file in files:
        try:
            contents[file] = content_of(file)
        except Refusal:
            continue
    chosen = [file for file in contents if contents[file] != "text"] or list(contents)
    if len(chosen) == 1:
        return chosen[0]
    names = ", ".join(file.name for file in (chosen or files)[:5]) or "none"
    what = "files to choose from" if chosen else "files, none of which is read"
    raise refusal(path, f"an archive of {len(chosen or files)} {what} ({names})", "unpack it first")


def _copy(path: Path, source: IO[bytes], target: Path) -> None:
    size = 0
    with source, target.open("wb") as file:
        while piece := source.read(PIECE):
            size += file.write(piece)
            check_unpacked(path, size)


Files = Iterator[tuple[str, IO[bytes]]]  # names and what stands under them


def _of_stream(opened: Callable[[Path], Any]) -> Callable[[Path], Files]:
    def files(path: Path) -> Files:
        yield path.stem, opened(path)

    return files


def _of_tar(path: Path) -> Files:
    with tarfile.open(path, "r:") as archive:
        members = [member for member in archive if member.isfile()]
        check_unpacked(path, sum(member.size for member in members))
        for member in members:
            if (file := archive.extractfile(member)) and is_content(member.name):
                yield member.name, file


def _of_zip(path: Path) -> Files:
    with ZipFile(path) as archive:
        infos = archive.infolist()
        check_unpacked(path, sum(info.file_size for info in infos))
        for info in infos:
            if is_content(info.filename):
                yield info.filename, archive.open(info)


UNPACK: dict[str, Callable[[Path], Files]] = {
    "gzip": _of_stream(gzip.open),
    "bzip2": _of_stream(bz2.open),
    "xz": _of_stream(lzma.open),
    "tar": _of_tar,
    "zip": _of_zip,
}
