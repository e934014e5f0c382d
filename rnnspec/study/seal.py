"""When a task is done: its folder holds ``done.json`` with the digests of what the tables need.

The seal is written last, so that a task that was killed has none; a file that was damaged
later breaks it, and the task is computed again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnnspec._files import write_json
from rnnspec.data.download import sha256_of

NAME = "done.json"
FILES = ("config.json", "summary.json", "model.safetensors", "robustness.json", "measures.json")


def seal(directory: Path, record: Mapping[str, Any]) -> None:
    """Declare the task of `directory` done; `record` is kept beside the digests.

    Files that a killed worker left half-written go: they are hidden, and no one's.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     for name in FILES:
    ...         _ = Path(folder, name).write_text("{}")
    ...     before = sealed(Path(folder))
    ...     seal(Path(folder), {})
    ...     after = sealed(Path(folder))
    ...     _ = Path(folder, "config.json").write_text("{")
    ...     before, after, sealed(Path(folder))
    (False, True, False)
    """
    for left in directory.glob(".*"):
        if left.is_file():
            left.unlink()
    write_json(
        directory / NAME,
        {**record, "sha256": {name: sha256_of(directory / name) for name in FILES}},
    )


def sealed(directory: Path) -> bool:
    """Whether the task of `directory` is done and each of its files is as it was then."""
    try:
        digests = json.loads((directory / NAME).read_text())["sha256"]
        return all(sha256_of(directory / name) == digests[name] for name in FILES)
    except (OSError, ValueError, KeyError, TypeError):
        return False
