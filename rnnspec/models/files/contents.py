"""The arrays of a file by their keys, and what could not be taken from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


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
