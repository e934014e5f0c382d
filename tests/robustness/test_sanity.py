"""Signs of a weak attack: each is provoked on purpose, and a sound attack shows none."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from rnnspec import SanityWarning
from rnnspec.data.sequences import SequenceDataset
from rnnspec.robustness.curve import robustness_curve
from rnnspec.robustness.minimal import minimal_perturbations
from rnnspec.robustness.sanity import (
    accuracy_rises,
    black_box_beats_white_box,
    gradient_vanishes,
    more_iterations_hurt,
    noise_beats_gradient,
    unbounded_attack_fails,
)


class Margin(nn.Module):
    """Logits (0, -margin(x)) of the first value x of a sequence: class 0 while it is above 0."""

    def __init__(self, margin):
        super().__init__()
        self.margin = margin

    def forward(self, inputs):
        margin = self.margin(inputs[:, 0])
        return torch.cat([0 * margin, -margin], dim=1)


class Rounded(torch.autograd.Function):
    """Steps of 0.1 forwards, and backwards a gradient that says the opposite of the truth."""

    @staticmethod
    def forward(ctx, x):  # noqa: ARG004
        return torch.round(10 * x) / 10

    @staticmethod
    def backward(ctx, gradient):  # noqa: ARG004
        return -gradient


@pytest.fixture
def points():
    """Sequences of one value near 0, all of class 0."""
    values = np.linspace(-0.02, 0.02, 40)[:, None, None]
    return SequenceDataset.from_raw(values, np.ones(40), np.zeros(40), ("low", "high"))


def warnings_of(model, data, attack="pgd", epsilons=(0.5, 1.0), **options):
    with pytest.warns(SanityWarning) as caught:
        curve = robustness_curve(model, data, attack, epsilons, **options)
    assert tuple(str(one.message) for one in caught) == curve.warnings
    return " | ".join(curve.warnings)


def test_a_sound_attack_on_a_trained_network_is_not_warned_of(digits_lstm, digits):
    for norm, sizes in (("linf", [0, 0.1, 0.2, 0.3]), ("l2", [0, 0.5, 1.0, 1.5])):
        curve = robustness_curve(digits_lstm, digits.test, epsilons=sizes, norm=norm, samples=50)
        assert curve.warnings == ()


def test_saturated_logits_have_no_gradient(digits_lstm, digits):
    class Saturated(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = digits_lstm

        def forward(self, inputs, lengths):
            return 1e4 * self.inner(inputs, lengths)

    said = warnings_of(Saturated(), digits.test, epsilons=[0.2, 0.4], samples=60, restarts=1)
    assert "the gradient of the loss is exactly zero for" in said
    assert "an attack without gradients fools" in said


@pytest.mark.parametrize("attack", ["deepfool", "fmn", "bisection"])
def test_where_nothing_is_found_for_want_of_a_gradient_minimal_perturbations_say_so(attack, points):
    model = Margin(lambda x: torch.tanh(1e5 * x))
    with pytest.warns(SanityWarning, match="gradient of the loss is exactly zero for 20 of 20"):
        found = minimal_perturbations(model, points, attack)
    assert found.success_rate == 0


def test_one_step_without_a_gradient_says_so(points):
    said = warnings_of(Margin(lambda x: torch.tanh(1e5 * x)), points, "fgsm")
    assert "the gradient of the loss is exactly zero for 20 of 20 sequences" in said


def test_a_gradient_that_points_away_loses_to_noise_and_to_a_black_box(points):
    model = Margin(lambda x: (Rounded.apply(x) - 0.85).abs() - 0.45)
    said = warnings_of(model, points, epsilons=[0.6, 1.2], restarts=1)
    assert "random noise fools" in said
    assert "masked" in said
    assert "an attack without a bound leaves" in said


def test_more_steps_into_a_local_peak_hurt(points):
    # The margin is lowest at 0.2 among the positive ones, and negative from 0.35 on: steps of
    # 0.06 swing about 0.2, those of the shorter run, 0.25, may swing beyond 0.35.
    def margin(x):
        return torch.where(x > 0.35, -1.0 + 0 * x, 1.0 + (x - 0.2).abs())

    said = warnings_of(Margin(margin), points, iterations=40, restarts=5, epsilons=[1.0])
    assert "fewer iterations of the attack need a smaller epsilon" in said


def test_an_attack_that_cannot_move_anything_does_not_reach_chance(points):
    frozen = Margin(lambda x: 1.0 + 1e-30 * x)
    said = warnings_of(frozen, points, restarts=1)
    assert "an attack without a bound leaves 24 of 24 sequences right, above chance (0.500)" in said


def test_fgsm_that_overshoots_gains_accuracy(points):
    model = Margin(lambda x: (x - 0.5).abs() - 0.3)  # fooled from 0.2 to 0.8 only
    said = warnings_of(model, points, "fgsm", [0.5, 1.5])
    assert "accuracy rises from 0.000 at epsilon 0.5 to 1.000 at 1.5" in said


def test_a_rise_is_seen_even_if_accuracy_falls_lower_later():
    said = accuracy_rises([0.1, 0.2, 0.3, 0.4], [0.9, 0.2, 0.8, 0.1], [0.95, 0.3, 0.9, 0.2])
    assert "rises from 0.200 at epsilon 0.2 to 0.800 at 0.3" in said


def test_without_checks_nothing_is_said(points):
    model = Margin(lambda x: (x - 0.5).abs() - 0.3)
    assert robustness_curve(model, points, "fgsm", [0.5, 1.5], checks=False).warnings == ()


def test_an_initial_state_need_not_reach_chance(digits):
    import rnnspec

    model = rnnspec.SequenceClassifier("gru", 8, 10, hidden=4)
    with torch.no_grad():  # the state is forgotten at once: update gate open, reset closed
        model.recurrent.bias_ih_l0[:8] = -50
        labels = model(torch.from_numpy(digits.test.inputs)).argmax(1).numpy()
    data = replace(digits.test, labels=labels)  # all right at first, and for good
    said = warnings_of(model, data, epsilons=[0.5], target="state", samples=20, restarts=1)
    assert "the gradient of the loss is exactly zero for 20 of 20" in said
    assert "without a bound" not in said


def test_without_a_bound_each_value_moves_far_in_either_norm():
    data = SequenceDataset.from_raw(np.zeros((40, 36, 1)), [36] * 40, [0] * 40, ("low", "high"))

    class Mean(nn.Module):
        def forward(self, inputs):
            margin = 10 - inputs.mean(1)
            return torch.cat([0 * margin, -margin], dim=1)

    for norm in ("linf", "l2"):
        curve = robustness_curve(Mean(), data, epsilons=[1.0], norm=norm, restarts=1)
        assert curve.warnings == ()


def test_there_is_no_noise_below_the_smallest_size():
    class Lengths(Margin):
        def forward(self, inputs, lengths):
            assert lengths.min() > 0  # of no sequence there is no least
            return super().forward(inputs)

    data = SequenceDataset.from_raw([[[1.0]], [[2.0]]], [1, 1], [0, 0], ("first", "second"))
    curve = robustness_curve(Lengths(lambda x: x), data, epsilons=[30.0, 60.0])
    assert (curve.accuracy.tolist(), curve.warnings) == ([0, 0], ())


inf = np.inf


@pytest.mark.parametrize(
    ("found", "quiet"),
    [
        (lambda s: accuracy_rises([1, 2, 3], [0.9, 0.2, 0.2 + s], [0.95, 0.3, 0.5]), 0.05),
        (lambda s: noise_beats_gradient([inf] * 10, [inf] * (10 - s) + [0.1] * s), 0),
        (lambda s: black_box_beats_white_box([inf] * 10, [inf] * (10 - s) + [0.1] * s), 0),
        (lambda s: more_iterations_hurt([inf] * 9 + [0.1], [0.1] * s + [inf] * (10 - s)), 1),
        (lambda s: unbounded_attack_fails(40 - 10 * s, 40, 10), 0),
        (lambda s: gradient_vanishes(s, 10), 0),
    ],
)
def test_each_check_speaks_only_when_there_is_something(found, quiet):
    assert found(quiet) is None
    assert len(found(quiet + 2)) > 50


def test_curves_of_other_sequences_cannot_be_compared():
    with pytest.raises(ValueError, match="must be of the same sequences, got 1 and 2"):
        more_iterations_hurt([0.1, 0.2], [0.1])
