"""Weights and matrices on disk: read whatever a user brings, write plain PyTorch names."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor

from rnnspec._files import write_atomically
from rnnspec.models.files.contents import Contents
from rnnspec.models.files.reading import read_contents
from rnnspec.models.recurrent import recurrent_matrices, stacked_matrices

WEIGHTS = ("torch", "torchscript", "pickle", "safetensors", "onnx", "keras")  # kinds of contents
_NORMALIZED = re.compile(r"parametrizations\.weight_hh\w*\.original")


def save_weights(path: Path, weights: Mapping[str, Tensor]) -> None:
    """Write `weights` as safetensors, atomically."""
    plain = {name: value.detach().cpu().contiguous() for name, value in weights.items()}
    write_atomically(path, lambda temporary: save_file(plain, temporary))


def load_weights(path: str | Path) -> dict[str, Tensor]:
    """The tensors of a run directory or of any file of weights, by their keys.

    Tensors that lie in dicts and modules within one another have keys joined by dots; those of a
    whole pickled module are the keys of its state dict.  Nothing in a file is executed.

    Raises
    ------
    ValueError
        If the file is missing, damaged or holds no weights, or such whose normalisation is not
        baked in.
    """
    contents = read_contents(path)
    arrays = _with_plain_weights(path, contents)
    return {
        key: value if isinstance(value, Tensor) else torch.from_numpy(np.array(value))
        for key, value in arrays.items()
    }


def load_matrices(source: str | Path) -> dict[str, NDArray[Any]]:
    """Named matrices of a run directory, a weights file or a matrix file.

    What a file is, its content says, not its name.  Of weights the recurrent matrices by gate,
    and their stacks; of other files each two-dimensional array of numbers under its own name,
    or under the file's stem if there is but one without a name.

    Raises
    ------
    ValueError
        If the file is missing, of unknown kind, damaged or without a matrix.
    """
    contents = read_contents(source)
    if contents.kind in WEIGHTS:
        weights = _with_plain_weights(source, contents)
        return {**recurrent_matrices(weights), **stacked_matrices(weights)}
    matrices = {key: A for key, A in contents.arrays.items() if A.ndim == 2}
    if not matrices:
        raise ValueError(f"{source} must hold a two-dimensional numeric array, found none")
    return matrices


def _with_plain_weights(path: str | Path, contents: Contents) -> dict[str, Any]:
    normalized = next((key for key in contents.arrays if _NORMALIZED.search(key)), None)
    if normalized is not None:
        raise ValueError(
            f"{path} holds weights before their normalisation ({normalized}): they were"
            " normalised during training; use the run directory when that is finished, or"
            " `rnnspec.bake(model)` before torch.save(model.state_dict(), PATH)"
        )
    return contents.arrays
