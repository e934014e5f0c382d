"""Matrix Market: a matrix as text, dense by columns or by its entries.

R. F. Boisvert, R. Pozo, K. A. Remington, The Matrix Market Exchange Formats, NISTIR 5935 (1996).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec.models.files.contents import Contents, check_described
from rnnspec.models.files.encoding import decode
from rnnspec.models.files.refusal import fault

# How many numbers an entry has.
FIELDS = {"real": 1, "double": 1, "integer": 1, "unsigned-integer": 1, "complex": 2, "pattern": 0}
# How the entries above the diagonal follow from those below, which alone are written.
MIRROR = {
    "general": None,
    "symmetric": lambda A: A,
    "skew-symmetric": lambda A: -A,
    "hermitian": lambda A: A.conj(),
}


def read_mtx(path: Path) -> Contents:
    """The one matrix, dense, under the file's stem."""
    lines = (decode(path.read_bytes()) or "").splitlines()
    _, subject, layout, field, symmetry = lines[0].lower().split()
    known = layout in ("array", "coordinate") and field in FIELDS and symmetry in MIRROR
    if subject != "matrix" or not known or (layout, field) == ("array", "pattern"):
        raise fault(path, f"a Matrix Market file of no known kind of matrix: {lines[0][:80]}")
    body = [line for line in lines[1:] if line.strip() and not line.startswith("%")]
    size = [int(word) for word in body[0].split()]
    numbers = np.array([float(word) for line in body[1:] for word in line.split()])
    read = {"array": _by_columns, "coordinate": _by_entries}[layout]
    A = read(size, numbers, FIELDS[field], symmetry)
    if mirror := MIRROR[symmetry]:
        below = np.tril(A, -1)
        A = A + mirror(below).T
    return Contents("mtx", {path.stem: A})


def _by_columns(
    size: list[int], numbers: NDArray[np.float64], width: int, symmetry: str
) -> NDArray[Any]:
    """A matrix whose entries stand one column after the other.

    A symmetric matrix has only its entries on and below the diagonal in the file.
    """
    rows, columns = size
    values = _values(numbers.reshape(-1, width) if width else numbers.reshape(-1, 1)[:0])
    if symmetry == "general":
        return values.reshape(columns, rows).T
    check_described((rows, columns), 2 * len(values))
    A = np.zeros((columns, rows), values.dtype)
    A[np.triu_indices(rows, 1 if symmetry == "skew-symmetric" else 0, columns)] = values
    return A.T


def _by_entries(
    size: list[int], numbers: NDArray[np.float64], width: int, symmetry: str
) -> NDArray[Any]:
    """A matrix given by row, column and value of each entry; entries of the same place add up."""
    rows, columns, count = size
    table = numbers.reshape(count, 2 + width)
    check_described((rows, columns), count)
    i, j = table[:, :2].T.astype(int) - 1
    if (table[:, :2] != np.floor(table[:, :2])).any() or (i < 0).any() or (j < 0).any():
        raise ValueError("the row or column of an entry is not a positive integer")
    if symmetry != "general" and (i < j).any():
        raise ValueError("an entry above the diagonal of a matrix that is symmetric")
    values = _values(table[:, 2:]) if width else np.ones(count)
    A = np.zeros((rows, columns), values.dtype)
    np.add.at(A, (i, j), values)
    return A


def _values(table: NDArray[np.float64]) -> NDArray[Any]:
    """The real entries, or the complex ones of which two columns hold both parts."""
    return table[:, 0] if table.shape[1] == 1 else table[:, 0] + 1j * table[:, 1]
