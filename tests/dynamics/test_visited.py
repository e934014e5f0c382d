import numpy as np
import pytest
import torch

from rnnspec import SequenceClassifier
from rnnspec.dynamics import visited
from rnnspec.dynamics.fixed_points import fixed_points_of
from rnnspec.dynamics.visited import visited_fixed_points

H = 3


@pytest.fixture
def x():
    return torch.randn(3, 6, 2, generator=torch.Generator().manual_seed(2))


def test_the_searches_start_from_real_states_at_the_mean_real_input(x, monkeypatch):
    model, lengths = SequenceClassifier("rnn", 2, 2, H, 2), [6, 5, 2]
    asked = []

    def record(cells, starts, input):
        asked.append((starts, input))
        return fixed_points_of(cells, starts, input)

    monkeypatch.setattr(visited, "fixed_points_of", record)
    x[1, 5:], x[2, 2:] = np.nan, np.nan
    for most, n in ((1000, 13), (13, 13), (12, 7), (1, 1)):
        monkeypatch.setattr(visited, "STARTS", most)
        visited_fixed_points(model, x, lengths)
        starts, given = asked.pop()
        assert starts.shape == (n, 2 * H)
        np.testing.assert_allclose(given, x.double().nanmean((0, 1)), atol=1e-15)
