"""Corruptions: what they must leave alone, how they worsen, and each one's own law."""

from dataclasses import replace

import numpy as np
import pytest

from rnnspec.data.sequences import SequenceDataset
from rnnspec.robustness.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from rnnspec.robustness.sensor_corruptions import DRIFT
from rnnspec.robustness.time_corruptions import LOST, read_at

EPS = np.finfo(np.float32).eps
TIME = ("dropped_steps", "held_steps", "jitter", "warp", "shift")


def walks(n=200, t=40, d=3, *, shortest=20, bounded=False):
    """Random walks: no period, so that a longer shift is a larger change."""
    rng = np.random.default_rng(5)
    values = rng.standard_normal((n, t, d)).cumsum(axis=1)
    scale = np.array([1.0, 10.0, 0.1])[:d]
    values = 3 + scale * values
    lengths = rng.integers(shortest, t + 1, n)
    bounds = (values.min((0, 1)), values.max((0, 1))) if bounded else (-np.inf, np.inf)
    return SequenceDataset.from_raw(
        values,
        lengths,
        rng.integers(0, 2, n),
        ("a", "b"),
        mean=values.mean((0, 1)),
        std=values.std((0, 1)),
        lower=bounds[0],
        upper=bounds[1],
    )


def ramp(t=21, n=1):
    values = np.arange(n * t, dtype=float).reshape(n, t, 1)
    return SequenceDataset.from_raw(values, [t] * n, [0] * n, ("a",))


@pytest.mark.parametrize("bounded", [False, True])
@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("name", CORRUPTIONS)
def test_labels_bounds_padding_and_the_source_stay(name, severity, bounded):
    data = walks(bounded=bounded)
    before = data.inputs.copy()
    found = corrupt(data, name, severity, seed=1)
    assert (data.inputs == before).all()
    assert found.inputs.shape == data.inputs.shape
    assert found.inputs.dtype == np.float32
    assert not np.array_equal(found.inputs, data.inputs)
    assert not found.inputs[~found.mask()].any()
    assert (found.labels == data.labels).all()
    assert (found.lengths <= data.lengths).all()
    assert (found.lengths == data.lengths).all() or name == "dropped_steps"
    if bounded:
        raw = found.inputs.astype(float) * data.std + data.mean
        reach = 4 * EPS * np.abs(raw).max((0, 1))
        inside = (raw >= data.lower - reach) & (raw <= data.upper + reach)
        assert inside[found.mask()].all()


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_distortion_grows_with_severity(name):
    data = walks()
    change = [
        np.abs(corrupt(data, name, severity, seed=2).inputs - data.inputs).mean()
        for severity in SEVERITIES
    ]
    assert 0 < change[0]
    assert (np.diff(change) > 0).all(), change


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_the_seed_decides(name):
    data = walks(20)
    once, again, other = (corrupt(data, name, 3, seed=seed).inputs for seed in (0, 0, 1))
    assert (once == again).all()
    assert (once == other).all() == (name == "quantisation")  # the one without chance


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_one_sequence_of_one_step(name):
    data = SequenceDataset.from_raw([[[1.0]]], [1], [0], ("a",))
    found = corrupt(data, name, 5)
    assert found.lengths.tolist() == [1]
    if name in TIME or name == "drift":
        assert found.inputs.tolist() == [[[1.0]]]


@pytest.mark.parametrize("name", TIME)
def test_the_padding_is_never_read(name):
    data = walks()
    poisoned = data.inputs.copy()
    poisoned[~data.mask()] = 1e9
    found = corrupt(replace(data, inputs=poisoned), name, 4)
    assert (found.inputs == corrupt(data, name, 4).inputs).all()


@pytest.mark.parametrize("severity", SEVERITIES)
def test_dropped_steps_are_a_share_and_the_rest_keeps_its_order(severity):
    data = ramp(2000, n=3)
    found = corrupt(data, "dropped_steps", severity)
    share, p = 1 - found.lengths / 2000, LOST[severity - 1]
    assert np.abs(share - p).max() < 5 * np.sqrt(p * (1 - p) / 2000)
    for i, length in enumerate(found.lengths):
        assert (np.diff(found.inputs[i, :length, 0]) > 0).all()


def test_milder_losses_are_among_the_worse():
    data = ramp(200)
    kept = [set(corrupt(data, "dropped_steps", s).inputs.ravel()) for s in SEVERITIES]
    assert all(worse <= milder for milder, worse in zip(kept, kept[1:], strict=False))


def test_one_step_is_left_of_short_sequences():
    data = SequenceDataset.from_raw(np.ones((500, 2, 1)), [2] * 500, [0] * 500, ("a",))
    assert set(corrupt(data, "dropped_steps", 5).lengths) == {1, 2}


