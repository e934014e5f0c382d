"""The TRAIN and TEST files of a data set of the UCR or UEA archive."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from rnnspec.data.download import (
    cache_folder,
    data_folder,
    download_members,
    sha256_of,
    unavailable,
    why_not_downloaded,
)
from rnnspec.data.own_files import Halves, halves_of
from rnnspec.data.registry import ARCHIVE, ARCHIVE_SHA256, ZENODO, ZENODO_RECORDS


def find_archived(name: str, data_dir: str | Path | None = None, download: bool = True) -> Halves:
    """Both files of a data set, by its name in the archive.

    They are looked for in the data folder (`.ts`, then `.tsv`), in the cache, inside an installed
    sktime or aeon (which are not imported), and on the network.  A file whose hash is known must
    have it, whatever its line ends; a cached file that differs is downloaded anew.  The files of
    sktime and aeon are taken as they are installed.

    Raises
    ------
    ValueError
        If `name` cannot be a name, `data_dir` is no folder, or a file in it is not
        the published one.
    DatasetUnavailable
        If a file is missing and cannot be downloaded.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        raise ValueError(
            f"a UCR data set is named by letters and digits, as in ucr:JapaneseVowels, got {name!r}"
            " (a path of your own: ts:PATH or tsv:PATH)"
        )
    cache, notes = cache_folder(name), []
    for prefix, suffix in _places(name, data_dir):
        there = [path for path in halves_of(prefix, suffix) if path.is_file()]
        if len(there) == 1:
            notes.append(f"{there[0]} is there without its other half")
        if len(there) < 2:
            continue
        faults = [fault for path in there if (fault := _fault(path))]
        if not faults:
            return there[0], there[1]
        if prefix.parent != cache:
            raise ValueError(f"{faults[0]}; replace or remove the file")
        notes.append(faults[0])
    for prefix in _prefixes_in_packages(name):
        train, test = halves_of(prefix, ".ts")
        if train.is_file() and test.is_file():
            return train, test
    if reason := why_not_downloaded(download) or _fetch(name):
        root, members = data_folder(data_dir), _members(name)
        wanted = [f"{m} (sha256 {ARCHIVE_SHA256.get(m, 'not published')})" for m in members]
        folder = cache if root is None else root / name
        raise unavailable(f"ucr:{name}", wanted, _urls(name), folder, "; ".join([reason, *notes]))
    return halves_of(cache / name, ".ts")


def _places(name: str, data_dir: str | Path | None) -> Iterator[tuple[Path, str]]:
    root = data_folder(data_dir)
    if root is not None:
        for suffix in (".ts", ".tsv"):
            yield root / name / name, suffix
            yield root / name, suffix
    yield cache_folder(name) / name, ".ts"


def _prefixes_in_packages(name: str) -> Iterator[Path]:
    for package in ("sktime", "aeon"):
        # The package is found but not imported, because an import takes seconds.
        spec = find_spec(package)
        for home in (spec and spec.submodule_search_locations) or ():
            yield Path(home) / "datasets" / "data" / name / name


def _fault(path: Path) -> str | None:
    """How a file differs from the published one of its name, if that is known."""
    expected = ARCHIVE_SHA256.get(path.name)
    if expected is None:
        return None
    got = sha256_of(path)
    text = path.read_bytes().replace(b"\r\n", b"\n")
    if expected in (got, hashlib.sha256(text).hexdigest()):
        return None
    owner = next((name for name, known in ARCHIVE_SHA256.items() if known == got), None)
    cause = (
        f"this is {owner} of the archive under another name"
        if owner
        else "a copy that was cut, edited or of another version; data of your own is read by"
        " ts:PATH"
    )
    return f"{path}: expected sha256 {expected}, got {got}: {cause}"


def _urls(name: str) -> list[str]:
    urls = [ARCHIVE.format(name=name)]
    if name in ZENODO_RECORDS:
        urls.append(ZENODO.format(record=ZENODO_RECORDS[name], name=name))
    return urls


def _members(name: str) -> list[str]:
    return [path.name for path in halves_of(Path(name), ".ts")]


def _fetch(name: str) -> str | None:
    """Download and unpack the files, or return why that failed."""
    try:
        download_members(_urls(name), cache_folder(name), _members(name), ARCHIVE_SHA256)
    except (OSError, ValueError) as error:
        return f"every mirror failed ({error})"
    return None
