from types import SimpleNamespace

import pytest
import torch

from rnnspec import Threat, under_attack
from rnnspec.robustness.attacks.apgd import AutoAscent, apgd, checkpoints
from rnnspec.robustness.attacks.fgsm import fgsm
from rnnspec.robustness.attacks.pgd import pgd
from rnnspec.robustness.budget import Budget, sizes
from rnnspec.robustness.decision import cross_entropy, logit_difference


def test_the_checkpoints_of_the_paper():
    assert checkpoints(100) == [22, 41, 57, 70, 80, 87, 93, 99]
    assert checkpoints(1) == [1] * 8
    assert checkpoints(50)[:3] == [11, 21, 29]


def climb(lengths):
    """Rows on a line without bounds, and lengths of their updates."""
    u = torch.zeros(len(lengths), 1, 1)
    free = torch.full_like(u, torch.inf)
    anything = SimpleNamespace(budget=Budget("linf", -free, free))
    return AutoAscent(100, anything, u, torch.tensor([9.0]), torch.tensor(lengths), None)


def test_a_step_that_pays_stays_and_one_that_does_not_is_halved():
    path = climb([1.0, 1.0])
    for k, losses in enumerate([[0.0, 0.0], [1.0, 1.0], [2.0, -1.0], [3.0, 0.5], [4.0, 0.8]]):
        path.u = torch.full((2, 1, 1), float(k))
        path.note(torch.tensor(losses), path.u + 10)
    path.reconsider(4)
    # 4 of 4 rises; 3 of 4 is 75 %, and pays.
    assert path.length.tolist() == [1.0, 1.0]
    path.note(torch.tensor([5.0, 0.9]), path.u)
    path.note(torch.tensor([6.0, 0.7]), path.u)
    path.reconsider(2)
    assert path.length.tolist() == [1.0, 0.5]


def test_a_halved_step_goes_on_from_the_best_place():
    path = climb([1.0])
    for k, loss in enumerate([0.0, 5.0, 4.0, 3.0]):
        path.u = torch.full((1, 1, 1), float(k))
        path.note(torch.tensor([loss]), path.u + 10)
    path.reconsider(3)
    assert (path.u.item(), path.gradient.item(), path.losses.item()) == (1.0, 11.0, 5.0)
    assert path.length.item() == 0.5


def test_a_best_loss_that_stands_still_halves_the_step_every_second_time():
    # Rises without a new height: the second condition of the algorithm.
    path = climb([1.0])
    path.note(torch.tensor([9.0]), path.u)
    lengths = []
    for _ in range(4):
        for loss in (1.0, 2.0, 3.0, 4.0):
            path.note(torch.tensor([loss]), path.u)
        path.losses = torch.tensor([0.0])
        path.rises = torch.tensor([4.0])
        path.reconsider(4)
        lengths.append(path.length.item())
    assert lengths == [1.0, 0.5, 0.5, 0.25]


def test_a_quarter_of_the_last_move_goes_on():
    path = climb([1.0])
    path.u, path.gradient = torch.full((1, 1, 1), 2.0), torch.ones(1, 1, 1)
    path.move(0.25)
    assert (path.u.item(), path.previous.item()) == (2 + 0.75 * 1 + 0.25 * 2, 2)


def test_the_first_update_has_no_inertia():
    path = climb([1.0])
    for k in range(2):
        path.update(k, torch.zeros(1), torch.ones(1, 1, 1))
    assert path.u.item() == 1 + 0.75 * 1 + 0.25 * 1


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_it_is_no_weaker_than_pgd_of_as_many_steps(digits, digits_lstm, norm):
    epsilon = {"linf": 0.2, "l2": 1.0}[norm]
    with under_attack(digits_lstm, digits.test, Threat(norm=norm)) as victim:
        rates = [
            victim.is_fooled(u).double().mean()
            for u in (
                fgsm(victim, epsilon),
                pgd(victim, epsilon),
                apgd(victim, epsilon, iterations=40),
            )
        ]
    assert rates[0] < rates[2]
    assert rates[1] <= rates[2] + 0.01
    assert 0.2 < rates[2] < 0.9


@pytest.mark.parametrize(
    "change",
    [
        {"iterations": 9},
        {"restarts": 2},
        {"loss": "logit_difference"},
        {"targets": torch.arange(20) % 10},
        {"start": torch.full((20, 8, 8), 0.1)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_option_changes_something(digits, digits_lstm, change):
    with under_attack(digits_lstm, digits.test.subset(range(20))) as victim:
        plain = {"epsilon": 0.1, "iterations": 10}
        assert not torch.equal(apgd(victim, **plain), apgd(victim, **plain | change))


@pytest.mark.parametrize("loss", [cross_entropy, logit_difference])
def test_those_not_fooled_end_at_the_highest_loss_of_all_runs(digits, digits_lstm, loss):
    with under_attack(digits_lstm, digits.test.subset(range(60))) as victim:
        ends = []
        for restarts in (1, 4):
            u = apgd(victim, 0.1, iterations=20, restarts=restarts, loss=loss.__name__)
            ends.append(loss(victim.logits(u), victim.labels))
            left = ~victim.is_fooled(u)
        assert (ends[1][left] >= ends[0][left] - 1e-5).all()
        assert (ends[1][left] > ends[0][left] + 1e-4).any()


def test_a_network_that_is_very_sure_hides_from_cross_entropy_only(digits, digits_lstm):
    # Logits times 1e4: float32 rounds the gradient of the cross-entropy to 0.
    class Sure(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = digits_lstm

        def forward(self, inputs, lengths):
            return 1e4 * self.model(inputs, lengths)

    with under_attack(Sure(), digits.test.subset(range(60))) as victim:
        hidden, seen = (
            victim.is_fooled(apgd(victim, 0.3, iterations=20, loss=loss)).double().mean()
            for loss in ("cross_entropy", "logit_difference")
        )
        size = sizes(apgd(victim, 0.3, iterations=20, loss="logit_difference"), "linf")
    assert seen > 0.5
    assert hidden < seen - 0.2
    assert size.max() <= 0.3 * (1 + 1e-6)
