"""What logits decide: by themselves, and in every attack."""

import json

import numpy as np
import pytest
import torch
from torch import nan, nn

import rnnspec
from rnnspec import SanityWarning, Threat, minimal_perturbations, robustness_curve, under_attack
from rnnspec.data.sequences import SequenceDataset
from rnnspec.robustness.attacks.apgd import apgd
from rnnspec.robustness.attacks.bisection import bisection
from rnnspec.robustness.attacks.deepfool import deepfool
from rnnspec.robustness.attacks.fmn import fmn
from rnnspec.robustness.attacks.pgd import pgd
from rnnspec.robustness.decision import (
    decisive,
    excess,
    is_undecided,
    logit_difference,
    magnitude,
    wrong,
)

inf = torch.inf
# logits, label, whether they are right, and the excess
CASES = [
    ([3.0, 1.0, -2.0], 0, True, -2.0),
    ([3.0, 1.0, -2.0], 1, False, 2.0),
    ([1.0, 1.0, 0.0], 0, True, 0.0),
    ([1.0, 1.0, 0.0], 1, False, 0.0),
    ([1.0, -inf, 0.5], 0, True, -0.5),
    ([1.0, -inf, 0.5], 1, False, inf),
    ([1.0, -inf, -inf], 0, True, -inf),
    ([nan, 1.0, 0.0], 0, False, inf),
    ([0.0, nan, 0.0], 0, False, inf),
    ([inf, 1.0, 0.0], 0, False, inf),
    ([0.0, inf, 0.0], 0, False, inf),
    ([-inf, -inf, -inf], 0, False, inf),
    ([inf, -inf, 0.0], 1, False, inf),
]


@pytest.mark.parametrize(("logits", "label", "is_right", "expected"), CASES)
def test_masked_classes_lose_and_no_numbers_decide_nothing(logits, label, is_right, expected):
    logits, label = torch.tensor([logits]), torch.tensor([label])
    assert wrong(logits, label).tolist() == [not is_right]
    assert excess(logits, label).tolist() == [expected]
    if not is_undecided(logits).any():
        assert wrong(logits, label) == (logits.argmax(1) != label)


def test_the_magnitude_is_that_of_the_two_logits_that_decide():
    logits = torch.tensor([[4.0, 8.0, -1e9], [-16.0, -17.0, -inf], [1.0, -2.0, -1e9]])
    labels = torch.tensor([0, 0, 0])
    assert magnitude(logits, labels).tolist() == [8, 17, 2]
    assert magnitude(logits[:, ::2], torch.tensor([0, 0, 0])).tolist() == [1e9, 16, 1e9]


def test_the_loss_keeps_its_slope_beside_a_masked_class():
    logits = torch.tensor([[1.0, -inf, 0.5]], requires_grad=True)
    logit_difference(logits, torch.tensor([0])).sum().backward()
    assert logits.grad.tolist() == [[-1, 0, 1]]


def test_logits_that_decide_are_passed_on():
    logits = torch.tensor([[1.0, -inf], [0.0, 2.0]])
    assert decisive(logits) is logits


@pytest.mark.parametrize("bad", [nan, inf])
def test_those_that_do_not_are_counted_and_named(bad):
    logits = torch.zeros(40, 2)
    logits[[3, 7], 1] = bad
    with pytest.raises(ValueError, match=r"for 2 of 40 sequences, those at 3, 7 \(weights or inp"):
        decisive(logits)
    logits[10:] = -inf
    with pytest.raises(ValueError, match=r"for 32 of 40 sequences, those at 3, 7, 10, 11, 12, ..."):
        decisive(logits)


# The same in the attacks, on logits -+ sum x, whose boundary lies at |sum x| / |1|_q.


class Sums(nn.Module):
    def __init__(self, third=-10.0, offset=0.0):
        super().__init__()
        self.third, self.offset = third, offset

    def forward(self, x):
        z = x.sum((1, 2))
        return torch.stack([-z, z, torch.full_like(z, self.third)], 1) + self.offset


class Fails(Sums):
    """No answer beyond a limit of the largest input."""

    def __init__(self, limit, answer=nan):
        super().__init__()
        self.limit, self.answer = limit, answer

    def forward(self, x):
        lost = x.abs().amax((1, 2)) > self.limit
        return torch.where(lost[:, None], self.answer, super().forward(x))


