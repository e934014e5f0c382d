"""Weights on disk: any file of weights is read, and safetensors are written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from rnnspec._files import write_atomically
from rnnspec.models.assembly import assemble
from rnnspec.models.files.reading import read_contents


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
        If the file is missing, damaged or holds no weights; or if a weight is still parametrised
        (by a normalisation, say) and cannot be computed from the file.
    """
    contents = read_contents(path)
    if not Path(path).is_dir():  # a run directory has plain weights
        for key, why in assemble(contents.arrays)[1].items():
            raise ValueError(f"{path}: `{key}`: {why}")
    return {
        key: value if isinstance(value, Tensor) else torch.from_numpy(np.array(value))
        for key, value in contents.arrays.items()
    }
