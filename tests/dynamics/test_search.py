import numpy as np
import torch
from scipy.special import comb
from torch import nn

from rnnspec.dynamics import search
from rnnspec.dynamics.search import index_sum, midpoints, search_from
from rnnspec.models.layers import recurrent_cells

X = torch.zeros(1, 1).double()


def units(slope, k):
    """K units h = tanh(slope h) that do not know of one another: 3^k points for a slope above 1."""
    rnn = nn.RNN(1, k, bias=False).double()
    with torch.no_grad():
        rnn.weight_hh_l0.copy_(slope * torch.eye(k))
    return recurrent_cells(rnn)[0]


def starts(n, k):
    return torch.tensor(np.random.default_rng(0).uniform(-1, 1, (n, k)))


def test_every_start_is_counted_and_the_ends_come_by_speed():
    found = search_from(units(2.0, 3), X, starts(500, 3))
    assert len(found.states) == 27
    assert found.counts.sum() == 500
    assert (found.speeds.diff() >= 0).all()
    assert torch.equal(found.at_rest, found.speeds <= 1e-10)


def test_the_batches_change_nothing(monkeypatch):
    whole = search_from(units(2.0, 2), X, starts(300, 2))
    monkeypatch.setattr(search, "BATCH", 70)
    parts = search_from(units(2.0, 2), X, starts(300, 2))
    assert len(whole.states) == len(parts.states) == 9
    nearest = torch.cdist(whole.states, parts.states).argmin(1)
    torch.testing.assert_close(whole.states, parts.states[nearest], rtol=0, atol=1e-13)
    assert torch.equal(whole.counts, parts.counts[nearest])


def test_missing_points_are_looked_for_between_those_found():
    corners = torch.tensor([[i, j] for i in (-1.0, 1.0) for j in (-1.0, 1.0)]).double()
    found = search_from(units(2.0, 2), X, corners)
    assert len(found.states) == 9
    assert sorted(found.counts.tolist()) == [0] * 5 + [1] * 4


def test_a_sum_of_one_ends_the_search():
    """Two stable points and the saddle between them: enough for the index, 6 others or not."""
    some = torch.tensor([[-1.0, 1.0], [0.0, 1.0], [1.0, 1.0]]).double()
    found = search_from(units(2.0, 2), X, some)
    assert found.counts.tolist() == [1, 1, 1]


def test_the_points_of_a_product_of_units_sum_to_one():
    """Each bistable unit has slopes (a, b, a), a < 1 < b: (1 - 1 + 1)^k = 1."""
    for k in (1, 2, 3):
        slopes = np.stack(np.meshgrid(*[[0.3, 2.0, 0.3]] * k), axis=-1).reshape(-1, k)
        J = np.stack([np.diag(row) for row in slopes])
        assert index_sum(J) == 1
        without_centre = J[(slopes < 1).any(axis=1)]
        assert index_sum(without_centre) == 1 - (-1) ** k


def test_a_pair_of_growing_rotations_counts_as_two():
    growing = 1.5 * np.array([[0.0, -1.0], [1.0, 0.0]])
    assert index_sum(growing[None]) == 1
    assert index_sum(np.zeros((0, 3, 3))) == 0


def test_midpoints_are_of_all_pairs_or_of_so_many(monkeypatch):
    states = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
    found = midpoints(states)
    expected = [(states[i] + states[j]) / 2 for i in range(6) for j in range(i + 1, 6)]
    assert torch.equal(found, torch.stack(expected))
    assert len(found) == comb(6, 2)
    monkeypatch.setattr(search, "PAIRS", 7)
    assert torch.equal(midpoints(states), found[::3])
    assert len(midpoints(states[:1])) == 0
