"""Weights and matrices on disk: read whatever a user brings, write plain PyTorch names."""

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor

from rnnspec._files import write_atomically
from rnnspec.models.recurrent import recurrent_matrices, stacked_matrices

WEIGHTS = (".safetensors", ".pt", ".pth")
MATRICES = (".npy", ".npz", ".mat", ".mtx", ".csv", ".txt")
_NORMALIZED = re.compile(r"parametrizations\.weight_hh\w*\.original")


def save_weights(path: Path, weights: Mapping[str, Tensor]) -> None:
    """Write `weights` as safetensors, atomically."""
    plain = {name: value.detach().cpu().contiguous() for name, value in weights.items()}
    write_atomically(path, lambda temporary: save_file(plain, temporary))


def load_weights(path: str | Path) -> dict[str, Tensor]:
    """A state dict from a run directory, ``.safetensors``, ``.pt`` or ``.pth``.

    Pickled files are read with ``weights_only=True``: tensors, never code.  A
    training checkpoint that keeps its state dict under ``state_dict``,
    ``model_state_dict`` or ``model`` is unwrapped.

    Raises
    ------
    ValueError
        If the file is missing, damaged, holds more than tensors, or weights whose
        normalisation is not baked in.
    """
    path = Path(path)
    if path.is_dir():
        if not (path / "model.safetensors").is_file():
            raise ValueError(
                f"{path} must be a run directory with model.safetensors, found none"
                " (a training that did not finish? `rnnspec train --resume` completes it)"
            )
        path = path / "model.safetensors"
    if not path.is_file():
        raise ValueError(f"{path} does not exist")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # damaged bytes make a parser raise anything
        raise ValueError(
            f"{path} is not a readable weights file ({_reason(error)}); expected safetensors,"
            " or a state dict: torch.save(model.state_dict(), PATH)"
        ) from error
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(state, Mapping) and isinstance(state.get(key), Mapping):
            state = state[key]
    if not isinstance(state, Mapping):
        raise ValueError(f"{path} must hold a state dict, got {type(state).__name__}")
    normalized = next((key for key in state if _NORMALIZED.search(str(key))), None)
    if normalized is not None:
        raise ValueError(
            f"{path} holds weights before their normalisation ({normalized}): they were"
            " normalised during training; use the run directory when that is finished, or"
            " `rnnspec.bake(model)` before torch.save(model.state_dict(), PATH)"
        )
    return {key: value for key, value in state.items() if isinstance(value, Tensor)}


def load_matrices(source: str | Path) -> dict[str, NDArray[Any]]:
    """Named matrices of a run directory, a weights file or a matrix file.

    Matrix files: ``.npy``; ``.npz`` and ``.mat`` (each two-dimensional numeric
    member under its own name); ``.mtx``; ``.csv`` and ``.txt`` (comma- or
    blank-separated).  A file of one matrix gives it the file's stem as name.

    Raises
    ------
    ValueError
        If the file is missing, of unknown kind, damaged or without a matrix.
    """
    path = Path(source)
    if path.is_dir() or path.suffix in WEIGHTS:
        weights = load_weights(path)
        return {**recurrent_matrices(weights), **stacked_matrices(weights)}
    if not path.is_file():
        raise ValueError(f"{path} does not exist")
    if path.suffix not in MATRICES:
        raise ValueError(
            f"{path} must be a run directory, weights ({', '.join(WEIGHTS)})"
            f" or a matrix file ({', '.join(MATRICES)})"
        )
    try:
        members = _read_matrices(path)
    except Exception as error:  # damaged bytes make a parser raise anything
        raise ValueError(f"{path} is not a readable matrix file ({error})") from error
    matrices = {
        name: A for name, A in members.items() if A.ndim == 2 and np.issubdtype(A.dtype, np.number)
    }
    if not matrices:
        raise ValueError(f"{path} must hold a two-dimensional numeric array, found none")
    return matrices


def _read_matrices(path: Path) -> dict[str, NDArray[Any]]:
    if path.suffix == ".npy":
        return {path.stem: np.load(path, allow_pickle=False)}
    if path.suffix == ".npz":
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return dict(archive)
    if path.suffix == ".mat":
        from scipy.io import loadmat

        return {k: _dense(v) for k, v in loadmat(path).items() if not k.startswith("__")}
    if path.suffix == ".mtx":
        from scipy.io import mmread

        return {path.stem: _dense(mmread(path))}
    return {path.stem: _read_text(path.read_text().splitlines())}


def _dense(A: Any) -> NDArray[Any]:
    return np.asarray(A.toarray() if hasattr(A, "toarray") else A)


def _read_text(lines: list[str]) -> NDArray[Any]:
    """Numbers between commas if there is one, else between blanks."""
    separator = None
    for position, line in enumerate(lines, 1):
        fields = [field.strip() for field in line.partition("#")[0].split(",")]
        if len(fields) > 1:
            separator = ","
            if "" in fields:
                raise ValueError(
                    f"line {position}: expected a number in each field, got nothing in field"
                    f" {fields.index('') + 1} (a missing value, or a comma too many?)"
                )
    with warnings.catch_warnings(action="error"):  # NumPy only warns of a text without numbers
        return np.loadtxt(lines, delimiter=separator, ndmin=2)


def _reason(error: Exception) -> str:
    """What a parser said, in one line; of torch's long texts the part that names the cause."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip()
    if found := re.search(r"Unsupported global: GLOBAL (\S+)", text):
        return f"a pickled {found[1]}, such as a whole module; only tensors are loaded, never code"
    return text.splitlines()[0] if text else "empty"
