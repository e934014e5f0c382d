"""Weights and matrices on disk: read whatever a user brings, write plain PyTorch names."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor

from rnnspec._files import write_atomically
from rnnspec.models.among import MATRICES, matrices_among
from rnnspec.models.asked import asked, near
from rnnspec.models.files.contents import Contents
from rnnspec.models.files.reading import read_contents
from rnnspec.models.keys import listed, weights_in

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


def load_matrices(
    source: str | Path, key: str | None = None, cut: str | None = None
) -> dict[str, NDArray[Any]]:
    """Named matrices of a run directory, a file of weights or a file of matrices.

    What a file is, its content says, not its name: see `rnnspec.models.files`.  Recurrent
    weights under PyTorch's keys are cut into gates, ``layer0.forget``, beside their stack
    ``layer0.stacked``; square arrays with other recurrent names, ``0.wh``, keep their own; in a
    file of matrices without such names each two-dimensional array is one.  A file of one
    matrix gives it the file's stem as name.

    Parameters
    ----------
    source : path
    key : str, optional
        One matrix alone: by its name, or by the full key of any square array.
    cut : str, optional
        How the gates of the array `key` are stacked, ``gru:rzn:rows``: see
        `rnnspec.models.cut`.  Without `key`, of each array with a recurrent name that it fits.

    Returns
    -------
    dict of str to ndarray, float64 or complex128

    Warns
    -----
    LeftOut
        Names each thing that was not taken, and why.
    Assumed
        Where the file does not say what cell its weights are of.

    Raises
    ------
    ValueError
        If the file is missing, of unknown content, damaged or without a matrix, or `key` or
        `cut` do not fit it.
    """
    contents, where = read_contents(source), str(source)
    if cut is not None:
        return asked(contents.arrays, key, cut, where, contents.kind in MATRICES)
    if key is not None and key.replace("/", ".") in _keys(contents):
        return asked(contents.arrays, key, None, where, contents.kind in MATRICES)
    found = matrices_among(contents, where)
    if key is None:
        return found
    if key not in found:
        has = f"it has {', '.join(found)}; {listed(contents.arrays)}"
        raise ValueError(
            f"{where} has no matrix {key!r}{near(key, [*found, *contents.arrays])}; {has}"
        )
    return {key: found[key]}


def _keys(contents: Contents) -> set[str]:
    """What arrays of `contents` can be asked for by: the keys of weights and of their parts."""
    return {key.replace("/", ".") for key in weights_in(contents.arrays).arrays | contents.arrays}


def _reason(error: Exception) -> str:
    """What a parser said, in one line; of torch's long texts the part that names the cause."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip()
    if found := re.search(r"Unsupported global: GLOBAL (\S+)", text):
        return f"a pickled {found[1]}, such as a whole module; only tensors are loaded, never code"
    return text.splitlines()[0] if text else "empty"
