"""Files that are written whole or not at all, and records that are read from them."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import fields
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then rename it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        temporary.chmod(0o666 & ~_umask())  # The files of mkstemp are for their owner alone.
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write `text`, whole or not at all."""
    write_atomically(path, lambda temporary: temporary.write_text(text))


def write_json(path: Path, record: Mapping[str, Any]) -> None:
    """Write strict JSON, whole or not at all."""
    write_text(path, json.dumps(record, indent=2, allow_nan=False) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object from a file of a run or a study.

    Raises
    ------
    ValueError
        If the file is missing or does not hold an object.
    """
    if not path.is_file():
        raise ValueError(f"{path.parent} must hold {path.name}, found none (an unfinished run?)")
    try:
        record = json.loads(path.read_text())
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error})") from error
    if not isinstance(record, Mapping):
        raise ValueError(f"{path} is damaged: expected an object, got {type(record).__name__}")
    return dict(record)


def save_npz(result: Any, path: str | PathLike[str]) -> None:
    """Write every field of the dataclass `result` into the .npz file `path`."""
    values = {field.name: getattr(result, field.name) for field in fields(result)}

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:  # NumPy would add a suffix to a path.
            np.savez(file, **values)

    write_atomically(Path(path), write)


def load_npz(kind: type[Any], path: str | PathLike[str]) -> dict[str, Any]:
    """Return the fields of the dataclass `kind` that `save_npz` wrote, with scalars of Python.

    Raises
    ------
    ValueError
        If a field is missing.
    """
    names = [field.name for field in fields(kind)]
    with np.load(path, allow_pickle=False) as stored:
        if missing := [name for name in names if name not in stored]:
            raise ValueError(
                f"`path` must be a file that {kind.__name__}.save wrote,"
                f" got {path} without {', '.join(missing)}"
            )
        values = {name: stored[name] for name in names}
    return {name: value.item() if value.ndim == 0 else value for name, value in values.items()}


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
