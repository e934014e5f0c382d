import numpy as np
import pytest

from rnnspec.robustness.quantisation import prune_smallest, round_to_bits, to_half_precision

W = np.random.default_rng(2).standard_normal((20, 20))


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_rounding_to_the_nearest_of_few_levels(bits):
    found = round_to_bits(W, bits)
    levels = (
        np.abs(W).max() / (2 ** (bits - 1) - 1) * np.arange(-(2 ** (bits - 1)) + 1, 2 ** (bits - 1))
    )
    nearest = levels[np.abs(W[..., np.newaxis] - levels).argmin(axis=-1)]
    assert found == pytest.approx(nearest, abs=1e-14)
    assert np.abs(found).max() == pytest.approx(np.abs(W).max(), rel=1e-15)
    assert round_to_bits(found, bits) == pytest.approx(found, abs=1e-14)


def test_half_precision_keeps_eleven_bits():
    assert np.abs(to_half_precision(W) / W - 1).max() <= 2.0**-11
    assert not np.array_equal(to_half_precision(W), W)
    assert (to_half_precision(to_half_precision(W)) == to_half_precision(W)).all()


@pytest.mark.parametrize("fraction", [0.0, 0.3, 0.5, 1.0])
def test_pruning_takes_the_smallest(fraction):
    found = prune_smallest(W, fraction)
    gone = found == 0
    assert gone.sum() == round(fraction * 400)
    assert (found[~gone] == W[~gone]).all()
    if 0 < fraction < 1:
        assert np.abs(W[gone]).max() < np.abs(W[~gone]).min()


def test_dull_matrices():
    zero = np.zeros((2, 2))
    assert not round_to_bits(zero, 8).any()
    assert not prune_smallest(zero, 0.5).any()
    ties = np.ones((2, 2))
    assert prune_smallest(ties, 0.5).tolist() == [[0, 0], [1, 1]]
    many = prune_smallest(np.ones((10, 10)), 0.29).ravel()  # 0.29 * 100 < 29 in floating point
    assert many.tolist() == [0] * 29 + [1] * 71
