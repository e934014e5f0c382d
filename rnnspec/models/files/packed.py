"""Archives that hold one file to be read; they are unpacked into a temporary folder."""

from __future__ import annotations

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

from rnnspec.models.files.contents import Contents, check_unpacked
from rnnspec.models.files.reading import content_of, read_contents
from rnnspec.models.files.refusal import Refusal, refusal
from rnnspec.models.files.sniff import is_content
from rnnspec.models.files.torch_archive import MEMBERS_OF_TAR, read_tar

# Archives within archives.  A zip of a .tar.gz has three; more is made to keep a reader busy.
DEEPEST = 4
PIECE = 1 << 20  # bytes that are copied at a time


def read_packed(path: Path, levels: int = DEEPEST) -> Contents:
    """The contents of the one file with arrays in the archive `path`.

    Raises
    ------
    ValueError
        If no file in it is read, or several are.
    """
    if levels == 0:
        raise refusal(path, f"an archive within {DEEPEST} others", "unpack it first")
    with TemporaryDirectory() as folder:
        files = []
        for i, (name, file) in enumerate(UNPACK[content_of(path)](path)):
            files.append(Path(folder) / str(i) / (PurePosixPath(name).name or "unnamed"))
            files[-1].parent.mkdir()
            _copy(path, file, files[-1])
        if {file.name for file in files} == MEMBERS_OF_TAR:
            return read_tar(**{file.name: file for file in files})
        try:
            return _only(path, files, levels)
        except Refusal as error:  # it names a file of the temporary folder, not of the user's
            shown = re.sub(rf"{re.escape(folder)}/\d+/", f"{path}, in it ", str(error))
            raise Refusal(shown) from error


def _only(path: Path, files: list[Path], levels: int) -> Contents:
    """The contents of the only one of `files` that has arrays.

    Texts count only if no other file has arrays.
    """
    if len(files) == 1:
        return _read_member(files[0], levels)
    read: dict[Path, Contents] = {}
    for file in files:
        try:
            read[file] = _read_member(file, levels)
        except Refusal:
            continue
    chosen = [file for file in read if read[file].kind != "text"] or list(read)
    if len(chosen) != 1:
        names = ", ".join(file.name for file in (chosen or files)[:5]) or "none"
        what = "to choose from" if chosen else "none of which is read"
        count = len(chosen or files)
        raise refusal(path, f"an archive of {count} files, {what} ({names})", "unpack it first")
    contents = read[chosen[0]]
    others = tuple(
        f"{file.name}: another file of the archive" for file in files if file != chosen[0]
    )
    return replace(contents, left_out=contents.left_out + others)


def _read_member(path: Path, levels: int) -> Contents:
    """The contents of a file that was unpacked, which may be an archive again."""
    packed = content_of(path) in UNPACK
    return read_packed(path, levels - 1) if packed else read_contents(path)


def _copy(path: Path, source: IO[bytes], target: Path) -> None:
    """Unpack one file of the archive `path`, until it is too large."""
    size = 0
    with source, target.open("wb") as file:
        while piece := source.read(PIECE):
            size += file.write(piece)
            check_unpacked(path, size)


Files = Iterator[tuple[str, IO[bytes]]]  # the names of files, and the open files


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
