import sys
from math import inf, isnan, sqrt
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

import rnnspec
from rnnspec import Normalize, SequenceClassifier, SpectralMonitor, gallery
from rnnspec.spectra import continuation
from rnnspec.spectra.glance import QUANTITIES, departure, spectral_numbers
from rnnspec.training.lightning import spectral_callback
from rnnspec.training.tensorboard import write_row

EPS = float(np.finfo(float).eps)


def block(a, b, c):
    return np.array([[a, b], [c, a]])


@pytest.mark.parametrize(
    ("W", "radius", "norm", "henrici", "kreiss", "distance"),
    [
        ([[0.5]], 0.5, 0.5, 0, 1, 0.5),
        ([[-0.5]], 0.5, 0.5, 0, 1, 0.5),
        ([[-3.0]], 3, 3, 0, inf, 0),
        (np.zeros((4, 4)), 0, 0, 0, 1, 1),
        (np.eye(3), 1, 1, 0, inf, 0),
        (np.diag([0.9, -0.2, 1e-300]), 0.9, 0.9, 0, 1, 0.1),
        (block(0.3, 0.4, -0.4), 0.5, 0.5, 0, 1, 0.5),
        (block(0.0, 0.8, -0.2), 0.4, 0.8, 0.6, None, None),
        (block(0.0, 4.0, 0.0), 0, 4, 4, None, sqrt(5) - 2),
    ],
    ids=str,
)
def test_numbers_that_are_known(W, radius, norm, henrici, kreiss, distance):
    found = spectral_numbers(np.array(W, float))
    assert list(found) == list(QUANTITIES)
    exact = {"spectral_radius": radius, "spectral_norm": norm, "henrici": henrici}
    if kreiss is not None:
        exact["kreiss_lower"] = kreiss
    for name, value in exact.items():
        assert found[name] == pytest.approx(value, abs=1e-12), name
    if distance is not None:
        assert found["distance_upper"] == pytest.approx(distance, rel=0.02, abs=1e-12)


@pytest.mark.parametrize("n", [1, 2, 3, 8, 33, 64])
@pytest.mark.parametrize("size", [1e-3, 0.5, 0.9, 2.0])
def test_numbers_of_random_matrices(n, size):
    G = np.random.default_rng(n).standard_normal((n, n))
    W = size * G / rnnspec.spectral_radius(G)
    check(W)


@pytest.mark.parametrize(
    "W", [gallery.jordan(12, 0.5), gallery.grcar(16) / 3, 0.3 * np.triu(np.ones((20, 20)))]
)
def test_numbers_of_matrices_far_from_normal(W):
    check(W, far=0.2)


def check(W, far=0.5):
    """Three exact numbers; two bounds on the right side, and not useless."""
    found, small = spectral_numbers(W), 100 * len(W) * EPS
    for name in ("spectral_radius", "spectral_norm"):
        tol = 1e-3 if name == "spectral_radius" and far < 0.5 else 1e-9  # ill-conditioned
        assert found[name] == pytest.approx(getattr(rnnspec, name)(W), rel=tol)
    norm = found["spectral_norm"]
    assert abs(found["henrici"] - rnnspec.henrici_departure(W)) <= small * norm * len(W)
    if found["spectral_radius"] >= 1:
        assert (found["kreiss_lower"], found["distance_upper"]) == (inf, 0)
        return
    kreiss, distance = rnnspec.kreiss_constant(W), rnnspec.distance_to_instability(W)
    assert max(1, far * kreiss.lower) <= found["kreiss_lower"] <= kreiss.upper * (1 + small)
    assert distance.lower - small * norm <= found["distance_upper"] <= distance.upper / far


def test_the_array_engine_says_the_same(monkeypatch):
    W = np.random.default_rng(0).standard_normal((20, 20)) / 8
    expected = spectral_numbers(W)
    monkeypatch.setattr(continuation, "compiled", lambda: None)
    assert spectral_numbers(W) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_matrix_that_is_not_finite_does_not_stop_a_training(value):
    W = np.eye(3)
    W[0, 1] = value
    assert all(isnan(number) for number in spectral_numbers(W).values())


def test_henrici_loses_no_digits_to_a_subtraction():
    assert departure(np.array([[1.0, 1e-12], [0.0, 1.0]])) == 1e-12
    assert departure(block(1.0, 1 + 1e-12, -1.0)) == pytest.approx(1e-12, rel=1e-3)


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


@pytest.fixture
def lightning(monkeypatch):
    """The one name of Lightning that the callback needs."""
    package, pytorch = ModuleType("lightning"), ModuleType("lightning.pytorch")
    pytorch.Callback = type("Callback", (), {})
    monkeypatch.setitem(sys.modules, "lightning", package)
    monkeypatch.setitem(sys.modules, "lightning.pytorch", pytorch)
    return pytorch


def test_a_callback_of_lightning(lightning):
    logged, module = [], nn.GRU(2, 3)
    module.log_dict = logged.append
    callback = spectral_callback(every=2)
    assert isinstance(callback, lightning.Callback)
    for fit in (1, 2):
        callback.on_fit_start(None, module)
        for epoch in range(4):  # Lightning counts from 0
            callback.on_train_epoch_end(SimpleNamespace(current_epoch=epoch), module)
        assert [row.pop("epoch") for row in callback.monitor.history] == [2, 4]
        filled = [row for row in logged if row]
        assert len(filled) == 2 * fit
        assert filled[-1] == callback.monitor.history[-1]


@pytest.mark.usefixtures("lightning")
def test_a_callback_that_cannot_be(monkeypatch):
    with pytest.raises(ValueError, match="`every` must be"):
        spectral_callback(every=0)
    with pytest.raises(ValueError, match="must hold recurrent weights"):
        spectral_callback().on_fit_start(None, nn.Linear(2, 2))
    monkeypatch.setitem(sys.modules, "lightning.pytorch", None)
    with pytest.raises(ImportError, match=r"Lightning: pip install 'rnnspec\[lightning\]'"):
        spectral_callback()
