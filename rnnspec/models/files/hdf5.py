"""The data sets of an HDF5 file; links to other files are not followed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec.models.files.contents import check_described
from rnnspec.models.files.numpy_files import numbers_of
from rnnspec.models.files.refusal import LeftOut


def datasets_of(file: Any) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """The data sets of numbers by their paths, and a sentence on each one that is left out.

    The data sets of optimisers are passed over.
    """
    import h5py

    found: dict[str, NDArray[Any]] = {}
    left_out: list[str] = []

    def visit(path: str, item: Any) -> None:
        if not isinstance(item, h5py.Dataset) or "optimizer" in path.split("/")[0]:
            return
        try:
            if item.dtype.kind in "iufcb" and item.shape is not None:
                check_described(item.shape, item.id.get_storage_size() // item.dtype.itemsize)
                found[path] = numbers_of(_values_of(item))
        except (LeftOut, OSError) as why:
            left_out.append(f"{path}: {why}")

    file.visititems(visit)
    return found, left_out


def text_of(attribute: Any) -> str:
    """An attribute that is a text, which older files keep as bytes."""
    return attribute.decode() if isinstance(attribute, bytes) else str(attribute)


def _values_of(item: Any) -> NDArray[Any]:
    """The values of a data set; Keras keeps bfloat16 as the upper halves of float32."""
    values = np.asarray(item[()])
    if text_of(item.attrs.get("dtype", "")) == "bfloat16" and values.dtype == np.uint16:
        return (values.astype(np.uint32) << 16).view(np.float32)
    return values
