"""A weight of any kind as one NumPy array of double precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

# The reason to refuse a weight of integers, after the weight's name.
INTEGERS = (
    "holds integers without their scale: dequantise it, weight = scale * (integer - zero_point),"
    " before it is saved"
)


def as_array(weight: Any) -> NDArray[Any]:
    """A copy of `weight` in float64, or in complex128 if it is complex.

    Sparse tensors become dense, quantised ones are multiplied by their scale.

    Examples
    --------
    >>> as_array([[1, 2j]]).dtype, as_array([[True]]).dtype
    (dtype('complex128'), dtype('float64'))
    """
    if isinstance(weight, Tensor):
        weight = weight.detach().cpu()
        if weight.is_quantized:
            weight = weight.dequantize()
        elif weight.layout is not torch.strided:
            weight = weight.to_dense()
        # NumPy has no bfloat16.
        weight = (weight.cdouble() if weight.is_complex() else weight.double()).numpy()
    weight = np.asarray(weight)
    return np.array(weight, np.complex128 if np.iscomplexobj(weight) else np.float64)


def is_integer(weight: Any) -> bool:
    """Whether the entries are integers that no scale belongs to, as a file keeps quantised ones."""
    if isinstance(weight, Tensor):
        kind = weight.dtype
        return not (weight.is_quantized or kind.is_floating_point or kind.is_complex)
    return np.asarray(weight).dtype.kind in "iub"


def first_not_finite(array: NDArray[Any]) -> tuple[int, ...] | None:
    """Where the first NaN or infinity stands, if there is one.

    Examples
    --------
    >>> first_not_finite(np.array([[1.0, np.nan]]))
    (0, 1)
    """
    wrong = np.argwhere(~np.isfinite(array))
    return tuple(int(k) for k in wrong[0]) if len(wrong) else None
