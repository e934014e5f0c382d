"""One search for a whole list of sizes: against closed forms, and one attack per size."""

import numpy as np
import pytest
import torch

from rnnspec.robustness import thresholds
from rnnspec.robustness import victim as victims
from rnnspec.robustness.access import under_attack
from rnnspec.robustness.attacks.apgd import apgd
from rnnspec.robustness.attacks.pgd import pgd
from rnnspec.robustness.attacks.square import square
from rnnspec.robustness.threat import Threat
from rnnspec.robustness.thresholds import Thresholds

EPSILONS = [0.1, 0.2, 0.4, 0.8, 1.6]


class Recorder:
    """An attempt that writes down what it was asked for, and what came of it."""

    def __init__(self):
        self.calls = []

    def __call__(self, victim, epsilon, iterations, seed, start=None):
        u = pgd(victim, epsilon, iterations=iterations, start=start, seed=seed)
        self.calls.append((victim.inputs, epsilon, iterations, start, seed, victim.is_fooled(u)))
        return u


def search(victim, epsilons=EPSILONS, attack=pgd, iterations=20, restarts=2, seed=0):
    return Thresholds(
        victim,
        epsilons,
        attack,
        iterations=iterations,
        restarts=restarts,
        warm=attack is not square,
        seed=seed,
    ).find()


def expected(radii):
    """Position of the first size beyond each radius; -1 where it is 0."""
    found = torch.bucketize(radii, torch.tensor(EPSILONS, dtype=radii.dtype))
    return torch.where(radii == 0, -1, found)


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_two_classes_of_a_linear_model_give_the_closed_form(linear, walks, norm):
    data = walks(60).subset(np.arange(60) % 3 < 2)
    model = linear(classes=2)
    with under_attack(model, data, Threat(norm=norm)) as victim:
        found = search(victim)
    radii = model.radii(data, norm)
    sharp = (radii[:, None] / torch.tensor(EPSILONS) - 1).abs().amin(1) > 0.01
    assert sharp.sum() > 30
    assert torch.equal(found.first[sharp], expected(radii)[sharp])
    assert len(found.first.unique()) > 4


@pytest.mark.parametrize("attack", [pgd, apgd, square])
def test_witnesses_fool_within_their_size_and_prove_what_is_claimed(digits_lstm, digits, attack):
    epsilons = [0.1, 0.2, 0.3]
    data = digits.test.subset(np.arange(40))
    with under_attack(digits_lstm, data) as victim:
        found = search(victim, epsilons, attack, iterations=40, restarts=1)
        sizes = torch.tensor([0.0, *epsilons, torch.inf])[found.first + 1]
        broken = sizes < torch.inf
        assert torch.equal(victim.is_fooled(found.witness), broken)
        victim.budget.check(found.witness, sizes.clamp(max=1))
        assert (found.witness[found.first < 0] == 0).all()
    assert found.seconds.shape == (3,)
    assert (found.seconds >= 0).all()
    assert found.seconds.sum() > 0


def test_the_largest_loss_is_that_of_the_witness_where_there_is_one(digits_lstm, digits):
    epsilons = np.array([0.0, 0.05, 0.1, 0.2])
    with under_attack(digits_lstm, digits.test.subset(np.arange(60))) as victim:
        fooled, losses, _, _ = search(victim, epsilons[1:].tolist()).at_sizes(epsilons)
    assert fooled[-1].sum() > fooled[0].sum()
    assert (losses[fooled] >= np.log(2)).all()  # of a wrong class, p <= 1/2
    assert (losses.diff(dim=0) >= 0).all()
    assert (losses[-1] > 2 * losses[0])[~fooled[-1]].double().mean() > 0.9  # of what failed


