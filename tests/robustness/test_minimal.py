"""Minimal perturbations as a result: statistics, units, records, and the options of the attacks."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

import rnnspec
from rnnspec.robustness import victim
from rnnspec.robustness.attacks.table import ATTACKS as TABLE
from rnnspec.robustness.attacks.table import MINIMAL
from rnnspec.robustness.minimal import MinimalPerturbations, minimal_perturbations
from rnnspec.robustness.threat import Threat

ATTACKS = [name for name in MINIMAL if not TABLE[name].capped]  # of a norm


@pytest.fixture
def found():
    """Wrong, found, found, resisted, found."""
    return MinimalPerturbations(
        "fmn",
        "l2",
        "std",
        "input",
        np.array([0.0, 1.0, 3.0, np.inf, 2.0]),
        np.array([0.0, 0.1, 0.6, np.inf, 0.2]),
        np.array([False, True, True, True, True]),
    )


def test_statistics_leave_the_wrong_out(found):
    assert found.success.tolist() == [False, True, True, False, True]
    assert found.success_rate == 0.75
    assert found.median == 2.5
    assert found.mean == 2.0
    assert found.mean_relative == pytest.approx(0.3)


def test_where_half_resist_the_median_is_infinite(found):
    worse = replace(found, r=np.array([0, np.inf, np.inf, np.inf, 2.0]))
    assert worse.median == np.inf
    assert worse.mean == 2.0
    assert worse.to_dict()["median"] == "inf"


def test_where_none_is_right_nothing_is_defined(found):
    record = replace(found, clean_correct=np.zeros(5, bool)).to_dict()
    assert [record[key] for key in ("median", "mean", "mean_relative", "success_rate")] == [
        None
    ] * 4


def test_the_record_is_json(found):
    record = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert record == {
        "target": "input",
        "attack": "fmn",
        "norm": "l2",
        "units": "std",
        "n": 5,
        "median": 2.5,
        "mean": 2.0,
        "mean_relative": pytest.approx(0.3),
        "success_rate": 0.75,
    }


def test_what_is_saved_comes_back(found, tmp_path):
    found.save(tmp_path / "found.npz")
    back = MinimalPerturbations.load(tmp_path / "found.npz")
    assert back.to_dict() == found.to_dict()
    for name in ("r", "relative", "clean_correct"):
        np.testing.assert_array_equal(getattr(back, name), getattr(found, name))


def test_another_file_is_refused(tmp_path):
    np.savez(tmp_path / "other.npz", r=np.zeros(3))
    with pytest.raises(ValueError, match="got .*other.npz without attack, norm"):
        MinimalPerturbations.load(tmp_path / "other.npz")


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("norm", ["l2", "linf"])
@pytest.mark.parametrize("units", ["std", "raw"])
def test_distances_of_a_linear_network(walks, linear, attack, norm, units):
    data = walks(20)
    model, data = linear(2), replace(data, labels=data.labels % 2)
    # The logits of x with slopes W are those of std * x, a raw value, with slopes W / std.
    std = data.std if units == "raw" else np.ones(2)
    other = linear(2)
    other.W.data /= torch.from_numpy(std)
    raw = replace(data, inputs=(data.inputs * std).astype(np.float32))
    expected = other.radii(raw, norm).numpy()
    result = minimal_perturbations(model, data, attack, norm=norm, units=units)
    np.testing.assert_allclose(result.r, expected, rtol=0.012, atol=5e-4)
    assert (result.clean_correct == (expected > 0)).all()
    assert result.success_rate == 1
    size = np.linalg.norm(raw.inputs.reshape(20, -1), 2 if norm == "l2" else np.inf, axis=1)
    np.testing.assert_allclose(result.relative, result.r / size, rtol=1e-5)


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("unit", [1e-30, 1e-20, 1e20, 1e30])
def test_distances_of_raw_arrays_scale_with_their_unit(walks, linear, attack, unit):
    data = walks(20, full=True)
    model, y = linear(2).float(), data.labels % 2
    expected = model.radii(replace(data, labels=y), "l2").numpy() * unit

    class InUnits(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = model

        def forward(self, inputs, lengths):
            return self.inner(inputs / unit, lengths)

    raw = (data.inputs.astype(float) * unit, y)
    result = minimal_perturbations(InUnits(), raw, attack, units="raw")
    np.testing.assert_allclose(result.r, expected, rtol=0.012, atol=5e-4 * unit)
    assert result.mean_relative == pytest.approx(
        minimal_perturbations(model, (data.inputs, y), attack, units="raw").mean_relative, rel=0.01
    )


def test_the_state_has_no_relative_size(digits, digits_lstm):
    result = minimal_perturbations(digits_lstm, digits.test, target="state", samples=10)
    assert np.isnan(result.relative).all()
    assert result.to_dict()["mean_relative"] is None
    assert result.median > 0


def test_a_sequence_that_is_its_channel_means_has_no_relative_size(walks, linear):
    data = replace(walks(6), labels=np.zeros(6, int))
    data.inputs[2] = 0  # the means, standardised
    model = linear(2)
    model.b.data[:] = torch.tensor([50.0, 0.0])  # every sequence is right
    result = minimal_perturbations(model, data)
    assert result.success.all()
    assert np.flatnonzero(np.isnan(result.relative)).tolist() == [2]
    others = np.delete(result.relative, 2)
    assert result.mean_relative == pytest.approx(others.mean())
    assert np.isfinite(others).all()


def test_samples_are_drawn_by_the_seed(digits, digits_lstm):
    one, same, other = (
        minimal_perturbations(digits_lstm, digits.test, samples=7, seed=seed) for seed in (0, 0, 1)
    )
    assert len(one.r) == 7
    np.testing.assert_array_equal(one.r, same.r)
    assert not np.array_equal(one.r, other.r)
    many = minimal_perturbations(digits_lstm, digits.test.subset(range(5)), samples=99)
    assert len(many.r) == 5


def test_the_seed_reaches_the_restarts(digits, digits_lstm):
    data = digits.test.subset(range(8))
    options = {"iterations": 3, "restarts": 2, "rtol": 0.1}
    one, other = (
        minimal_perturbations(digits_lstm, data, "bisection", seed=seed, **options).r
        for seed in (0, 1)
    )
    assert not np.array_equal(one, other)


def test_batches_do_not_matter(digits, digits_lstm, monkeypatch):
    data = digits.test.subset(range(20))
    whole = minimal_perturbations(digits_lstm, data).r
    monkeypatch.setitem(victim.BATCH, "cpu", 7)
    np.testing.assert_allclose(minimal_perturbations(digits_lstm, data).r, whole, rtol=1e-3)


def test_a_threat_says_it_all(digits, digits_lstm):
    data = digits.test.subset(range(20))
    free = minimal_perturbations(digits_lstm, data, threat=Threat(norm="l2", bounded=False))
    bounded = minimal_perturbations(digits_lstm, data)
    assert free.median < bounded.median


def test_the_network_comes_back_as_it_was(digits, digits_lstm):
    digits_lstm.train()
    minimal_perturbations(digits_lstm, digits.test, samples=3)
    assert digits_lstm.training
    assert all(weight.requires_grad for weight in digits_lstm.parameters())


def test_the_names_are_public():
    assert rnnspec.minimal_perturbations is minimal_perturbations
    assert rnnspec.robustness.MinimalPerturbations is MinimalPerturbations


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"attack": "carlini"}, "`attack` must be one of deepfool, fmn, bisection, sparse, got"),
        ({"norm": "l1"}, "`norm` must be one of"),
        ({"samples": 0}, "`samples` must be an integer of at least 1, got 0"),
        ({"samples": 2.5}, "`samples` must be an integer of at least 1, got 2.5"),
        ({"data": "digits"}, r"`data` must be a SequenceDataset, got str .*\.test"),
        ({"seed": -1}, "`seed` must be an integer"),
        ({"iterations": 2.5}, "`iterations` must be an integer of at least 1, got 2.5"),
        (
            {"restarts": 2},
            "`options` must be one of candidates, iterations, overshoot, got 'restarts'",
        ),
        ({"attack": "fmn", "start": None}, "`options` must be one of gamma, iterations, step_size"),
        ({"threat": Threat(), "norm": "linf"}, "`threat` holds target, norm and units"),
    ],
)
def test_bad_arguments(walks, linear, arguments, says):
    with pytest.raises(ValueError, match=says):
        minimal_perturbations(**{"model": linear(), "data": walks(3), **arguments})
