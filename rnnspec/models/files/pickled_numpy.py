"""NumPy arrays from the notes that an inert unpickler makes of them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec.models.files.notes import Global, Instance
from rnnspec.models.files.numpy_files import numbers_of
from rnnspec.models.files.refusal import LeftOut

_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")
_EMPTY = {f"{module}._reconstruct" for module in _MODULES}
_BUFFER = {"numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer"}
_MASKED = {"numpy.ma.core._mareconstruct", "numpy.ma._mareconstruct"}
_CALLED = _EMPTY | _BUFFER | _MASKED
# JAX pickles an array as the NumPy array with its numbers: the function and its state are NumPy's.
OF_JAX = (
    "jax._src.array._reconstruct_array",
    "jax._src.device_array.reconstruct_device_array",
    "jax.interpreters.xla.reconstruct_device_array",
)
# Objects that keep a matrix in several arrays, and what makes one array of them.
_OTHERS = re.compile(
    r"(?P<package>scipy\.sparse|pandas|xarray)\.(.+\.)?"
    r"(?P<name>\w+_(matrix|array)|DataFrame|Series|DataArray|Dataset)"
)
_AS_ARRAY = {"scipy.sparse": ".toarray()", "pandas": ".to_numpy()", "xarray": ".to_numpy()"}


def array_of_jax(called: Any, args: Any, state: Any, *_: Any) -> Instance:
    """The note of the NumPy array in which JAX keeps the numbers of its own."""
    return Instance(called, tuple(args), state)


def check_no_other_matrix(value: Instance) -> None:
    """Refuse an object whose arrays alone do not say which matrix it is.

    Raises
    ------
    LeftOut
        If `value` is one of scipy.sparse, pandas or xarray.
    """
    classes = [value.called, *value.args[:1]]  # older pickles call copyreg with the class
    for one in classes:
        if isinstance(one, Global) and (match := _OTHERS.fullmatch(str(one))):
            way = _AS_ARRAY[match["package"]]
            raise LeftOut(f"{match['package']}'s {match['name']} is not read, write its {way}")


def is_array(value: Any) -> bool:
    """Whether `value` is a note of how to make a NumPy array."""
    return isinstance(value, Instance) and str(value.called) in _CALLED


def array_of(value: Instance) -> NDArray[Any]:
    """The array that the note describes.

    Raises
    ------
    LeftOut
        If its entries are no numbers.
    ValueError
        If the note is damaged.
    """
    if str(value.called) in _MASKED:
        raise LeftOut("a masked array, some of whose entries may not count")
    if str(value.called) in _BUFFER:
        data, dtype, shape, order = value.args
        return _from_bytes(data, dtype, shape, order)
    _, shape, dtype, fortran, data = value.state
    return _from_bytes(data, dtype, shape, "F" if fortran else "C")


def _from_bytes(data: Any, dtype: Any, shape: Any, order: Any) -> NDArray[Any]:
    kind = dtype_of(dtype)
    if isinstance(data, str):  # bytes of Python 2
        data = data.encode("latin-1")
    if not isinstance(data, bytes | bytearray):
        raise ValueError(f"expected the bytes of an array, got {type(data).__name__}")
    return numbers_of(np.frombuffer(data, kind).reshape(tuple(map(int, shape)), order=order))


def dtype_of(value: Any) -> np.dtype[Any]:
    """The type of an array's numbers, with its byte order.

    Raises
    ------
    LeftOut
        If they are no numbers.
    """
    if not isinstance(value, Instance) or str(value.called) != "numpy.dtype":
        raise ValueError(f"expected the type of an array, got {type(value).__name__}")
    name = value.args[0]
    name = name.name if isinstance(name, Global) else str(name)
    if not re.fullmatch(r"[biufc]\d+|bool", name):
        objects = name.startswith("O")
        raise LeftOut(f"an array of {'Python objects' if objects else name}, no numbers")
    order: Any = value.state[1] if isinstance(value.state, tuple) and len(value.state) > 1 else "="
    return np.dtype(name).newbyteorder(order if order in ("<", ">") else "=")
