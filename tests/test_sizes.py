"""The sizes of modules: a file is one idea, near 100 lines and never above 250."""

import re
from pathlib import Path
from statistics import median

import pytest

import rnnspec

ROOT = Path(rnnspec.__file__).parent
MEDIAN, LARGEST = 110, 250


def lines():
    """{module: number of lines}."""
    paths = ROOT.rglob("*.py")
    return {p.relative_to(ROOT).as_posix(): len(p.read_text().splitlines()) for p in paths}


def is_kernel(name):
    """Compiled code may be one long file, as functions that are compiled together are inlined."""
    text = (ROOT / name).read_text()
    return re.search(r"^\s*(?:import|from) numba", text, re.MULTILINE) is not None


def test_a_module_is_about_a_hundred_lines():
    assert median(lines().values()) <= MEDIAN


@pytest.mark.parametrize("name", sorted(lines()))
def test_no_module_is_long(name):
    assert is_kernel(name) or lines()[name] <= LARGEST
