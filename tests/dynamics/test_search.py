import numpy as np
import torch
from torch import nn

from rnnspec.dynamics import search
from rnnspec.dynamics.search import TOL, searched
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
    found = searched(units(2.0, 3), X, starts(500, 3))
    assert len(found.states) == 27
    assert found.counts.sum() == 500
    assert (found.speeds.diff() >= 0).all()
    assert torch.equal(found.fixed, found.speeds <= TOL)


def test_the_batches_change_nothing(monkeypatch):
    whole = searched(units(2.0, 2), X, starts(300, 2))
    monkeypatch.setattr(search, "BATCH", 70)
    parts = searched(units(2.0, 2), X, starts(300, 2))
    assert len(whole.states) == len(parts.states) == 9
    nearest = torch.cdist(whole.states, parts.states).argmin(1)
    torch.testing.assert_close(whole.states, parts.states[nearest], rtol=0, atol=1e-13)
    assert torch.equal(whole.counts, parts.counts[nearest])


def test_missing_points_are_looked_for_between_those_found():
    corners = torch.tensor([[i, j] for i in (-1.0, 1.0) for j in (-1.0, 1.0)]).double()
    found = searched(units(2.0, 2), X, corners)
    assert len(found.states) == 9
    assert sorted(found.counts.tolist()) == [0] * 5 + [1] * 4


def test_a_sum_of_one_ends_the_search():
    """Two stable points and the saddle between them: enough for the index, 6 others or not."""
    some = torch.tensor([[-1.0, 1.0], [0.0, 1.0], [1.0, 1.0]]).double()
    found = searched(units(2.0, 2), X, some)
    assert found.counts.tolist() == [1, 1, 1]