def test_a_held_step_shows_the_last_fresh_one():
    data = ramp(2000)
    found = corrupt(data, "held_steps", 4).inputs.ravel()
    fresh = found == data.inputs.ravel()
    assert fresh[0]
    assert (found[1:][~fresh[1:]] == found[:-1][~fresh[1:]]).all()
    assert np.mean(~fresh) == pytest.approx(0.35, abs=5 * np.sqrt(0.35 * 0.65 / 2000))


@pytest.mark.parametrize(("name", "most"), [("jitter", 1.0), ("warp", 20 * 0.9 / np.pi)])
def test_times_read_from_a_ramp(name, most):
    data = ramp(21, n=50)
    read = corrupt(data, name, 5).inputs[:, :, 0] - data.inputs[:, :1, 0]
    late = read - np.arange(21)
    assert 0.3 < np.abs(late).max() <= most + 1e3 * 21 * EPS
    if name == "warp":
        assert np.abs(late[:, [0, -1]]).max() <= 1e3 * EPS * 21
        assert (np.diff(read) > 0).all()


def test_a_shift_moves_and_fills_with_the_edge():
    data = ramp(15, n=30)  # a tenth is 1.5 steps, rounded up
    found = corrupt(data, "shift", 2).inputs[:, :, 0] - data.inputs[:, :1, 0]
    late, early = np.maximum(np.arange(15) - 2, 0), np.minimum(np.arange(15) + 2, 14)
    either = {tuple(row) for row in found.tolist()}
    assert either == {tuple(map(float, late)), tuple(map(float, early))}


def test_a_lost_channel_shows_its_mean():
    data = walks(2000)
    found = corrupt(data, "channel_dropout", 4)
    lost = ~found.inputs.any(axis=1)
    assert lost.mean() == pytest.approx(0.45, abs=5 * np.sqrt(0.25 / 6000))
    kept = np.repeat(~lost[:, np.newaxis], data.n_steps, axis=1)
    assert (found.inputs[kept] == data.inputs[kept]).all()


def test_drift_is_linear_and_ends_at_its_strength():
    data = walks(2000, shortest=40)
    added = corrupt(data, "drift", 3).inputs - data.inputs
    assert np.abs(added[:, 0]).max() == 0
    assert np.abs(np.diff(added, 2, axis=1)).max() < 50 * EPS
    normal = np.random.default_rng(0).standard_normal((2000, 3))
    assert added[:, -1] == pytest.approx(DRIFT[2] * normal, abs=1e-5)


def test_a_burst_strikes_a_fifth_in_one_piece():
    data = walks(500)
    struck = (corrupt(data, "burst", 3).inputs != data.inputs).any(axis=2)
    assert (struck.sum(axis=1) == np.ceil(0.2 * data.lengths)).all()
    assert (np.abs(np.diff(struck, axis=1, prepend=0, append=0)).sum(axis=1) == 2).all()
    size = (corrupt(data, "burst", 3).inputs - data.inputs)[struck].std()
    assert size == pytest.approx(1.5, rel=0.05)


@pytest.mark.parametrize(("severity", "levels"), [(1, 32), (3, 8), (5, 2)])
@pytest.mark.parametrize("bounded", [False, True])
def test_quantised_values_are_few_and_near(severity, levels, bounded):
    data = walks(bounded=bounded)
    found = corrupt(data, "quantisation", severity)
    span = (data.upper - data.lower) / data.std if bounded else 8.0 * np.ones(3)
    for channel in range(3):
        values = found.inputs[..., channel][found.mask()]
        assert len(np.unique(values)) <= levels
        clean = data.inputs[..., channel][found.mask()]
        clean = clean if bounded else np.clip(clean, -4, 4)
        assert np.abs(values - clean).max() <= span[channel] / (levels - 1) / 2 + 50 * EPS


def test_reading_between_steps():
    data = walks(5)
    whole = np.tile(np.arange(data.n_steps, dtype=float), (5, 1))
    assert (read_at(data, whole)[data.mask()] == data.inputs[data.mask()]).all()


@pytest.mark.parametrize("severity", [0, 6, 2.5, "3"])
def test_a_severity_that_is_none(severity):
    with pytest.raises(ValueError, match="`severity` must be an integer from 1 to 5, got"):
        corrupt(ramp(), "drift", severity)


def test_an_unknown_name_lists_the_known():
    with pytest.raises(ValueError, match=r"`name` must be one of dropped_steps, .*, quantisation"):
        corrupt(ramp(), "fog", 1)
