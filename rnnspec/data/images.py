"""Images of the MNIST family: their files are found, checked and read as sequences."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rnnspec.data.download import (
    cache_folder,
    data_folder,
    download_file,
    sha256_of,
    unavailable,
    why_not_downloaded,
)
from rnnspec.data.idx import read_idx
from rnnspec.data.image_sets import IMAGE_SETS, RemoteFile


def as_sequences(
    images: NDArray[np.float32],  # shape: (n, rows, columns)
    view: str,
    seed: int,
) -> tuple[NDArray[np.float32], NDArray[np.int64] | None]:
    """Images as sequences (n, t, d), and the permutation if `view` has one.

    A step is a row of the image with ``rows``, a column with ``cols``, and one pixel with
    ``pixels`` (row by row) and with ``permuted`` (in an order that `seed` fixes).

    Examples
    --------
    >>> image = np.array([[[1, 2], [3, 4]]], np.float32)
    >>> as_sequences(image, "cols", 0)[0].tolist()
    [[[1.0, 3.0], [2.0, 4.0]]]
    >>> as_sequences(image, "pixels", 0)[0].shape
    (1, 4, 1)
    """
    if view == "rows":
        return images, None
    if view == "cols":
        return images.transpose(0, 2, 1), None
    pixels = images.reshape(len(images), -1, 1)
    if view == "pixels":
        return pixels, None
    permutation = np.random.default_rng(seed).permutation(pixels.shape[1])
    return pixels[:, permutation], permutation


def image_files(
    name: str, data_dir: str | Path | None = None, download: bool = True
) -> tuple[Path, ...]:
    """Paths of the four files in the order of `ImageSet`, downloaded if they may be.

    Raises
    ------
    ValueError
        If a file in the data folder is not the published one.
    DatasetUnavailable
        If one is missing and cannot be downloaded.
    """
    known, root, cache = IMAGE_SETS[name], data_folder(data_dir), cache_folder(name)
    folders = [] if root is None else [*(root / folder for folder in known.folders), root]
    paths = [_find_placed(name, file, folders) or _find_cached(file, cache) for file in known.files]
    missing = [file for file, path in zip(known.files, paths, strict=True) if path is None]
    if missing:
        if reason := why_not_downloaded(download) or _fetch(name, missing, cache):
            raise unavailable(
                name,
                [f"{file.name} (sha256 {file.sha256})" for file in missing],
                known.mirrors,
                cache if root is None else root / known.folders[0],
                reason,
            )
    return tuple(path or cache / f.name for path, f in zip(paths, known.files, strict=True))


def read_images(
    paths: tuple[Path, ...],
) -> tuple[NDArray[np.float32], NDArray[np.int64], int]:
    """All images in [0, 1], (n, rows, columns), their labels, and how many are for training."""
    train_images, train_labels, test_images, test_labels = (read_idx(path) for path in paths)
    images = np.concatenate([train_images, test_images]).astype(np.float32)
    images /= 255
    labels = np.concatenate([train_labels, test_labels]).astype(np.int64)
    return images, labels, len(train_labels)


def _fetch(name: str, files: list[RemoteFile], folder: Path) -> str | None:
    """Download `files`, or return why that failed."""
    try:
        for file in files:
            urls = [mirror + file.name for mirror in IMAGE_SETS[name].mirrors]
            download_file(urls, folder / file.name, file.sha256)
    except ValueError as error:
        return f"every mirror failed ({error})"
    return None


def _find_cached(file: RemoteFile, folder: Path) -> Path | None:
    """The file in our own cache; one that is not whole counts as missing."""
    path = folder / file.name
    return path if path.is_file() and sha256_of(path) == file.sha256 else None


def _find_placed(name: str, file: RemoteFile, folders: list[Path]) -> Path | None:
    """The file where the user has put it, with gzip or without."""
    names = (file.name, file.name.removesuffix(".gz"))
    found = [path for folder in folders for n in names if (path := folder / n).is_file()]
    owners = {path: _owner(path) for path in found}
    for path in found:
        if owners[path] == name:
            return path
    # Both sets name their files alike, so a file in the common folder may belong to the other.
    wrong = [path for path in found if not (owners[path] and path.parent == folders[-1])]
    if wrong:
        raise ValueError(_not_published(wrong[0], file, owners[wrong[0]]))
    return None


def _owner(path: Path) -> str | None:
    """The name of the set to which this file belongs, if it is a published one."""
    for name, known in IMAGE_SETS.items():
        for file in known.files:
            if path.name == file.name and sha256_of(path) == file.sha256:
                return name
            if path.name + ".gz" == file.name and _md5_of(path) == file.md5_plain:
                return name
    return None


def _not_published(path: Path, file: RemoteFile, owner: str | None) -> str:
    """An error that says which hash was expected, and the likely cause."""
    if path.name == file.name:
        expected = f"sha256 {file.sha256}, got {sha256_of(path)}"
    else:
        expected = f"md5 {file.md5_plain} (the published file un-gzipped), got {_md5_of(path)}"
    cause = f"this is the file of {owner}" if owner else _defect(path)
    return f"{path}: expected {expected}: {cause}; replace or remove the file"


def _defect(path: Path) -> str:
    try:
        read_idx(path)
    except ValueError as error:
        return str(error)
    return "readable, but not the published data"


def _md5_of(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "md5").hexdigest()
