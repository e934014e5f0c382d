"""MATLAB's files of versions 5 to 7, read here because other readers crash on damaged files.

MathWorks, MAT-File Format (2019): a file is a sequence of elements, each a type, a length and
that many bytes; a matrix is an element whose bytes are elements again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from rnnspec.models.files.contents import Contents
from rnnspec.models.files.matlab_elements import ElementReader, Found
from rnnspec.models.files.numpy_files import dense, numbers_of
from rnnspec.models.files.refusal import LeftOut


def read_mat(path: Path) -> Contents:
    """Every array of numbers; a member of a struct is "struct.member", one of a cell "cell.0"."""
    data = path.read_bytes()
    four = data[124:128] not in (b"\x00\x01IM", b"\x01\x00MI")
    arrays: dict[str, Any] = {}
    left_out = []
    little = data[126:128] == b"IM"
    for key, found in _version_4(path) if four else ElementReader(little).file(data):
        if isinstance(found, LeftOut) or key in arrays:
            why = found if isinstance(found, LeftOut) else "a second array under the same key"
            left_out.append(f"{key}: {why}")
        else:
            arrays[key] = found
    return Contents("mat", arrays, tuple(left_out))


def _version_4(path: Path) -> Found:
    """The arrays of a file of version 4, which has neither structs nor cells.

    For these scipy needs no code that can crash on damaged files.
    """
    from scipy.io import loadmat

    for name, value in loadmat(path, appendmat=False).items():
        if not name.startswith("__") and getattr(value, "dtype", np.dtype("U1")).kind not in "SU":
            yield name, numbers_of(dense(value))
