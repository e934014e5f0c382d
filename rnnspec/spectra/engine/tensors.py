"""NumPy arrays and torch tensors by the same names, for code that runs on both."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = Any  # numpy.ndarray or torch.Tensor


def namespace(X: Array) -> Any:
    """NumPy for arrays, torch for tensors: the functions used here have the same names in both."""
    if isinstance(X, np.ndarray):
        return np
    import torch

    return torch


def empty(like: Array, shape: tuple[int, ...]) -> Array:
    """Array of the kind, dtype and device of `like`."""
    return np.empty(shape, like.dtype) if isinstance(like, np.ndarray) else like.new_empty(shape)


def take(X: Array, index: Array) -> Array:
    """Columns `index` of X in row-major order (``X[:, index]`` may be stored transposed)."""
    return np.take(X, index, axis=-1) if isinstance(X, np.ndarray) else X[..., index]


def real_view(X: Array) -> Array:
    """Real and imaginary parts side by side, shape (n, 2 m), in the memory of X."""
    if isinstance(X, np.ndarray):
        return X.view(np.float64)
    import torch

    return torch.view_as_real(X).reshape(len(X), -1)


def to_device(values: NDArray[Any], like: Array | None) -> Array:
    """`values` as a tensor on the device of `like`, or as they are if `like` is None."""
    if like is None:
        return values
    import torch

    return torch.from_numpy(values).to(like.device)


def to_host(values: Array) -> NDArray[Any]:
    """`values` as a NumPy array."""
    return values if isinstance(values, np.ndarray) else values.cpu().numpy()
