"""One thread, no window, no setting of the user's shell; the program, called in this process."""

import sys
from typing import NamedTuple

import matplotlib
import pytest
import torch

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def no_debug(monkeypatch):
    monkeypatch.delenv("RNNSPEC_DEBUG", raising=False)


class Called(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def program(monkeypatch, capfd):
    """Call ``rnnspec`` with arguments: its exit code, stdout and stderr."""
    from rnnspec.cli import main

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["rnnspec", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as stop:
            main()
        return Called(stop.value.code or 0, *capfd.readouterr())

    return call


@pytest.fixture
def refused(program):
    """What the program says, in one line, when it leaves with exit code 2."""

    def call(*arguments):
        code, out, err = program(*arguments)
        assert (code, out, err.count("\n")) == (2, "", 1), (code, out, err)
        assert err.startswith("Error: ")
        assert "Traceback" not in err
        return err

    return call
