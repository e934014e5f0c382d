"""Robustness curves: what they say, how they are kept, what they refuse."""

import json
from dataclasses import fields

import numpy as np
import pytest
import torch

import rnnspec
from rnnspec.robustness import victim
from rnnspec.robustness.attacks.table import CURVES
from rnnspec.robustness.curve import robustness_curve
from rnnspec.robustness.result import RobustnessCurve, wilson
from rnnspec.robustness.threat import Threat

EPSILONS = [0, 0.1, 0.2, 0.4, 0.8, 1.6]


@pytest.fixture(scope="module")
def curve(request):
    digits = request.getfixturevalue("digits")
    model = request.getfixturevalue("digits_lstm")
    return robustness_curve(
        model, digits.test, "pgd", [0, 0.1, 0.2, 0.3], iterations=8, restarts=1, samples=60
    )


def test_a_linear_model_gives_the_closed_form(linear, walks):
    data = walks(90).subset(np.arange(90) % 3 < 2)
    model = linear(classes=2)
    curve = robustness_curve(model, data, "pgd", EPSILONS, iterations=20, restarts=1, checks=False)
    radii = model.radii(data, "linf").numpy()
    assert curve.clean_accuracy == curve.accuracy[0] == (radii > 0).mean()
    np.testing.assert_allclose(
        curve.accuracy[1:], [(radii > e).mean() for e in EPSILONS[1:]], atol=1.5 / len(data)
    )


@pytest.mark.parametrize("attack", CURVES)
@pytest.mark.parametrize(("target", "norm"), [("input", "l2"), ("state", "linf")])
def test_every_attack_target_and_norm_keeps_its_budget(digits_lstm, digits, attack, target, norm):
    curve = robustness_curve(
        digits_lstm, digits.test, attack, [0, 0.2, 0.9],
        norm=norm, target=target, iterations=3, restarts=1, samples=12, checks=False,
    )  # fmt: skip
    assert (curve.target, curve.attack, curve.norm, curve.units) == (target, attack, norm, "std")
    assert curve.max_perturbation[0] == 0
    assert (curve.max_perturbation <= curve.epsilons * (1 + 1e-5)).all()
    assert curve.max_perturbation[-1] > 0.2
    assert curve.accuracy[0] == curve.clean_accuracy
    assert curve.n == 12


def test_fields_agree_with_each_other(curve):
    right = curve.thresholds[:, np.newaxis] > curve.epsilons
    np.testing.assert_array_equal(curve.accuracy, right.mean(0))
    np.testing.assert_array_equal([curve.ci_low, curve.ci_high], wilson(curve.accuracy, curve.n))
    assert curve.clean_accuracy == (curve.thresholds > 0).mean()
    assert (np.diff(curve.accuracy) <= 0).all()
    assert (np.diff(curve.mean_loss) >= 0).all()
    assert curve.mean_loss[-1] > 2 * curve.mean_loss[0]
    assert curve.seconds[0] == 0
    assert curve.seconds[1:].sum() > 0


def test_mean_loss_at_zero_is_the_cross_entropy(curve, digits_lstm, digits):
    chosen = np.sort(np.random.default_rng(0).permutation(len(digits.test))[:60])
    part = digits.test.subset(chosen)
    with torch.no_grad():
        logits = digits_lstm.eval()(torch.from_numpy(part.inputs))
        loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(part.labels))
    assert curve.mean_loss[0] == pytest.approx(float(loss), rel=1e-5)


def test_area_is_the_trapezoidal_mean(curve):
    heights = (curve.accuracy[1:] + curve.accuracy[:-1]) / 2
    assert curve.area == pytest.approx(heights.mean())  # sizes are equally spaced


def test_area_of_one_size_is_the_accuracy(linear, walks):
    curve = robustness_curve(linear(), walks(20), "fgsm", [0.3])
    assert curve.area == curve.accuracy[0]


def test_a_list_of_zero_alone_is_the_clean_accuracy(linear, walks):
    curve = robustness_curve(linear(), walks(20), epsilons=[0])
    assert curve.accuracy.tolist() == [curve.clean_accuracy]
    assert set(curve.thresholds) <= {0.0, np.inf}


def test_zero_need_not_be_on_the_list(linear, walks):
    with_zero, without = (
        robustness_curve(linear(), walks(30), epsilons=sizes, iterations=5, checks=False)
        for sizes in ([0, 0.2, 0.4], [0.2, 0.4])
    )
    np.testing.assert_array_equal(with_zero.accuracy[1:], without.accuracy)
    np.testing.assert_array_equal(with_zero.thresholds, without.thresholds)
    assert without.clean_accuracy == with_zero.clean_accuracy


def test_raw_units_are_scaled_by_the_deviation(linear, walks):
    data = walks(60)  # of deviations 2 and 0.5
    model = linear()
    std, raw = (
        robustness_curve(model, data, "sign", [0.3], units=units, checks=False)
        for units in ("std", "raw")
    )
    assert raw.units == "raw"
    assert raw.mean_loss != std.mean_loss


def test_a_threat_says_where(linear, walks):
    data, model = walks(60), linear()
    first = Threat(norm="l2", steps=np.arange(8) < 1)
    masked = robustness_curve(model, data, epsilons=[2.0], threat=first, iterations=5, checks=False)
    free = robustness_curve(model, data, epsilons=[2.0], norm="l2", iterations=5, checks=False)
    assert masked.norm == "l2"
    assert masked.accuracy[0] > free.accuracy[0]


