import numpy as np
import pytest
import torch

from rnnspec import SequenceClassifier, SequenceDataset, Threat, under_attack
from rnnspec.robustness.attacks.pgd import pgd
from rnnspec.robustness.attacks.square import Blocks, square
from rnnspec.robustness.budget import sizes
from rnnspec.robustness.decision import logit_difference

NORMS = ["linf", "l2"]


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


class Blind(torch.nn.Module):
    """The same classes as `model`, without a gradient."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, inputs, lengths):
        return self.model(inputs, lengths).detach()


@pytest.mark.parametrize("norm", NORMS)
def test_it_needs_no_gradient(digits, digits_lstm, norm):
    data, epsilon = digits.test.subset(range(40)), {"linf": 0.3, "l2": 1.5}[norm]
    with under_attack(digits_lstm, data, Threat(norm=norm)) as victim:
        open_eyed = square(victim, epsilon, iterations=100)
    with under_attack(Blind(digits_lstm), data, Threat(norm=norm)) as victim:
        u = square(victim, epsilon, iterations=100)
        assert torch.equal(u, open_eyed)
        assert (
            victim.is_fooled(u).double().mean() > victim.is_fooled(victim.zeros()).double().mean()
        )
        with pytest.raises(ValueError, match="`model` must be differentiable"):
            pgd(victim, epsilon)


@pytest.mark.parametrize(("norm", "share"), [("linf", 0.8), ("l2", 0.6)])
def test_it_comes_near_the_gradient_and_not_beyond(digits, digits_lstm, norm, share):
    data, epsilon = digits.test.subset(range(120)), {"linf": 0.25, "l2": 1.2}[norm]
    with under_attack(digits_lstm, data, Threat(norm=norm)) as victim:
        clean, black, white = (
            victim.is_fooled(u).double().mean()
            for u in (
                victim.zeros(),
                square(victim, epsilon, iterations=300),
                pgd(victim, epsilon, restarts=5),
            )
        )
    assert share * (white - clean) < black - clean <= white - clean


@pytest.mark.parametrize("norm", NORMS)
def test_two_linear_classes_fall_near_their_distance_and_never_within(walks, linear, norm):
    data = walks(30)
    data = SequenceDataset.from_raw(data.raw(), data.lengths, data.labels % 2, ("a", "b"))
    model = linear(classes=2)
    radii = model.radii(data, norm)
    with under_attack(model, data, Threat(norm=norm)) as victim:
        assert torch.equal(victim.is_fooled(square(victim, radii * 0.9999)), radii == 0)
        assert victim.is_fooled(square(victim, radii * 1.1)).double().mean() > 0.9


@pytest.mark.parametrize("norm", NORMS)
def test_more_queries_lower_the_margin_and_every_query_is_used(digits, digits_lstm, norm):
    with under_attack(digits_lstm, digits.test.subset(range(30)), Threat(norm=norm)) as victim:
        margins = [
            logit_difference(victim.logits(u), victim.labels).clamp_max(0).mean()
            for u in (square(victim, 0.1, iterations=iterations) for iterations in (1, 30, 300))
        ]
    assert margins[0] < margins[1] < margins[2]


@pytest.mark.parametrize("norm", NORMS)
def test_the_whole_budget_is_spent(walks, linear, norm):
    with under_attack(linear(), walks(30), Threat(norm=norm)) as victim:
        u = square(victim, 0.01, iterations=50)
        right = ~victim.is_fooled(victim.zeros())
        size = sizes(u, norm)
        assert size[right].numpy() == pytest.approx(0.01, rel=1e-9)
        assert not size[~right].any()


def test_of_the_linear_model_linf_finds_signs_that_grow_with_every_change(linear):
    # One channel: each query flips a block, so a lone step is settled by its flip.
    data = SequenceDataset.from_raw(np.zeros((1, 1, 1)), [1], [0], ("a", "b"))
    model = linear(classes=2, steps=1, features=1)
    with torch.no_grad():
        model.b[0] = model.b[1] + 1
        slope = (model.W[1] - model.W[0]).item()
    with under_attack(model, data) as victim:
        for seed in range(8):
            u = square(victim, 0.5 / abs(slope), iterations=2, seed=seed)
            assert np.sign(u.item()) == np.sign(slope)


@pytest.mark.parametrize("share", [0.8, 0.3, 0.05, 1e-4])
def test_a_block_is_a_rectangle_that_holds_its_center(generator, share):
    movable = torch.ones(500, 20, 6, dtype=torch.bool)
    inside, center = Blocks(movable, generator).draw(share)
    rows, columns = inside.any(2), inside.any(1)
    assert torch.equal(inside, rows[:, :, None] & columns[:, None, :])
    assert inside.flatten(1).gather(1, center[:, None]).all()
    for lines in (rows, columns):  # no gap inside: one run of True
        assert (torch.diff(lines.int(), prepend=torch.zeros(500, 1, dtype=torch.int32)) == 1).sum(
            1
        ).max() == 1
    area = inside.flatten(1).sum(1).max()
    assert abs(area - share * 120) <= max(0.15 * share * 120, 1)


def test_a_block_meets_what_may_move_and_nothing_else(generator):
    movable = torch.zeros(300, 9, 4, dtype=torch.bool)
    movable[:, 2], movable[:, 7] = True, True
    movable[100:, :, 3] = False
    blocks = Blocks(movable, generator)
    inside, center = blocks.draw(0.1)
    assert inside.flatten(1).any(1).all()
    assert not (inside & ~movable).any()
    # Every entry that may move is drawn as a center alike.
    drawn = torch.bincount(torch.cat([blocks.draw(0.1)[1][:100] for _ in range(40)]), minlength=36)
    assert torch.equal(drawn > 0, movable[0].flatten())
    assert (drawn[drawn > 0] - 500).abs().max() < 5 * np.sqrt(500)
    assert torch.equal(blocks[torch.tensor([5, 250])].movable, movable[[5, 250]])


def test_signs_are_fair_and_one_per_channel(generator):
    blocks = Blocks(torch.ones(400, 2, 3, 5, dtype=torch.bool), generator)
    signs = blocks.signs(torch.zeros(1, dtype=torch.float64))
    assert signs.shape == (400, 1, 1, 5)
    assert signs.dtype == torch.float64
    assert set(signs.unique().tolist()) == {-1, 1}
    assert abs(signs.sum()) < 5 * np.sqrt(2000)


def test_a_state_is_attacked_too(walks):
    model = SequenceClassifier("lstm", 2, 3, hidden=8)
    data = walks(30)
    with under_attack(model, data, Threat("state")) as victim:
        data = data.subset(~victim.is_fooled(victim.zeros()).numpy())
    with under_attack(model, data, Threat("state")) as victim:
        assert victim.is_fooled(square(victim, 5.0, iterations=100)).double().mean() > 0.5


def test_iterations_out_of_range_are_refused(walks, linear):
    with under_attack(linear(), walks(3)) as victim:
        with pytest.raises(
            ValueError, match="`iterations` must be an integer of at least 1, got 0"
        ):
            square(victim, 0.1, iterations=0)
        with pytest.raises(ValueError, match="`seed` must be an integer from 0"):
            square(victim, 0.1, seed=-1)
