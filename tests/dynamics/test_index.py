import numpy as np
import torch
from scipy.special import comb

from rnnspec.dynamics import index
from rnnspec.dynamics.index import index_sum, midpoints


def test_the_points_of_a_product_of_units_sum_to_one():
    """Each bistable unit has slopes (a, b, a), a < 1 < b: (1 - 1 + 1)^k = 1."""
    for k in (1, 2, 3):
        slopes = np.stack(np.meshgrid(*[[0.3, 2.0, 0.3]] * k), axis=-1).reshape(-1, k)
        J = np.stack([np.diag(row) for row in slopes])
        assert index_sum(J) == 1
        without_centre = J[(slopes < 1).any(axis=1)]
        assert index_sum(without_centre) == 1 - (-1) ** k


def test_a_pair_of_growing_rotations_counts_as_two_directions():
    growing = 1.5 * np.array([[0.0, -1.0], [1.0, 0.0]])
    assert index_sum(growing[None]) == 1
    assert index_sum(np.zeros((0, 3, 3))) == 0


def test_midpoints_are_of_all_pairs_or_of_so_many(monkeypatch):
    states = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
    found = midpoints(states)
    expected = [(states[i] + states[j]) / 2 for i in range(6) for j in range(i + 1, 6)]
    assert torch.equal(found, torch.stack(expected))
    assert len(found) == comb(6, 2)
    monkeypatch.setattr(index, "PAIRS", 7)
    assert torch.equal(midpoints(states), found[::3])
    assert len(midpoints(states[:1])) == 0
