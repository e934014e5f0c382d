import numpy as np
import pytest
import torch
from torch import nn

from rnnspec.dynamics import levenberg_marquardt
from rnnspec.dynamics.levenberg_marquardt import descend
from rnnspec.dynamics.velocity import entry_bounds, velocity, velocity_jacobian
from rnnspec.models.layers import recurrent_cells

X = torch.zeros(1, 2).double()


def cells_of(core):
    torch.manual_seed(0)
    core = core.double()
    with torch.no_grad():
        for weight in core.parameters():
            weight.normal_(0, 0.6)
    return recurrent_cells(core)[0]


@pytest.fixture(params=[nn.RNN(2, 4), nn.GRU(2, 4, 2), nn.LSTM(2, 4)], ids=["rnn", "gru", "lstm"])
def cells(request):
    return cells_of(request.param)


def states_of(cells, n):
    s = sum(cell.state_size for cell in cells)
    return torch.tensor(np.random.default_rng(0).uniform(-1, 1, (n, s)))


def test_a_search_comes_to_rest_and_every_start_is_counted(cells):
    states, counts = descend(cells, X, states_of(cells, 60), 1.0)
    assert counts.sum() == 60
    assert len(states) < 30
    assert (velocity(cells, X, states).norm(dim=1) <= levenberg_marquardt.REST).any()


def test_searches_do_not_speed_up(cells):
    """Each ends at a lower speed than it began with, unless one stands for another."""
    for start in states_of(cells, 10)[:, None]:
        end, _ = descend(cells, X, start, 0.0)
        assert velocity(cells, X, end).norm() <= velocity(cells, X, start).norm()


def test_the_chunks_do_not_change_the_ends(cells, monkeypatch):
    whole, counts = descend(cells, X, states_of(cells, 40), 1.0)
    monkeypatch.setattr(levenberg_marquardt, "CHUNK", 1)
    one_by_one, again = descend(cells, X, states_of(cells, 40), 1.0)
    torch.testing.assert_close(whole, one_by_one, rtol=0, atol=1e-9)
    assert torch.equal(counts, again)


def test_searches_at_walls_end_where_no_way_down_is_left_inside(cells):
    states, _ = descend(cells, X, 3 * states_of(cells, 60), 1.0)
    bound = entry_bounds(cells)
    assert (states.abs() <= bound).all()
    r, A = velocity(cells, X, states), velocity_jacobian(cells, X, states)
    downhill = -(A.mT @ r[:, :, None])[:, :, 0]
    outward = (states.abs() == bound) & (downhill * states > 0)
    inside = downhill.masked_fill(outward, 0.0).norm(dim=1)
    assert (inside <= 0.05 * r.norm(dim=1) + 1e-8).all()
