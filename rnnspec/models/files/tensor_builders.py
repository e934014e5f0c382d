"""Functions that build the tensors of a pickle in the place of PyTorch's own."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from rnnspec.models.files.contents import check_described
from rnnspec.models.files.notes import Global, Instance
from rnnspec.models.files.pickled_numpy import array_of, is_array
from rnnspec.models.files.refusal import LeftOut
from rnnspec.models.files.storages import DTYPES, Lazy, strided_view


def tensor(value: Any) -> Tensor:
    """The tensor that one of the builders below describes, with its numbers.

    Raises
    ------
    LeftOut
        If it is a tensor of a kind that is not read.
    ValueError
        If `value` describes no tensor.
    """
    if isinstance(value, Lazy):
        return value.read()
    if is_array(value):
        return torch.from_numpy(array_of(value).copy())
    raise ValueError(f"expected a tensor, got {type(value).__name__}")


def dense_tensor(
    storage: Any, offset: Any, shape: Any, strides: Any, *rest: Any, dtype: Any = None
) -> Lazy:
    """``torch._utils._rebuild_tensor_v2``; the last of `rest` may mark it conjugated or negated."""
    marks = rest[-1] if rest and type(rest[-1]) is dict else {}

    def read() -> Tensor:
        found = strided_view(storage, offset, shape, strides, _dtype(dtype))
        found = found.conj().resolve_conj() if marks.get("conj") else found
        return -found if marks.get("neg") else found

    return Lazy(read)


def typed_tensor(*args: Any) -> Lazy:
    """``torch._utils._rebuild_tensor_v3``, which names the type of the numbers."""
    storage, offset, shape, strides, _, _, dtype, *rest = args
    return dense_tensor(storage, offset, shape, strides, *rest, dtype=dtype)


def _dtype(named: Any) -> torch.dtype | None:
    """The type of numbers that a pickle names, if it names one."""
    if named is None:
        return None
    name = named.name if isinstance(named, Global) else str(named)
    if name not in DTYPES:
        raise LeftOut(f"a tensor of {name} numbers, which are not read")
    found: torch.dtype = DTYPES[name]
    return found


def quantised_tensor(
    storage: Any, offset: Any, shape: Any, strides: Any, params: Any, *_: Any
) -> Lazy:
    """``torch._utils._rebuild_qtensor``: ``(q - zero) * scale``, the scale one or one an index."""

    def read() -> Tensor:
        q = strided_view(storage, offset, shape, strides).float()
        scheme, along = str(params[0]).removeprefix("torch."), [1] * q.ndim
        if scheme == "per_tensor_affine":
            scale, zero = (torch.tensor(float(part)) for part in params[1:3])
        elif scheme in ("per_channel_affine", "per_channel_affine_float_qparams"):
            along[int(params[3])] = -1
            scale, zero = (tensor(part).float().reshape(along) for part in params[1:3])
        else:
            raise LeftOut(f"a tensor quantised by {scheme}, which is not read")
        return (q - zero) * scale  # in single precision, as PyTorch

    return Lazy(read)


def sparse_tensor(layout: Any, data: Any) -> Lazy:
    """``torch._utils._rebuild_sparse_tensor``: a sparse tensor as a dense one."""

    def read() -> Tensor:
        name = str(layout.args[0] if isinstance(layout, Instance) else layout)
        if name == "torch.sparse_coo":
            indices, values, shape = (*map(tensor, data[:2]), tuple(data[2]))
            check_described(shape, values.numel())
            return torch.sparse_coo_tensor(indices, values, shape, check_invariants=True).to_dense()
        layouts = {f"torch.sparse_{kind}": kind for kind in ("csr", "csc", "bsr", "bsc")}
        if name not in layouts:
            raise LeftOut(f"a tensor in the layout {name}, which is not read")
        outer, inner, values = map(tensor, data[:3])
        check_described(tuple(data[3]), values.numel())
        with warnings.catch_warnings(action="ignore"):  # that PyTorch may still change them
            return torch.sparse_compressed_tensor(
                outer, inner, values, tuple(data[3]),
                layout=getattr(torch, name.removeprefix("torch.")), check_invariants=True,
            ).to_dense()  # fmt: skip

    return Lazy(read)


def refused_tensor(what: str) -> Callable[..., Lazy]:
    """A builder of a tensor that cannot be read; `what` says why when its numbers are needed."""

    def read() -> Tensor:
        raise LeftOut(what)

    return lambda *_: Lazy(read)
