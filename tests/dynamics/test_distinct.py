import numpy as np
import torch

from rnnspec.dynamics import distinct
from rnnspec.dynamics.distinct import DISTINCT, stand_ins


def test_no_two_that_stand_for_themselves_are_near(monkeypatch):
    monkeypatch.setattr(distinct, "ROWS", 7)
    rng = np.random.default_rng(0)
    states = torch.tensor(rng.uniform(-1, 1, (100, 2)) * 30 * DISTINCT)
    states[0] = 1.0  # the largest: norm sqrt 2
    stand_in = stand_ins(states, 0.0)
    own = np.flatnonzero(stand_in == np.arange(100))
    assert 10 < len(own) < 90
    apart = torch.cdist(states[own], states[own]).fill_diagonal_(1.0)
    assert apart.min() > DISTINCT * 2**0.5
    assert (states - states[stand_in]).norm(dim=1).max() <= DISTINCT * 2**0.5


def test_the_first_stands_for_the_others_even_along_a_chain():
    steps = torch.arange(5.0).double()[:, None] * 0.6 * DISTINCT
    assert stand_ins(torch.cat([steps, torch.ones(1, 1)]), 0.0).tolist() == [0, 0, 2, 2, 4, 5]


def test_the_scale_is_a_least_one():
    states = torch.tensor([[0.0], [0.5 * DISTINCT], [2 * DISTINCT]]).double()
    assert stand_ins(states, 0.0).tolist() == [0, 1, 2]
    assert stand_ins(states, 1.0).tolist() == [0, 0, 2]
    assert stand_ins(states, 5.0).tolist() == [0, 0, 0]


def test_one_state_and_the_same_state_twice():
    assert stand_ins(torch.zeros(1, 3), 0.0).tolist() == [0]
    assert stand_ins(torch.zeros(2, 3), 0.0).tolist() == [0, 0]
