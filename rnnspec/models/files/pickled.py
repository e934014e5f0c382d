"""Plain pickles of dicts of arrays or tensors."""

from __future__ import annotations

from io import BytesIO
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

from rnnspec.models.files.builders import BUILDERS
from rnnspec.models.files.contents import Contents
from rnnspec.models.files.inert import unpickle
from rnnspec.models.files.refusal import LeftOut
from rnnspec.models.files.torch_legacy import legacy_object
from rnnspec.models.files.walk import arrays_in


def _of_joblib(*_: Any) -> Any:
    raise LeftOut("arrays as joblib writes them; write them with numpy.savez")


_BUILDERS = {
    **BUILDERS,
    "torch.storage._load_from_bytes": lambda data: legacy_object(BytesIO(data)),
    "joblib.numpy_pickle.NumpyArrayWrapper": _of_joblib,
}


def read_pickle(path: Path) -> Contents:
    """All arrays and tensors in the first pickle of the file `path`."""
    with path.open("rb") as opened, mmap(opened.fileno(), 0, access=ACCESS_READ) as file:
        found = arrays_in(unpickle(file, _BUILDERS), path.stem)
        rest = len(file) - file.tell()
    also = (f"{rest} bytes that follow the first pickle",) if rest else ()
    return Contents("pickle", found.arrays, found.left_out + also, found.formula, found.assumed)
