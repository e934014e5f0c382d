"""Compiled code is never older than its source.

numba's cache looks only at the file of a function: were a file that it calls into edited, what is
cached would go on as before, in a clone or after an upgrade.  So each file that is compiled names
the digests of those that it takes from, and its own text changes with theirs.
"""

import ast
import hashlib
import re
from pathlib import Path

import pytest

import rnnspec

ROOT = Path(rnnspec.__file__).parent
COMPILED = sorted(
    path
    for path in ROOT.rglob("*.py")
    if re.search(r"\bnjit\b|(?<!torch\.)\bjit\b", path.read_text())  # TorchScript is no numba
)


def taken_from(path):
    """The files of rnnspec that a file imports at its top."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.module.startswith("rnnspec."):
            yield ROOT.joinpath(*node.module.split(".")[1:]).with_suffix(".py")


def line(path):
    return f"# compiled in: {path.stem} {hashlib.sha256(path.read_bytes()).hexdigest()[:8]}"


def test_there_is_compiled_code():
    assert {"following", "lane_lanczos", "scaling"} <= {path.stem for path in COMPILED}


@pytest.mark.parametrize("path", COMPILED, ids=lambda path: path.stem)
def test_a_compiled_file_names_the_digests_of_what_it_takes_from(path):
    named = [text for text in path.read_text().splitlines() if text.startswith("# compiled in: ")]
    assert named == [line(other) for other in taken_from(path)]
