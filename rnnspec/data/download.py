"""Downloads: the folders to look in, the mirrors to try, and the error if all fail."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import BadZipFile, ZipFile


class DatasetUnavailable(ValueError):  # noqa: N818
    """The files of a data set are neither on this machine nor can they be downloaded."""


def offline() -> bool:
    """Whether ``RNNSPEC_OFFLINE`` forbids the network."""
    return os.environ.get("RNNSPEC_OFFLINE", "0") not in ("", "0")


def cache_folder(name: str) -> Path:
    """The folder for downloads of one data set; data sets may have files of the same name."""
    import pooch

    return Path(pooch.os_cache("rnnspec")) / name


def data_folder(data_dir: str | os.PathLike[str] | None) -> Path | None:
    """The folder that the user names: `data_dir`, or ``RNNSPEC_DATA_DIR``, or None.

    Raises
    ------
    ValueError
        If it is no folder.
    """
    given = "`data_dir`" if data_dir is not None else "RNNSPEC_DATA_DIR"
    where = data_dir if data_dir is not None else os.environ.get("RNNSPEC_DATA_DIR")
    if not where:
        return None
    if not Path(where).is_dir():
        raise ValueError(f"{given} must be a folder that exists, got {str(where)!r}")
    return Path(where)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hashes_of(paths: Iterable[Path]) -> dict[str, str]:
    """SHA-256 of each file, by its name."""
    return {path.name: sha256_of(path) for path in paths}


def download_file(urls: Iterable[str], path: Path, sha256: str | None) -> None:
    """Download `path` from the first URL whose content has the right hash.

    The file appears under its name when it is complete and checked, or not at all.

    Raises
    ------
    ValueError
        If no URL delivers the file; the error says why for each.
    """
    import pooch

    # Pooch writes messages to stderr, and ``--quiet`` promises that there are none.
    pooch.get_logger().setLevel(logging.ERROR)
    failures = []
    for url in urls:
        try:
            pooch.retrieve(url, sha256 and f"sha256:{sha256}", fname=path.name, path=path.parent)
            return
        except (OSError, ValueError) as error:  # the exceptions of requests are OSErrors
            failures.append(f"{url}: {' '.join(str(error).split())[:160]}")
    raise ValueError("; ".join(failures))


def download_members(
    urls: Iterable[str], folder: Path, members: Sequence[str], sha256: dict[str, str]
) -> None:
    """Download `members` into `folder` from the first zip archive that holds them all.

    Those whose hash is in `sha256` must have it.

    Raises
    ------
    ValueError
        If no URL delivers the file; the error says why for each.
    """
    failures = []
    folder.mkdir(parents=True, exist_ok=True)
    for url in urls:
        with TemporaryDirectory(dir=folder, prefix=".download-") as scratch:
            archive = Path(scratch) / "archive.zip"
            try:
                download_file([url], archive, None)
                _extract(archive, folder, members, sha256)
                return
            except (BadZipFile, KeyError, ValueError) as error:
                reason = str(error).strip("'\"")
                failures.append(reason if url in reason else f"{url}: {reason}")
    raise ValueError("; ".join(failures))


def _extract(archive: Path, folder: Path, members: Sequence[str], sha256: dict[str, str]) -> None:
    with ZipFile(archive) as zipped:
        for member in members:
            path = Path(zipped.extract(member, archive.parent))
            got = sha256_of(path)
            if got != sha256.get(member, got):
                raise ValueError(f"{member}: expected sha256 {sha256[member]}, got {got}")
    for member in members:
        os.replace(archive.parent / member, folder / member)


def unavailable(
    name: str, wanted: Iterable[str], urls: Iterable[str], folder: Path, reason: str
) -> DatasetUnavailable:
    """The error that says what is missing and every way to get it."""
    return DatasetUnavailable(
        f"data set {name!r} is not on this machine: {reason}. Wanted: {', '.join(wanted)};"
        f" from {' or '.join(urls)}. Put them into {folder} (or into a folder given by --data-dir"
        " or RNNSPEC_DATA_DIR), or train on bundled data: --dataset digits"
    )


def why_not_downloaded(download: bool) -> str | None:
    """Why the network must not be used, or None if it may."""
    if not download:
        return "downloads are switched off"
    return "RNNSPEC_OFFLINE is set" if offline() else None
