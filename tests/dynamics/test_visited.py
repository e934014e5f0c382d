import numpy as np
import pytest
import torch

from rnnspec import SequenceClassifier, fixed_points, state_trajectory
from rnnspec.dynamics import visited
from rnnspec.dynamics.visited import visited_fixed_points

LENGTHS = [6, 5, 2]


@pytest.mark.parametrize(("most", "n"), [(1000, 13), (13, 13), (12, 7), (1, 1)])
def test_the_searches_start_from_real_states_at_the_mean_real_input(most, n, monkeypatch):
    monkeypatch.setattr(visited, "STARTS", most)
    model = SequenceClassifier("rnn", 2, 2, hidden=4, layers=2)
    x = torch.randn(3, 6, 2, generator=torch.Generator().manual_seed(2))
    x[1, 5:], x[2, 2:] = torch.nan, torch.nan
    found = visited_fixed_points(model, x, LENGTHS)
    assert found.counts.sum() + found.slow_counts.sum() == n
    np.testing.assert_allclose(found.input, x.double().nanmean((0, 1)), atol=1e-15)
    states = np.concatenate(list(state_trajectory(model, x, LENGTHS).values()), axis=2)
    starts = states[~np.isnan(states).any(axis=2)]
    expected = fixed_points(model, starts[:: -(-13 // n)], found.input)
    np.testing.assert_allclose(found.states, expected.states, atol=1e-12)
    np.testing.assert_array_equal(found.counts, expected.counts)
