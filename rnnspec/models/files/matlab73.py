"""MATLAB's files of version 7.3, which are HDF5: arrays by columns, structs as groups."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from rnnspec.models.files.contents import Contents, check_described
from rnnspec.models.files.matlab_elements import DEEPEST
from rnnspec.models.files.numpy_files import dense, numbers_of
from rnnspec.models.files.refusal import LeftOut, fault


def read_mat73(path: Path) -> Contents:
    """Every array of numbers; a member of a struct is "struct.member", one of a cell "cell.0"."""
    try:
        import h5py
    except ImportError as error:
        raise fault(
            path,
            "a MATLAB file of version 7.3, which is read by h5py: pip install 'rnnspec[keras]'"
            " (or save it with -v7)",
        ) from error
    arrays: dict[str, Any] = {}
    left_out = []
    with h5py.File(path, "r") as file:
        for key, node in _nodes("", file, DEEPEST):
            try:
                found = _array(node)
            except LeftOut as why:
                left_out.append(f"{key}: {why}")
                continue
            if found is not None:
                arrays[key] = found
    return Contents("mat", arrays, tuple(left_out))


def _nodes(key: str, node: Any, depth: int) -> Iterator[tuple[str, Any]]:
    """The data sets and sparse matrices below `node`, with their keys."""
    import h5py

    if depth == 0:
        return
    if isinstance(node, h5py.Dataset):
        if h5py.check_ref_dtype(node.dtype) is None:
            yield key, node
            return
        references = node[()].T.ravel(order="F")  # a cell, or a member of an array of structs
        for i, reference in enumerate(references):
            if reference:
                yield from _nodes(f"{key}.{i}", node.file[reference], depth - 1)
    elif "MATLAB_sparse" in node.attrs:
        yield key, node
    else:
        for name in node:
            inside = isinstance(node.get(name, getlink=True), h5py.HardLink)
            if inside and not name.startswith("#"):
                yield from _nodes(f"{key}.{name}" if key else name, node[name], depth - 1)


def _array(node: Any) -> Any:
    """The array of a data set or a sparse group; None if it is text."""
    if "MATLAB_sparse" in node.attrs:
        from scipy.sparse import csc_array

        columns = _numbers(node["jc"])
        shape = (int(node.attrs["MATLAB_sparse"]), len(columns) - 1)
        if "data" not in node:  # all zero
            check_described(shape, 0)
            return np.zeros(shape)
        return dense(csc_array((_numbers(node["data"]), _numbers(node["ir"]), columns), shape))
    kind = node.attrs.get("MATLAB_class", b"")
    kind = kind.decode() if isinstance(kind, bytes) else str(kind)
    if kind == "char" or node.dtype.kind in "SO":
        return None
    if "MATLAB_empty" in node.attrs and node.attrs["MATLAB_empty"]:
        return np.zeros(tuple(int(n) for n in node[()]))
    found = _numbers(node).T
    return found.astype(float) if kind == "logical" else found


def _numbers(node: Any) -> Any:
    """The numbers of a data set, whose complex ones have two fields."""
    parts = node.dtype.fields or {"real": (node.dtype, 0)}
    if not set(parts) <= {"real", "imag"} or any(
        kind.kind not in "biuf" for kind, _ in parts.values()
    ):
        raise LeftOut(f"an array with entries of type {node.dtype}, no numbers")
    check_described(node.shape, node.id.get_storage_size() // node.dtype.itemsize)
    found = node[()]
    if node.dtype.fields:
        found = found["real"] + 1j * found["imag"]
    return numbers_of(np.asarray(found))
