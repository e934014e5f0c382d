"""Bounds on the memory that a small file may take when it is unpacked."""

from __future__ import annotations

from math import prod
from pathlib import Path

from rnnspec.models.files.refusal import LeftOut, refusal

LARGEST = (
    1 << 27
)  # entries of an array that a file describes without holding them: 1 GiB of float64
UNPACKED, RATIO = 1 << 30, 100  # bytes; times the size of the file


def check_unpacked(path: Path, size: int) -> None:
    """Refuse an archive that is much larger once it is unpacked.

    Raises
    ------
    ValueError
        If `size`, in bytes, is over 1 GiB and over 100 times the size of `path`.
    """
    if size > max(UNPACKED, RATIO * path.stat().st_size):
        raise refusal(
            path,
            f"an archive that would unpack to {size / 1e9:.1f} GB, {RATIO} times its size or more",
            "unpack it first if that is meant",
        )


def check_described(shape: tuple[int, ...], held: int) -> None:
    """Leave out an array of many more entries than the `held` numbers that the file has for it.

    Raises
    ------
    LeftOut
        If `shape` asks for more than 2**27 entries and more than `held`.
    """
    if prod(shape) > max(LARGEST, held):
        raise LeftOut(f"shape {tuple(shape)} with only {held} numbers behind it")
