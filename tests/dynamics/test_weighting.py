import numpy as np
import pytest

from rnnspec.dynamics.weighting import best_weight, smooth_norm, weighted_norms


def random(*shape, size=1.0, seed=17):
    return size * np.random.default_rng(seed).standard_normal(shape) / np.sqrt(shape[-1])


def test_the_gradient_is_that_of_differences():
    J, x = random(3, 4, 4), np.eye(4).ravel() + 0.1 * random(16)
    step = 1e-6
    for q in (2, 7):
        _, gradient = smooth_norm(x, J, q)
        for k, unit in enumerate(np.eye(16)):
            ahead, behind = (smooth_norm(x + e * step * unit, J, q)[0] for e in (1, -1))
            assert gradient[k] == pytest.approx((ahead - behind) / (2 * step), abs=1e-7)


def test_the_smooth_function_is_above_the_norm_and_near_it():
    J = random(5, 4, 4)
    largest = np.log(np.linalg.norm(J, 2, axis=(1, 2)).max())
    for q in (2, 20, 200):
        above = smooth_norm(np.eye(4).ravel(), J, q)[0] - largest
        assert -1e-14 <= above <= np.log(20) / (2 * q)


def test_the_weight_is_no_worse_for_a_start_elsewhere():
    J, S = random(4, 5, 5), random(5, 5, seed=4) + 2 * np.eye(5)
    here = weighted_norms(J, best_weight(J)).max()
    there = S @ J @ np.linalg.inv(S)
    assert weighted_norms(there, best_weight(there)).max() == pytest.approx(here, rel=0.02)


def test_large_and_small_matrices_have_a_weight():
    J = random(4, 5, 5)
    size = weighted_norms(J, best_weight(J)).max()
    assert weighted_norms(1e8 * J, best_weight(1e8 * J)).max() == pytest.approx(
        1e8 * size, rel=0.02
    )
    tiny = 1e-8 * J  # below the floor nothing more is gained
    np.testing.assert_allclose(best_weight(tiny), np.eye(5), atol=1e-12)
