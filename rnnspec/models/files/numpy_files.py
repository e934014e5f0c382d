"""NumPy's own files, and what any reader does to its arrays: plain numbers, dense.

Arrays of Python objects are never unpickled.
"""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import IO, Any
from zipfile import ZipFile

import numpy as np
from numpy.typing import NDArray

from rnnspec.models.files.contents import Contents, check_described, check_unpacked
from rnnspec.models.files.refusal import LeftOut
from rnnspec.models.files.sniff import is_content

MAGIC = b"\x93NUMPY"


def read_npy(path: Path) -> Contents:
    """The one array of an ``.npy`` file, under the file's stem."""
    with path.open("rb") as file:
        array = _read_array(file, path.stat().st_size)
        if array.dtype.kind in "SU":
            raise LeftOut("texts, no numbers: numpy.save writes numbers by array.astype(float)")
        rest = file.read()
    if rest and not rest.startswith(MAGIC):
        raise ValueError(f"{len(rest)} bytes follow the array")
    also = (f"{path.stem}: {len(rest)} bytes that follow the first array",) if rest else ()
    return Contents("npy", {path.stem: array}, also)


def read_npz(path: Path) -> Contents:
    """The arrays of an ``.npz`` file; a sparse matrix of scipy's as a dense one."""
    arrays: dict[str, Any] = {}
    left_out = []
    with ZipFile(path) as archive:
        infos = [info for info in archive.infolist() if is_content(info.filename)]
        check_unpacked(path, sum(info.file_size for info in infos))
        for info in infos:
            key, dot, suffix = info.filename.rpartition(".")
            if dot == "" or suffix != "npy":
                left_out.append(f"{info.filename}: no array")
                continue
            with archive.open(info) as file:
                try:
                    array = _read_array(file, info.file_size)
                    if file.read(1):  # reads to the end, where the check sum is compared
                        raise ValueError(f"bytes follow the array {key}")
                    if key in arrays:
                        raise LeftOut("a second array under the same key")
                    arrays[key] = array
                except LeftOut as why:
                    left_out.append(f"{key}: {why}")
    if {"format", "shape", "data"} <= set(arrays):
        arrays = {path.stem: _read_sparse(path)}
    arrays = {key: array for key, array in arrays.items() if array.dtype.kind not in "SU"}
    return Contents("npz", arrays, tuple(left_out))


def numbers_of(array: NDArray[Any]) -> NDArray[Any]:
    """`array` in the machine's byte order, True and False as 1.0 and 0.0.

    Raises
    ------
    LeftOut
        If its entries are no numbers.

    Examples
    --------
    >>> numbers_of(np.array([True, False])), numbers_of(np.array([2], ">i4")).dtype
    (array([1., 0.]), dtype('int32'))
    """
    if array.dtype == bool:
        return array.astype(np.float64)
    if array.dtype.kind not in "iufc":
        raise LeftOut(f"an array with entries of type {array.dtype}, no numbers")
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def dense(A: Any) -> NDArray[Any]:
    """A sparse matrix with all its zeros, if they fit in the memory of a usual machine.

    Raises
    ------
    LeftOut
        If they do not.
    """
    if not hasattr(A, "toarray"):
        return np.asarray(A)
    check_described(A.shape, A.nnz)
    if hasattr(A, "check_format"):  # scipy would write anywhere in memory for wrong indices
        A.check_format(full_check=True)
    return np.asarray(A.toarray())


def _read_array(file: IO[bytes], size: int) -> NDArray[Any]:
    """The array that `file`, of `size` bytes, begins with; texts stay texts."""
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
    elif version in ((2, 0), (3, 0)):
        shape, fortran, dtype = np.lib.format.read_array_header_2_0(file)
    else:
        raise ValueError(f"version {version} of the format is not known")
    if dtype.hasobject:
        raise LeftOut(
            "an array of Python objects, which is never unpickled: numpy.save its numbers by"
            " array.astype(float), those of a dict by numpy.savez"
        )
    count = prod(shape)
    if min(shape, default=0) < 0 or count * dtype.itemsize > size:
        raise ValueError(f"an array of shape {shape} does not fit in {size} bytes")
    data = file.read(count * dtype.itemsize)
    array = np.frombuffer(data, dtype, count).reshape(shape, order="F" if fortran else "C")
    return array if dtype.kind in "SU" else numbers_of(array)


def _read_sparse(path: Path) -> NDArray[Any]:
    from scipy import sparse

    return numbers_of(dense(sparse.load_npz(path)))