def points(n=30):
    X = np.random.default_rng(0).standard_normal((n, 5, 2))
    return SequenceDataset.from_raw(X, np.full(n, 5), X.sum((1, 2)) > 0, ("-", "+", "third"))


def distances(data, norm):
    sums = np.abs(data.inputs.astype(float).sum((1, 2)))
    return sums / (np.sqrt(10) if norm == "l2" else 10)


@pytest.mark.parametrize("attack", ["deepfool", "fmn", "bisection"])
@pytest.mark.parametrize("norm", ["l2", "linf"])
@pytest.mark.parametrize("third", [-10.0, -1e4, -1e9, -inf])
def test_a_class_that_is_never_chosen_does_not_move_the_boundary(attack, norm, third):
    data = points()
    r = minimal_perturbations(Sums(third), data, attack, norm=norm).r
    np.testing.assert_allclose(r, distances(data, norm), rtol=2e-4)


@pytest.mark.parametrize("attack", ["deepfool", "fmn", "bisection"])
@pytest.mark.parametrize("offset", [1e4, 1e5, -1e5])
def test_a_common_offset_leaves_what_the_logits_still_tell_apart(attack, offset):
    data = points()
    r = minimal_perturbations(Sums(offset=offset), data, attack).r
    spacing = float(np.spacing(np.float32(abs(offset))))
    # Of 2 |sum x|; to 5 % where the overshoot ends on a plateau of equal logits.
    rounding = 2 * spacing / (2 * np.sqrt(10))
    np.testing.assert_allclose(r, distances(data, "l2"), rtol=0.02, atol=rounding)


@pytest.mark.parametrize("attack", ["pgd", "apgd", "square", "fgsm", "sign"])
@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_a_masked_class_changes_no_curve(attack, norm):
    epsilons, data = [0, 0.1, 0.3, 1.0], points()
    masked, plain = (
        robustness_curve(Sums(third), data, attack, epsilons, norm=norm, iterations=8)
        for third in (-inf, -1e3)
    )
    assert masked.accuracy.tolist() == plain.accuracy.tolist()
    assert masked.mean_loss == pytest.approx(plain.mean_loss, rel=1e-5)
    assert np.isfinite(masked.mean_loss).all()


def test_with_every_other_class_masked_nothing_is_found():
    class Alone(Sums):
        def forward(self, x):
            return super().forward(x).masked_fill(torch.tensor([False, True, True]), -inf)

    data = points().subset(np.flatnonzero(points().labels == 0))
    for attack in ("deepfool", "fmn", "bisection"):
        assert np.isinf(minimal_perturbations(Alone(), data, attack).r).all()
    curve = robustness_curve(Alone(), data, "pgd", [0, 1], iterations=4, checks=False)
    assert curve.accuracy.tolist() == [1, 1]


def test_a_label_that_is_masked_is_wrong_and_its_loss_infinite():
    class Masked(Sums):
        def forward(self, x):
            return super().forward(x).masked_fill(torch.tensor([True, False, False]), -inf)

    data = points()
    curve = robustness_curve(Masked(), data, "pgd", [0, 0.1], iterations=4, checks=False)
    assert curve.clean_accuracy == (data.labels == 1).mean()
    assert curve.to_dict()["results"][0]["mean_loss"] == "inf"
    json.dumps(curve.to_dict(), allow_nan=False)


@pytest.mark.parametrize("attack", ["deepfool", "fmn", "bisection"])
@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_a_tie_is_a_perturbation_of_size_0(attack, norm):
    def tied(rows, x):
        names = ("a", "b", "c")[: len(rows)]
        x = np.asarray(x, np.float32)[:, None]
        data = SequenceDataset.from_raw(x, np.ones(len(x)), np.zeros(len(x)), names)
        model = nn.Sequential(nn.Flatten(), nn.Linear(2, len(rows), bias=False))
        model[1].weight.data = torch.tensor(rows)
        return minimal_perturbations(model, data, attack, norm=norm)

    rows = [[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]]
    found = tied(rows[:2], [[1, 1], [1, 2]])
    assert found.r.tolist() == [0, 0]
    assert found.clean_correct.tolist() == [True, False]
    assert found.success_rate == 1
    near = tied(rows, [[1, 1], [1 + 1e-6, 1]])
    assert near.r[0] == 0
    # 1 + 1e-6 is 8 spacings above 1 in float32; to half a spacing of each input.
    half = 4 * float(np.spacing(np.float32(1)))
    assert near.r[1] == pytest.approx(half * (2**0.5 if norm == "l2" else 1), rel=0.15)
    assert near.success_rate == 1


