"""No figure outlives the test or docstring that drew it."""

from __future__ import annotations

import sys

import pytest


@pytest.fixture(autouse=True)
def close_figures():
    """Close them all at the end of each test."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