def test_who_is_right_was_attacked_at_full_strength_just_below(digits_lstm, digits):
    record, iterations, restarts = Recorder(), 8, 3
    data = digits.test.subset(np.arange(50))
    with under_attack(digits_lstm, data) as victim:
        found = search(victim, EPSILONS[:4], record, iterations, restarts)
        inputs = victim.inputs
    given_up = torch.zeros(len(data), 4)
    for attacked, epsilon, asked, start, _, fooled in record.calls:
        if asked == iterations:
            assert start is None
            same = (attacked[:, None] == inputs).flatten(2).all(2)
            assert (same.sum(1) == 1).all()  # no two images are equal
            rows, at = same.int().argmax(1), torch.bucketize(epsilon, torch.tensor(EPSILONS[:4]))
            for i, j, won in zip(rows, at, fooled, strict=True):
                given_up[i, j] += not won
    for i, first in enumerate(found.first):
        if first > 0:
            assert given_up[i, first - 1] == restarts
            assert found.strength[i] == restarts


def test_random_starts_differ_from_run_to_run(digits_lstm, digits):
    record = Recorder()
    with under_attack(digits_lstm, digits.test.subset(np.arange(20))) as victim:
        search(victim, attack=record)
    seeds = [call[4] for call in record.calls]
    assert len(set(seeds)) == len(seeds)


def test_the_seed_decides_all_and_another_seed_something(digits_lstm, digits):
    with under_attack(digits_lstm, digits.test.subset(np.arange(30))) as victim:
        first, again, other = (search(victim, seed=seed, iterations=4) for seed in (3, 3, 4))
    assert torch.equal(first.strongest, again.strongest)
    assert torch.equal(first.first, again.first)
    assert not torch.equal(first.strongest, other.strongest)


@pytest.mark.parametrize("rows", [3, 7, 1000])
def test_the_size_of_a_batch_changes_no_answer_of_a_linear_model(linear, walks, rows, monkeypatch):
    data = walks(40).subset(np.arange(40) % 3 < 2)
    model = linear(classes=2)
    whole = []
    for batch in (512, rows):
        monkeypatch.setitem(victims.BATCH, "cpu", batch)
        monkeypatch.setitem(thresholds.FOLD, "cpu", batch)
        with under_attack(model, data) as victim:
            whole.append(search(victim).first)
    assert torch.equal(*whole)


def test_few_sequences_share_a_batch_with_their_restarts(digits_lstm, digits):
    record = Recorder()
    with under_attack(digits_lstm, digits.test.subset(np.arange(5))) as victim:
        search(victim, [0.05], record, iterations=4, restarts=6)
    full = [len(call[0]) for call in record.calls if call[2] == 4]
    assert full[0] > 5
    assert len(full) == 1


def test_a_whole_list_costs_less_than_a_run_per_size(digits_lstm, digits, gradients):
    """Gradients counted, not seconds."""
    epsilons, seen = np.linspace(0, 0.35, 8)[1:], gradients(digits_lstm)
    with under_attack(digits_lstm, digits.test.subset(np.arange(60))) as victim:
        found = search(victim, epsilons.tolist(), restarts=5)
        ours = sum(seen)
        separate = [
            victim.is_fooled(pgd(victim, float(e), iterations=20, restarts=5)) for e in epsilons
        ]
    assert 0 < ours < 0.4 * (sum(seen) - ours)
    for j, fooled in enumerate(separate):
        assert (found.first <= j).sum() >= fooled.sum() - 2


def test_no_size_above_zero_leaves_only_who_is_wrong_already(linear, walks):
    with under_attack(linear(), walks(30)) as victim:
        found = search(victim, [])
        assert torch.equal(found.first == -1, victim.is_fooled(victim.zeros()))
        assert not found.first.clamp(min=0).any()


def test_one_sequence_one_step_one_restart(linear, walks):
    data = walks(1)
    model = linear()
    radius = float(model.radii(data, "linf"))
    with under_attack(model, data) as victim:
        found = search(victim, [radius / 2, 2 * radius], iterations=1, restarts=1)
    assert found.first.tolist() == ([1] if radius else [-1])
