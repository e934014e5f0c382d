"""Weights on disk, as safetensors; `rnnspec.models.files.reading` reads them and other files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor

from rnnspec._files import write_atomically


def save_weights(path: Path, weights: Mapping[str, Tensor]) -> None:
    """Write `weights` as safetensors, atomically."""
    plain = {name: value.detach().cpu().contiguous() for name, value in weights.items()}
    write_atomically(path, lambda temporary: save_file(plain, temporary))
