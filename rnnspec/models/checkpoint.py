"""Weights and matrices on disk: read whatever a user brings, write plain PyTorch names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor

from rnnspec._files import write_atomically
from rnnspec.models.among import MATRICES, matrices_among
from rnnspec.models.assembly import assemble
from rnnspec.models.by_key import matrices_by_key, near
from rnnspec.models.files.contents import Contents
from rnnspec.models.files.reading import read_contents
from rnnspec.models.keys import warn_of, weights_in
from rnnspec.models.nested import list_keys


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
    for key, why in assemble(contents.arrays)[1].items():
        raise ValueError(f"{path}: `{key}`: {why}")
    return {
        key: value if isinstance(value, Tensor) else torch.from_numpy(np.array(value))
        for key, value in contents.arrays.items()
    }


def load_matrices(
    source: str | Path, key: str | None = None, cut: str | None = None
) -> dict[str, NDArray[Any]]:
    """Named matrices of a run directory, a file of weights or a file of matrices.

    The content of a file decides how it is read, not its name: see `rnnspec.models.files`.
    Recurrent weights under PyTorch's keys are cut into gates, ``layer0.forget``, and their stack
    is there too, ``layer0.stacked``.  Square arrays with other recurrent names, ``0.wh``, keep
    those names.  Where no name in a file of matrices is recurrent, every two-dimensional array
    is taken.  The matrix of a file that holds only one is named by the file's stem.

    Parameters
    ----------
    source : path
    key : str, optional
        Take one matrix alone: a name as above, or the full key of any square array.
    cut : str, optional
        How the gates of the array `key` are stacked, ``gru:rzn:rows``: see
        `rnnspec.models.cut`.  Without `key`, each array with a recurrent name is cut whose shape
        fits.

    Returns
    -------
    dict of str to ndarray, float64 or complex128

    Warns
    -----
    LeftOutWarning
        Names each thing that was not taken, and why.
    AssumptionWarning
        If the file does not say which cell its weights belong to.

    Raises
    ------
    ValueError
        If the file is missing, of unknown content, damaged or without a matrix, or `key` or
        `cut` do not fit it.
    """
    contents, where = read_contents(source), str(source)
    if cut is not None:
        return matrices_by_key(contents.arrays, key, cut, where, contents.kind in MATRICES)
    if key is not None and key.replace("/", ".") in _keys(contents):
        return matrices_by_key(contents.arrays, key, None, where, contents.kind in MATRICES)
    if key is None:
        found, left_out, assumed = matrices_among(contents, where)
        warn_of(left_out, assumed, where)
        return found
    try:
        found, _, assumed = matrices_among(contents, where)
        has = f"; it has {', '.join(found)}; {list_keys(contents.arrays)}"
    except ValueError as error:
        found, has = {}, str(error).removeprefix(where)
    if key not in found:
        hint = near(key, [*found, *contents.arrays])
        raise ValueError(f"{where} has no matrix {key!r}{hint}{has}")
    warn_of((), assumed, where)
    return {key: found[key]}


def _keys(contents: Contents) -> set[str]:
    """The keys that `key` may be: those of the weights and of their parts."""
    return {key.replace("/", ".") for key in weights_in(contents.arrays).arrays | contents.arrays}
