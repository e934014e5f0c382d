"""A weight of any kind as one NumPy array of double precision, and the checks of such arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

# The reason to refuse a weight of integers, after the weight's name.
INTEGERS = (
    "holds integers without their scale: dequantise it, weight = scale * (integer - zero_point),"
    " before it is saved"
)


def is_tensor(weight: Any) -> bool:
    """Whether `weight` is a tensor; a file of NumPy arrays is read without an import of torch."""
    return hasattr(weight, "detach")


def as_array(weight: Any) -> NDArray[Any]:
    """A copy of `weight` in float64, or in complex128 if it is complex.

    Sparse tensors become dense, quantised ones are multiplied by their scale.

    Examples
    --------
    >>> as_array([[1, 2j]]).dtype, as_array([[True]]).dtype
    (dtype('complex128'), dtype('float64'))
    """
    if is_tensor(weight):
        weight = weight.detach().cpu()
        if weight.is_quantized:
            weight = weight.dequantize()
        elif "strided" not in str(weight.layout):
            weight = weight.to_dense()
        # NumPy has no bfloat16.
        weight = (weight.cdouble() if weight.is_complex() else weight.double()).numpy()
    weight = np.asarray(weight)
    return np.array(weight, np.complex128 if np.iscomplexobj(weight) else np.float64)


def is_integer(weight: Any) -> bool:
    """Whether the entries are integers without a scale, as a file keeps quantised ones."""
    if is_tensor(weight):
        return not (weight.is_quantized or weight.is_floating_point() or weight.is_complex())
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


def finite_matrices(arrays: Mapping[str, Any]) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """The finite matrices among `arrays`, and a sentence on each array that could be none.

    A single number counts as a matrix only if no larger one is there.

    Examples
    --------
    >>> finite_matrices({"A": [[1.0, 2.0]], "b": [1.0], "C": [[[1.0]]]})
    ({'A': array([[1., 2.]])}, ['`C` (1, 1, 1) has more than two dimensions'])
    """
    taken: dict[str, NDArray[Any]] = {}
    left_out = []
    larger = any(np.ndim(W) == 2 and max(np.shape(W)) > 1 for W in arrays.values())
    for key, W in arrays.items():
        if np.ndim(W) > 2:
            left_out.append(f"`{key}` {tuple(np.shape(W))} has more than two dimensions")
        if np.ndim(W) != 2:
            continue
        A = as_array(W)
        if A.size == 0:
            left_out.append(f"`{key}` {A.shape} is empty")
        elif larger and A.shape == (1, 1):
            left_out.append(f"`{key}` is a single number")
        elif (at := first_not_finite(A)) is not None:
            left_out.append(f"`{key}` must be finite, got {A[at]:g} at {list(at)}")
        else:
            taken[key] = A
    return taken, left_out
