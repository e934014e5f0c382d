"""What a reader takes from a file, and how much memory it may take for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

from rnnspec.models.files.refusal import LeftOut, refusal

# A file may describe an array without holding its entries, a sparse one say.  This many entries
# are 1 GiB of float64: they fit in the memory of a usual machine, with the copies that follow.
LARGEST = 1 << 27
# An archive may unpack to this many bytes, or to this many times its own size.  Weights hardly
# shrink when they are packed: what grows a hundredfold was made to fill a memory.
UNPACKED, RATIO = 1 << 30, 100
# Kinds of contents: one array, which is named by the file's stem; and matrices, not weights.
SINGLE = ("npy", "mtx", "text")
MATRICES = (*SINGLE, "npz", "mat", "hdf5")


@dataclass(frozen=True, eq=False)
class Contents:
    """The arrays that a reader took from a file, and what is to be said of them.

    Attributes
    ----------
    kind : str
        What the content is: "torch", "torchscript", "safetensors", "npz", "npy", "mat", "hdf5",
        "mtx", "text", "onnx", "keras", "pickle".
    arrays : dict of str to tensor or array
        Each under its full key, nested ones joined by dots.  Weights of ONNX and Keras networks
        have PyTorch's keys, order of gates and orientation.
    left_out : tuple of str
        One sentence for each array that was not taken: its key and why.
    formula : dict of str to str
        For a prefix of keys, why PyTorch's formula for its cell does not hold (a GRU that
        resets before the product, another activation): its matrices are right, but no Jacobian
        may be computed from them.
    assumed : tuple of str
        One sentence for each thing that the file does not say and the reader assumed.
    """

    kind: str
    arrays: dict[str, Any]
    left_out: tuple[str, ...] = ()
    formula: dict[str, str] = field(default_factory=dict)
    assumed: tuple[str, ...] = ()


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
