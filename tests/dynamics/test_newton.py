import numpy as np
import torch
from scipy.optimize import brentq
from torch import nn

from rnnspec.dynamics.newton import polished
from rnnspec.models.layers import recurrent_cells

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
    torch.testing.assert_close(polished(cells, X, near, 1.0), root.expand(2, 1), rtol=0, atol=1e-15)
    assert torch.equal(polished(cells, X, root, 1.0), polished(cells, X, root, 100.0))


def test_newton_takes_no_step_that_is_long_or_not_a_number():
    """h' = tanh(h) at 0: J - I = 0; at 0.01 the step is 0.003, too long at scale 1."""
    rnn = nn.RNN(2, 1, bias=False).double()
    with torch.no_grad():
        rnn.weight_hh_l0.fill_(1.0)
    (cells,) = recurrent_cells(rnn)
    s = torch.tensor([[0.0], [0.01]]).double()
    assert torch.equal(polished(cells, X, s, 1.0), s)
    moved = polished(cells, X, s, 100.0)
    assert moved[0] == 0
    assert moved[1].abs() < 0.01 / 10
