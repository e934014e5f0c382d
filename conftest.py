"""No figure outlives the test or docstring that drew it, and no compiled code its source."""

import os
import sys
from pathlib import Path

import pytest

SPECTRA = Path(__file__).parent / "rnnspec" / "spectra"
CHAINS = (  # what compiled code takes from elsewhere, and its files in the order of import
    (
        ["simd.py", "triangle.py", "multishift.py"],
        ["lane_solves.py", "lane_ritz.py", "lane_lanczos.py"],
    ),
    (["squaring.py"], ["krylov_block.py", "following.py"]),
)


def pytest_configure():
    """Numba's cache looks only at the file of a function: touch those that import an edited one."""
    for imported, compiled in CHAINS:
        newest = max((SPECTRA / name).stat().st_mtime_ns for name in imported)
        for path in (SPECTRA / name for name in compiled):
            if path.stat().st_mtime_ns < newest:
                os.utime(path, ns=(newest, newest))
            newest = path.stat().st_mtime_ns


@pytest.fixture(autouse=True)
def close_figures():
    """Close them all at the end of each test."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
