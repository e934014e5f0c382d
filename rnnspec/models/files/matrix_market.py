"""Matrix Market: a matrix as text, dense or by its entries."""

from pathlib import Path

from rnnspec.models.files.contents import Contents
from rnnspec.models.files.numeric import dense, numbers_of
from rnnspec.models.files.sizes import check_described


def read_mtx(path: Path) -> Contents:
    """The one matrix, dense, under the file's stem."""
    from scipy.io import mminfo, mmread

    rows, columns, entries, layout, _, symmetry = mminfo(path)
    size = path.stat().st_size
    # An entry takes two bytes at least; of a symmetric matrix half of them are written.
    if entries * (1 if symmetry == "general" else 0.5) > size:
        raise ValueError(f"{entries} entries do not fit in {size} bytes")
    check_described((rows, columns), entries)
    return Contents("mtx", {path.stem: numbers_of(dense(mmread(path)))})
