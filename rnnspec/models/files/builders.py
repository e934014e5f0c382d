"""The only functions that a pickle may have called: they build tensors and plain containers."""

from __future__ import annotations

import codecs
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from rnnspec.models.files.contents import check_described
from rnnspec.models.files.inert import Builders, Global, Instance, mapping
from rnnspec.models.files.pickled_numpy import OF_JAX, array_of, array_of_jax, is_array
from rnnspec.models.files.refusal import LeftOut
from rnnspec.models.files.storages import DTYPES, Lazy, strided_view


def tensor(value: Any) -> Tensor:
    """The tensor that one of the builders below describes; its numbers are read now.

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


def _dense_tensor(
    storage: Any, offset: Any, shape: Any, strides: Any, *rest: Any, dtype: Any = None
) -> Lazy:
    """``torch._utils._rebuild_tensor_v2``; the last of `rest` may say "conjugated", "negated"."""
    marks = rest[-1] if rest and type(rest[-1]) is dict else {}

    def read() -> Tensor:
        found = strided_view(storage, offset, shape, strides, _dtype(dtype))
        found = found.conj().resolve_conj() if marks.get("conj") else found
        return -found if marks.get("neg") else found

    return Lazy(read)


def _typed_tensor(*args: Any) -> Lazy:
    """``torch._utils._rebuild_tensor_v3``, which names the type of the numbers."""
    storage, offset, shape, strides, _, _, dtype, *rest = args
    return _dense_tensor(storage, offset, shape, strides, *rest, dtype=dtype)


def _dtype(named: Any) -> torch.dtype | None:
    if named is None:
        return None
    name = named.name if isinstance(named, Global) else str(named)
    if name not in DTYPES:
        raise LeftOut(f"a tensor of {name} numbers, which are not read")
    found: torch.dtype = DTYPES[name]
    return found


def _first(value: Any, *_: Any) -> Any:
    """A parameter is its tensor."""
    return value


def _tensor_of_class(function: Any, _: Any, args: Any, *__: Any) -> Any:
    """``torch._tensor._rebuild_from_type_v2``: a tensor of a subclass, or with attributes."""
    build = BUILDERS.get(str(function))
    return build(*args) if build else Instance(function, tuple(args))


def _quantised_tensor(
    storage: Any, offset: Any, shape: Any, strides: Any, params: Any, *_: Any
) -> Lazy:
    """``(q - zero) * scale`` with one scale, or one for each index of an axis."""

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


def _sparse_tensor(layout: Any, data: Any) -> Lazy:
    """A sparse tensor as a dense one."""

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


def _not_read(what: str) -> Callable[..., Lazy]:
    def read() -> Tensor:
        raise LeftOut(what)

    return lambda *_: Lazy(read)


def _encode(text: str, encoding: str = "utf-8", *_: Any) -> bytes:
    """Bytes, as protocols 0 to 2 write them."""
    if codecs.lookup(encoding).name not in ("iso8859-1", "utf-8", "ascii"):
        raise ValueError(f"no bytes are written in {encoding}")
    return text.encode(encoding)


def _bytes(data: Any = b"", encoding: str = "latin-1") -> bytes:
    return _encode(data, encoding) if isinstance(data, str) else bytes(data)


def _mapping(items: Any = (), *_: Any) -> dict[Any, Any]:
    return mapping(items.items() if isinstance(items, dict) else items)


def _elements(items: Any = ()) -> list[Any]:
    return list(items)


_UTILS: dict[str, Callable[..., Any]] = {
    "_rebuild_tensor": _dense_tensor,
    "_rebuild_tensor_v2": _dense_tensor,
    "_rebuild_tensor_v3": _typed_tensor,
    "_rebuild_parameter": _first,
    "_rebuild_parameter_with_state": _first,
    "_rebuild_qtensor": _quantised_tensor,
    "_rebuild_sparse_tensor": _sparse_tensor,
    "_rebuild_sparse_csr_tensor": _sparse_tensor,
    "_rebuild_device_tensor_from_numpy": _first,
    "_rebuild_device_tensor_from_cpu_tensor": _first,
    "_rebuild_xla_tensor": _first,
    "_rebuild_meta_tensor_no_storage": _not_read("a tensor on the device meta, without numbers"),
    "_rebuild_nested_tensor": _not_read("a nested tensor, which has no matrix form"),
}
_PLAIN: dict[str, Callable[..., Any]] = {
    "set": _elements, "frozenset": _elements, "list": _elements, "dict": _mapping,
    "bytes": _bytes, "bytearray": _bytes,
}  # fmt: skip
BUILDERS: Builders = {
    **{f"torch._utils.{name}": build for name, build in _UTILS.items()},
    **dict.fromkeys(OF_JAX, array_of_jax),
    "torch._tensor._rebuild_from_type": _tensor_of_class,
    "torch._tensor._rebuild_from_type_v2": _tensor_of_class,
    "torch.tensor._rebuild_from_type": _tensor_of_class,
    "torch.tensor._rebuild_from_type_v2": _tensor_of_class,
    "torch.jit._pickle.build_intlist": _elements,
    "torch.jit._pickle.build_doublelist": _elements,
    "torch.jit._pickle.build_boollist": _elements,
    "torch.jit._pickle.build_tensorlist": _elements,
    "torch.jit._pickle.restore_type_tag": _first,
    "torch.Size": _elements,
    "collections.OrderedDict": _mapping,
    "collections.Counter": _mapping,
    "collections.defaultdict": lambda *_: {},
    "_codecs.encode": _encode,
    **{
        f"{module}.{name}": build
        for module in ("builtins", "__builtin__")
        for name, build in _PLAIN.items()
    },
}
