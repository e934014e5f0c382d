"""One thread, no window, no setting of the user's shell."""

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
