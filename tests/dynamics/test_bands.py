import numpy as np
import pytest
import torch
from torch import nn

from rnnspec import (
    SequenceClassifier,
    distance_to_instability,
    henrici_departure,
    spectral_norm,
    spectral_radius,
    state_jacobians,
)
from rnnspec.dynamics import stability_bands
from rnnspec.dynamics.bands import MEASURES
from rnnspec.models.gates import CELLS

D, H, T = 2, 4, 5
LENGTHS = [T, 1, 3, T, 2, 4]
FUNCTIONS = dict(
    zip(
        MEASURES,
        (spectral_radius, spectral_norm, henrici_departure, distance_to_instability),
        strict=True,
    )
)


@pytest.fixture
def x():
    return np.random.default_rng(13).standard_normal((6, T, D))


def model_of(cell, **options):
    return SequenceClassifier(cell, D, 2, H, init="torch", seed=7, **options)


@pytest.mark.parametrize("cell", CELLS)
def test_each_number_is_that_of_its_function(cell, x):
    model = model_of(cell)
    found, J = stability_bands(model, x, LENGTHS), state_jacobians(model, x, LENGTHS)
    assert found.sequences.tolist() == list(range(6))
    assert found.steps.tolist() == list(range(T))
    for name, function in FUNCTIONS.items():
        for i, length in enumerate(LENGTHS):
            expected = [float(function(A)) for A in J[i, :length]]
            np.testing.assert_allclose(found.values[name][i, :length], expected, rtol=1e-12)
            assert np.isnan(found.values[name][i, length:]).all()
        np.testing.assert_array_equal(
            found.quantiles[name][:, 0],
            np.quantile(found.values[name][:, 0], found.levels, method="inverted_cdf"),
        )


def test_the_worst_is_named(x):
    found = stability_bands(model_of("lstm"), x, LENGTHS)
    for name, values in found.values.items():
        worst = np.nanmin(values) if name == "distance_to_instability" else np.nanmax(values)
        assert values[found.worst[name]] == worst
    assert found.worst_sequence == found.worst["distance_to_instability"][0]


def test_of_unstable_ones_the_largest_radius_is_the_worst(x):
    model = model_of("rnn")
    with torch.no_grad():
        model.recurrent.weight_hh_l0.mul_(5.0)
    found = stability_bands(model, x)
    assert (found.values["distance_to_instability"] == 0).sum() > 1
    assert found.worst["distance_to_instability"] == found.worst["spectral_radius"]


def test_the_sequences_and_steps_asked_for_are_looked_at(x):
    model = model_of("gru")
    every, some = stability_bands(model, x), stability_bands(model, x, samples=3, steps=[4, 0])
    assert some.sequences.tolist() == [0, 2, 5]
    assert some.steps.tolist() == [4, 0]
    assert (every.n_sequences, some.n_sequences) == (6, 6)
    for name in MEASURES:
        rows = np.ix_([0, 2, 5], [4, 0])
        np.testing.assert_allclose(some.values[name], every.values[name][rows], rtol=1e-12)
    i, t = some.worst["spectral_norm"]
    assert every.values["spectral_norm"][i, t] == pytest.approx(
        some.values["spectral_norm"].max(), rel=1e-12
    )


def test_by_default_a_few_are_looked_at():
    rnn = nn.RNN(1, 1)
    found = stability_bands(rnn, np.zeros((40, 50, 1)))
    assert len(found.sequences) == len(found.steps) == 16
    assert found.sequences[[0, -1]].tolist() == [0, 39]
    assert found.steps[[0, -1]].tolist() == [0, 49]
    assert len(stability_bands(rnn, np.zeros((40, 1, 1)), samples=None).sequences) == 40


def test_one_sequence_of_one_step_is_its_own_band():
    rnn = nn.RNN(1, 1, bias=False)
    nn.init.constant_(rnn.weight_hh_l0, 0.25)
    found = stability_bands(rnn, np.zeros((1, 1, 1)), levels=(0.5,))
    values = [found.quantiles[name].item() for name in MEASURES]
    assert values == pytest.approx([0.25, 0.25, 0.0, 0.75], abs=1e-12)
    assert found.worst == dict.fromkeys(MEASURES, (0, 0))


def test_each_direction_has_its_own(x):
    model = model_of("gru", bidirectional=True)
    both = [stability_bands(model, x, direction=d) for d in ("forward", "reverse")]
    assert (both[0].values["spectral_norm"] != both[1].values["spectral_norm"]).all()
    with pytest.raises(ValueError, match="`direction` must be 'forward' or 'reverse'"):
        stability_bands(model, x)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"samples": 0}, "`samples` must be an integer of at least 1, got 0"),
        ({"steps": [T]}, "`steps` must be from 0 to 4"),
        ({"steps": [4], "lengths": [2] * 6}, "`steps` must hold one that a sequence taken reaches"),
        ({"levels": [0.9, 0.1]}, "`levels` must be increasing"),
        ({"inputs": np.full((1, T, D), np.nan)}, "must be finite at real steps"),
        ({"inputs": np.zeros((0, T, D))}, "at least one sequence"),
        ({"inputs": np.zeros((1, T, 1))}, r"must have shape \(n, t, 2\)"),
        ({"model": nn.Linear(1, 1)}, "must have nn.RNN, nn.LSTM or nn.GRU inside"),
    ],
)
def test_what_does_not_fit_is_refused(options, match, x):
    with pytest.raises(ValueError, match=match):
        stability_bands(**{"model": model_of("gru"), "inputs": x, **options})