@pytest.mark.parametrize(
    ("weak", "strong"),
    [({"iterations": 1}, {"iterations": 15}), ({"restarts": 1}, {"restarts": 8})],
)
def test_steps_and_restarts_are_used(digits_lstm, digits, weak, strong):
    a, b = (
        robustness_curve(
            digits_lstm, digits.test, epsilons=[0.25], samples=60, checks=False,
            **{"iterations": 2, "restarts": 1, **effort},
        )
        for effort in (weak, strong)
    )  # fmt: skip
    assert b.accuracy[0] < a.accuracy[0]


def test_samples_are_chosen_by_the_seed(digits_lstm, digits):
    def losses(seed, samples=40):
        curve = robustness_curve(
            digits_lstm, digits.test, "fgsm", [0.0], samples=samples, seed=seed
        )
        return curve.n, curve.mean_loss[0]

    assert losses(0) == losses(0)
    assert losses(0) != losses(1)
    assert losses(0, 10**6)[0] == len(digits.test)


def test_the_seed_draws_the_noise(digits_lstm, digits):
    a, b, c = (
        robustness_curve(digits_lstm, digits.test, "sign", [0.5], seed=seed).mean_loss[0]
        for seed in (0, 0, 1)
    )
    assert a == b != c


def test_noise_is_drawn_apart_in_each_batch(linear, walks, monkeypatch):
    twins = walks(1).subset(np.zeros(4, int))
    monkeypatch.setitem(victim.BATCH, "cpu", 2)
    curve = robustness_curve(linear(), twins, "gaussian", [0.5])
    monkeypatch.setitem(victim.BATCH, "cpu", 4)
    whole = robustness_curve(linear(), twins, "gaussian", [0.5])
    assert curve.mean_loss != whole.mean_loss


def test_the_model_is_left_as_it_was(digits):
    model = rnnspec.SequenceClassifier("gru", 8, 10, hidden=4).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    robustness_curve(model, digits.test, epsilons=[0.1], samples=10, iterations=2)
    assert model.training
    assert all(weight.requires_grad and weight.grad is None for weight in model.parameters())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_it_saves_loads_and_is_strict_json(curve, tmp_path):
    curve.save(tmp_path / "c.npz")
    again = RobustnessCurve.load(tmp_path / "c.npz")
    for field in fields(curve):
        np.testing.assert_array_equal(getattr(again, field.name), getattr(curve, field.name))
        assert type(getattr(again, field.name)) is type(getattr(curve, field.name))
    record = json.loads(json.dumps(curve.to_dict(), allow_nan=False))
    assert record["thresholds"].count("inf") == np.isinf(curve.thresholds).sum() > 0
    assert [row["accuracy"] for row in record["results"]] == curve.accuracy.tolist()
    promised = "target attack norm epsilon accuracy ci_low ci_high max_perturbation seconds"
    assert all(set(promised.split()) <= set(row) for row in record["results"])
    assert record["area"] == curve.area
    curve.to_csv(tmp_path / "c.csv")
    lines = (tmp_path / "c.csv").read_text().splitlines()
    assert lines[0].startswith("target,attack,norm,epsilon,accuracy")
    assert len(lines) == 1 + len(curve.epsilons)


def test_a_file_without_a_field_is_refused(tmp_path):
    np.savez(tmp_path / "c.npz", target="input")
    with pytest.raises(ValueError, match="RobustnessCurve.save wrote, got .* without attack, norm"):
        RobustnessCurve.load(tmp_path / "c.npz")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"epsilons": [0.1, -0.1]}, "`epsilons` must be a finite number >= 0, got -0.1"),
        ({"epsilons": [0.1, np.nan]}, "`epsilons` must be a finite number >= 0, got nan"),
        ({"epsilons": [0.1, np.inf]}, "`epsilons` must be a finite number >= 0, got inf"),
        ({"epsilons": [0.2, 0.1]}, "`epsilons` must increase, got 0.1 after 0.2"),
        ({"epsilons": [0.1, 0.1]}, "`epsilons` must increase, got 0.1 after 0.1"),
        ({"epsilons": []}, r"`epsilons` must be a list of sizes, got an array of shape \(0,\)"),
        ({"attack": "pdg"}, "`attack` must be one of pgd, apgd, square, fgsm, .*, got 'pdg'"),
        ({"norm": "spectral"}, "`norm` must be one of linf, l2, got 'spectral'"),
        ({"target": "weights"}, "`target` must be one of input, state, got 'weights'"),
        ({"target": "state"}, "`target` must be 'input' for this model"),
        ({"units": "volts"}, "`units` must be one of std, raw"),
        ({"threat": Threat(), "norm": "l2"}, "`threat` holds target, norm and units"),
        ({"iterations": 0}, "`iterations` must be an integer of at least 1, got 0"),
        (
            {"attack": "sign", "iterations": -5},
            "`iterations` must be an integer of at least 1, got -5",
        ),
        ({"restarts": 1.5}, "`restarts` must be an integer of at least 1, got 1.5"),
        ({"samples": 0}, "`samples` must be an integer of at least 1, got 0"),
        ({"samples": True}, "`samples` must be an integer of at least 1, got True"),
        ({"seed": -1}, "`seed` must be an integer from 0"),
        ({"data": "digits"}, r"`data` must be a SequenceDataset, got str .*\.test"),
    ],
)
def test_bad_arguments_are_refused(linear, walks, changed, message):
    with pytest.raises(ValueError, match=message):
        robustness_curve(**{"model": linear(), "data": walks(9), **changed})


def test_no_sequence_is_refused(linear, walks):
    with pytest.raises(ValueError, match="`data` must hold at least one sequence"):
        robustness_curve(linear(), walks(9).subset([]))
