"""What is rare in the engine, made to happen: no numba, and iterations that end too early."""

import sys

import pytest

from rnnspec.spectra import gallery
from rnnspec.spectra.engine import dense, lanes


@pytest.fixture
def without_numba(monkeypatch):
    """Begin an installation where the compiled lanes cannot be imported, by a call."""

    def uninstall():
        monkeypatch.setitem(sys.modules, lanes.__name__, None)
        dense.lane_engine.cache_clear()

    yield uninstall
    monkeypatch.undo()
    dense.lane_engine.cache_clear()


@pytest.fixture
def too_few_iterations(monkeypatch):
    """Return a matrix whose smallest singular values need more iterations than are allowed."""
    monkeypatch.setattr(lanes, "max_iterations", lambda _n: 3)
    return gallery.random_orthogonal(60, seed=2)