@pytest.mark.parametrize("answer", [nan, inf])
@pytest.mark.parametrize("attack", ["pgd", "square", "sign"])
def test_no_answer_to_clean_sequences_is_refused(attack, answer):
    data = points()
    lost = np.flatnonzero(np.abs(data.inputs).max((1, 2)) > 2)
    says = f"for {len(lost)} of 30 sequences, those at {lost[0]}, {lost[1]}, "
    with pytest.raises(ValueError, match=says):
        robustness_curve(Fails(2, answer), data, attack, [0, 0.1])
    with pytest.raises(ValueError, match=says):
        minimal_perturbations(Fails(2, answer), data)


@pytest.mark.parametrize("answer", [nan, inf, -inf])
@pytest.mark.parametrize("attack", ["pgd", "apgd", "square", "sign"])
def test_no_answer_under_attack_is_wrong_and_said(attack, answer):
    # 5 is beyond every clean value, and within 3 of all.
    model, data = Fails(5, answer), points()
    big = np.abs(data.inputs).max((1, 2))
    with pytest.warns(SanityWarning, match=r"of 30 sequences become NaN or infinite under pert"):
        curve = robustness_curve(model, data, attack, [0, 6], iterations=4, checks=False)
    assert big.max() < 5
    assert curve.accuracy.tolist() == [1, 0]
    assert np.isinf(curve.mean_loss[1])
    json.dumps(curve.to_dict(), allow_nan=False)


@pytest.mark.parametrize("attack", ["deepfool", "fmn", "bisection"])
def test_the_smallest_way_to_no_answer_is_found_too(attack):
    class Gap(Sums):
        def forward(self, x):  # no answer long before the boundary at 0
            z = x.sum((1, 2))
            return torch.where((z.abs() < 1)[:, None], nan, super().forward(x))

    data = points(60)
    data = data.subset(np.flatnonzero(np.abs(data.inputs.astype(float).sum((1, 2))) > 2))
    with pytest.warns(SanityWarning, match="sequences become NaN or infinite under perturbation"):
        found = minimal_perturbations(Gap(), data, attack)
    edge = distances(data, "l2") - 1 / np.sqrt(10)
    assert (found.r >= edge * (1 - 1e-5)).all()
    assert np.median(found.r / edge) < 1.02
    assert found.success_rate == 1


def test_weights_that_overflow_are_wrong_and_said():
    class Unbounded(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn, self.readout = nn.RNN(2, 4, nonlinearity="relu"), nn.Linear(4, 3)

        def forward(self, x):
            return self.readout(self.rnn(x.transpose(0, 1))[0][-1])

    torch.manual_seed(0)
    model, data = Unbounded(), points()
    with pytest.warns(SanityWarning, match="of 30 sequences become NaN or infinite"):
        (moved,) = rnnspec.weight_robustness(model, data, "random", [1e30])
    assert moved.n_correct < 30
    with torch.no_grad():
        model.readout.weight.fill_(nan)
    with pytest.raises(ValueError, match="for 30 of 30 sequences"):
        rnnspec.weight_robustness(model, data, "random", [0.0])


@pytest.mark.parametrize("attack", [pgd, apgd, deepfool, fmn, bisection])
def test_a_slope_that_is_no_number_spoils_no_attack(attack):
    class Root(Sums):
        def forward(self, x):  # the root of 0 has an infinite slope, times 0
            return super().forward(x) + (0 * x[:, :1, 0]).abs().sqrt()

    with under_attack(Root(), points(), Threat(norm="l2")) as victim:
        arguments = (3.0,) if attack in (pgd, apgd) else ()
        u = attack(victim, *arguments)
        assert u.isfinite().all()
        assert victim.is_fooled(u).any()


@pytest.mark.parametrize("attack", [deepfool, fmn, bisection])
def test_logits_that_forget_their_input_are_refused(attack):
    class Forgets(nn.Module):
        def forward(self, x):
            return x.detach().sum((1, 2))[:, None] * torch.arange(3.0, requires_grad=True)

    with under_attack(Forgets(), points()) as victim:
        with pytest.raises(ValueError, match="`model` must be differentiable"):
            attack(victim)
