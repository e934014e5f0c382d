import numpy as np
import pytest
import torch
from scipy.optimize import brentq
from torch import nn

from rnnspec.dynamics.velocity import (
    entry_bounds,
    refine_by_newton,
    velocity,
    velocity_jacobian,
)
from rnnspec.models.layers import recurrent_cells
from rnnspec.models.stack import whole_size

X = torch.zeros(1, 2).double()


def test_newton_squares_the_distance_and_then_stops():
    """h' = tanh(2h + x) with x = 0: the point r = tanh(2r), from 1e-4 / 2 beside it."""
    rnn = nn.RNN(2, 1, bias=False).double()
    with torch.no_grad():
        rnn.weight_hh_l0.fill_(2.0)
    (cells,) = recurrent_cells(rnn)
    h = brentq(lambda h: np.tanh(2 * h) - h, 0.5, 1, xtol=1e-15)
    root, aside = (
        torch.full((1, 1), h, dtype=torch.float64),
        torch.tensor([[5e-5], [-5e-5]]).double(),
    )
    near = root + aside
    found = refine_by_newton(cells, X, near, 1e-4)
    torch.testing.assert_close(found, root.expand(2, 1), rtol=0, atol=1e-15)
    at_root = [refine_by_newton(cells, X, root, longest) for longest in (1e-4, 1e-2)]
    assert torch.equal(*at_root)


def test_newton_makes_no_update_that_is_long_or_not_a_number():
    """h' = tanh(h) at 0: J - I = 0; at 0.01 the update is 0.003, longer than 1e-4."""
    rnn = nn.RNN(2, 1, bias=False).double()
    with torch.no_grad():
        rnn.weight_hh_l0.fill_(1.0)
    (cells,) = recurrent_cells(rnn)
    s = torch.tensor([[0.0], [0.01]]).double()
    assert torch.equal(refine_by_newton(cells, X, s, 1e-4), s)
    moved = refine_by_newton(cells, X, s, 1e-2)
    assert moved[0] == 0
    assert moved[1].abs() < 0.01 / 10


@pytest.mark.parametrize("core", [nn.RNN(2, 4), nn.GRU(2, 4, 2), nn.LSTM(2, 4)])
def test_the_jacobian_of_the_velocity(core):
    (cells,) = recurrent_cells(core)
    s = torch.tensor(np.random.default_rng(0).uniform(-1, 1, (1, whole_size(cells))))
    by_torch = torch.autograd.functional.jacobian(lambda s: velocity(cells, X, s)[0], s)[:, 0]
    torch.testing.assert_close(velocity_jacobian(cells, X, s)[0], by_torch, rtol=0, atol=1e-12)


def test_only_the_memory_of_an_lstm_is_unbounded():
    (both,) = recurrent_cells(nn.LSTM(2, 3, 2))
    assert entry_bounds(both).tolist() == ([1.0] * 3 + [np.inf] * 3) * 2
    assert entry_bounds(recurrent_cells(nn.GRU(2, 3))[0]).tolist() == [1.0] * 3
