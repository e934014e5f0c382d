"""What every public result can do: one large instance of each is looked at, kept and tabulated."""

import inspect
import json
import math
from importlib import import_module

import numpy as np
import pytest

import rnnspec
from rnnspec import dynamics, robustness, spectra, study
from rnnspec._result import Result, Table

MODULES = [
    import_module(f"rnnspec.{room}")
    for room in ("data", "dynamics", "models", "robustness", "spectra", "study", "training")
]
A = spectra.gallery.grcar(60)
PUBLIC = {
    name: thing
    for module in MODULES
    for name in dir(module)
    if inspect.isclass(thing := getattr(module, name)) and issubclass(thing, Result)
}


@pytest.fixture(scope="module")
def results():
    """{name: instance} of all public results, large where size is a matter of the data."""
    rng = np.random.default_rng(93)
    x, y, lengths = rng.standard_normal((120, 30, 2)), np.arange(120) % 9, np.arange(120) % 30 + 1
    data = rnnspec.DataSplits.from_arrays((x, y))
    trained = rnnspec.train(rnnspec.SequenceClassifier("lstm", 2, 9, hidden=8), data, epochs=2)
    model = rnnspec.SequenceClassifier("rnn", 2, 9, hidden=8)
    on_weights = robustness.survey(model, data.test, ["random", "int8"], target="weights")
    few = robustness.survey(model, data.test, ["sign", "deepfool"], [0, 0.1, 0.2])
    words = "A question that is as long as questions of studies are. " * 9
    numbers = tuple(study.Estimate(words, math.nan, 0.1, math.inf, 12, why=words) for _ in range(9))
    claim = study.Claim("P1", words, words, "undecided", words, numbers)
    run = {"run": "a", "dataset": "digits", "cell": "rnn", "condition": "plain", "seed": 0}
    record = {"name": "one", "runs": [run | {"state": "failed", "reason": words}] * 90}
    rows = [{"run": "a", "spectral_radius": 1.0}] * 90
    made = [
        data,
        data.train,
        trained,
        few,
        *few.curves.values(),
        *few.minimal.values(),
        on_weights.moved["random"][0],
        dynamics.stability_bands(model, x, lengths, samples=3),
        dynamics.contraction_check(dynamics.state_jacobians(model, x[:3])),
        dynamics.fixed_points(model, rng.standard_normal((9, 8))),
        dynamics.gradient_profile(model, x, y, lengths),
        dynamics.finite_time_growth(model, x, lengths),
        dynamics.lyapunov_spectrum(model, x),
        dynamics.principal_axes(rng.standard_normal((500, 8))),
        spectra.distance_to_instability(A / 4),
        spectra.measure(A, epsilons=[1e-3, 1e-2, 1e-1, 1.0, 10.0]),
        spectra.numerical_range(A),
        spectra.pseudomode(A, 0.5j),
        spectra.pseudospectrum(A, grid=20),
        spectra.transient_growth(A / 4),
        spectra.transient_bounds(A / 4),
        numbers[0],
        claim,
        study.Study(record, rows, rows, (claim,) * 3, words),
    ]
    return {type(each).__name__: each for each in made}


def test_one_instance_of_each_is_looked_at(results):
    assert set(results) == set(PUBLIC)


@pytest.mark.parametrize("name", PUBLIC)
def test_a_result_is_short_to_look_at(results, name):
    text = repr(results[name])
    assert len(text) < 400
    assert "\n" not in text
    assert text.startswith(f"{name}(")
    assert text.endswith(")")


@pytest.mark.parametrize("name", PUBLIC)
def test_a_result_is_strict_json(results, name):
    record = results[name].to_dict()
    assert record == json.loads(json.dumps(record, allow_nan=False))


@pytest.mark.parametrize("name", [name for name in PUBLIC if issubclass(PUBLIC[name], Table)])
def test_a_table_has_rows_and_a_frame_of_them(results, name):
    pytest.importorskip("pandas")
    rows, frame = results[name].rows(), results[name].to_frame()
    assert len(frame) == len(rows) > 0
    assert all(set(row) <= set(frame.columns) for row in rows)
    assert [*frame.columns][: len(rows[0])] == [*rows[0]]
