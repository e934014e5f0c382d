"""The only functions that a pickle may have called: they build tensors and plain containers."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import Any

from rnnspec.models.files.inert import Builders
from rnnspec.models.files.notes import Instance, to_dict
from rnnspec.models.files.pickled_numpy import OF_JAX, array_of_jax
from rnnspec.models.files.tensor_builders import (
    dense_tensor,
    quantised_tensor,
    refused_tensor,
    sparse_tensor,
    typed_tensor,
)


def _first(value: Any, *_: Any) -> Any:
    """A parameter is its tensor."""
    return value


def _tensor_of_class(function: Any, _: Any, args: Any, *__: Any) -> Any:
    """``torch._tensor._rebuild_from_type_v2``: a tensor of a subclass, or with attributes."""
    build = BUILDERS.get(str(function))
    return build(*args) if build else Instance(function, tuple(args))


def _encode(text: str, encoding: str = "utf-8", *_: Any) -> bytes:
    """Bytes, as protocols 0 to 2 write them."""
    if codecs.lookup(encoding).name not in ("iso8859-1", "utf-8", "ascii"):
        raise ValueError(f"no bytes are written in {encoding}")
    return text.encode(encoding)


def _build_bytes(data: Any = b"", encoding: str = "latin-1") -> bytes:
    return _encode(data, encoding) if isinstance(data, str) else bytes(data)


def _build_dict(items: Any = (), *_: Any) -> dict[Any, Any]:
    return to_dict(items.items() if isinstance(items, dict) else items)


def _build_list(items: Any = ()) -> list[Any]:
    return list(items)


_UTILS: dict[str, Callable[..., Any]] = {
    "_rebuild_tensor": dense_tensor,
    "_rebuild_tensor_v2": dense_tensor,
    "_rebuild_tensor_v3": typed_tensor,
    "_rebuild_parameter": _first,
    "_rebuild_parameter_with_state": _first,
    "_rebuild_qtensor": quantised_tensor,
    "_rebuild_sparse_tensor": sparse_tensor,
    "_rebuild_sparse_csr_tensor": sparse_tensor,
    "_rebuild_device_tensor_from_numpy": _first,
    "_rebuild_device_tensor_from_cpu_tensor": _first,
    "_rebuild_xla_tensor": _first,
    "_rebuild_meta_tensor_no_storage": refused_tensor(
        "a tensor on the device meta, without numbers"
    ),
    "_rebuild_nested_tensor": refused_tensor("a nested tensor, which has no matrix form"),
}
_PLAIN: dict[str, Callable[..., Any]] = {
    "set": _build_list, "frozenset": _build_list, "list": _build_list, "dict": _build_dict,
    "bytes": _build_bytes, "bytearray": _build_bytes,
}  # fmt: skip
BUILDERS: Builders = {
    **{f"torch._utils.{name}": build for name, build in _UTILS.items()},
    **dict.fromkeys(OF_JAX, array_of_jax),
    "torch._tensor._rebuild_from_type": _tensor_of_class,
    "torch._tensor._rebuild_from_type_v2": _tensor_of_class,
    "torch.tensor._rebuild_from_type": _tensor_of_class,
    "torch.tensor._rebuild_from_type_v2": _tensor_of_class,
    "torch.jit._pickle.build_intlist": _build_list,
    "torch.jit._pickle.build_doublelist": _build_list,
    "torch.jit._pickle.build_boollist": _build_list,
    "torch.jit._pickle.build_tensorlist": _build_list,
    "torch.jit._pickle.restore_type_tag": _first,
    "torch.Size": _build_list,
    "collections.OrderedDict": _build_dict,
    "collections.Counter": _build_dict,
    "collections.defaultdict": lambda *_: {},
    "_codecs.encode": _encode,
    **{
        f"{module}.{name}": build
        for module in ("builtins", "__builtin__")
        for name, build in _PLAIN.items()
    },
}
