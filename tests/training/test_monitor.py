from math import isnan
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

import rnnspec
from rnnspec import Normalize, SequenceClassifier, SpectralMonitor
from rnnspec.spectra.engine.glance import QUANTITIES, spectral_numbers
from rnnspec.training.tensorboard import write_row

EPS = float(np.finfo(float).eps)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_matrix_that_is_not_finite_does_not_stop_a_training(value):
    W = np.eye(3)
    W[0, 1] = value
    assert all(isnan(number) for number in spectral_numbers(W).values())


@pytest.mark.parametrize("cell", [nn.RNN, nn.LSTM, nn.GRU, nn.GRUCell])
def test_a_row_holds_the_numbers_of_every_matrix(cell):
    model = cell(3, 8)
    monitor = SpectralMonitor(model)
    row = monitor(7)
    assert monitor.history == [row]
    assert row.pop("epoch") == 7
    matrices = rnnspec.recurrent_matrices(model)
    assert set(row) == {f"{name}.{key}" for name in matrices for key in QUANTITIES}
    for name, W in matrices.items():
        assert row[f"{name}.spectral_norm"] == rnnspec.spectral_norm(W)


def test_every_kth_epoch():
    monitor = SpectralMonitor(nn.GRU(2, 3), every=3)
    rows = [monitor(epoch) for epoch in range(1, 8)]
    assert [bool(row) for row in rows] == [False, False, True, False, False, True, False]
    assert [row["epoch"] for row in monitor.history] == [3, 6]


@pytest.mark.parametrize("normalize", [None, Normalize("radius", bound=0.5)])
def test_it_watches_a_training_and_moves_nothing(walks, normalize):
    data, weights = walks(), []
    for watched in (False, True):
        model = SequenceClassifier("lstm", data.n_features, data.n_classes, hidden=6)
        monitor, calls = SpectralMonitor(model), []

        def look(row, monitor=monitor, calls=calls, model=model):
            model.train()
            calls.append(monitor(row))
            assert model.training

        run = rnnspec.train(
            model, data, epochs=3, normalize=normalize, on_epoch=look if watched else None
        )
        weights.append(model.state_dict())
    assert all(torch.equal(W, weights[1][name]) for name, W in weights[0].items())
    assert [row["epoch"] for row in monitor.history] == [1, 2, 3]
    for row, epoch in zip(monitor.history, run.history, strict=True):
        radii = [value for name, value in row.items() if name.endswith("spectral_radius")]
        assert max(radii) == pytest.approx(epoch["spectral_radius"], rel=1e-5)


def test_a_monitor_is_itself_a_callback(walks):
    data = walks()
    model = SequenceClassifier("rnn", data.n_features, data.n_classes, hidden=4)
    monitor = SpectralMonitor(model, every=2)
    rnnspec.train(model, data, epochs=4, on_epoch=monitor)
    assert [row["epoch"] for row in monitor.history] == [2, 4]


def test_what_cannot_be_watched():
    with pytest.raises(ValueError, match="`source` must hold recurrent weights"):
        SpectralMonitor(nn.Linear(2, 2))
    with pytest.raises(ValueError, match="`every` must be"):
        SpectralMonitor(nn.GRU(2, 3), every=0)


def test_rows_in_tensorboard():
    monitor, added = SpectralMonitor(nn.GRU(2, 3), every=2), []
    writer = SimpleNamespace(add_scalar=lambda *scalar: added.append(scalar))
    write_row(writer, monitor(1))
    assert added == []
    row = monitor(2)
    write_row(writer, row)
    assert len(added) == len(row) - 1
    assert ("henrici/layer0.reset", row["layer0.reset.henrici"], 2) in added
