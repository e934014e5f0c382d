"""The TRAIN and TEST files of a data set of the user's own."""

from __future__ import annotations

from pathlib import Path

HALVES = ("TRAIN", "TEST")
Halves = tuple[Path, Path]


def find_own(path: str, suffix: str) -> Halves:
    """Both files of the user's own, from the TRAIN file, its folder, or the path before ``_TRAIN``.

    Raises
    ------
    ValueError
        If there is no such pair, or a folder holds several.
    """
    prefix = _prefix(Path(path).expanduser(), suffix)
    halves = halves_of(prefix, suffix)
    for half in halves:
        if not half.is_file():
            raise ValueError(
                f"expected the files {halves[0]} and {halves[1]}, got no {half}"
                f" (give the TRAIN file, its folder, or the path before _TRAIN{suffix})"
            )
    return halves


def _prefix(path: Path, suffix: str) -> Path:
    if path.is_dir():
        found = sorted(path.glob(f"*_TRAIN{suffix}"))
        if len(found) != 1:
            raise ValueError(
                f"expected one file *_TRAIN{suffix} in the folder {path}, got"
                f" {', '.join(file.name for file in found) or 'none'}"
            )
        path = found[0]
    for half in HALVES:
        if path.name.endswith(f"_{half}{suffix}"):
            return path.with_name(path.name.removesuffix(f"_{half}{suffix}"))
    if path.is_file():
        raise ValueError(
            f"expected a file that ends in _TRAIN{suffix}, got {path}: rename it, and put the"
            f" test half beside it as _TEST{suffix}"
        )
    return path


def halves_of(prefix: Path, suffix: str) -> Halves:
    """The TRAIN and TEST files whose names begin with that of `prefix`."""
    train, test = (prefix.with_name(f"{prefix.name}_{half}{suffix}") for half in HALVES)
    return train, test
