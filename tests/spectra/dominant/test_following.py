import numpy as np
import pytest

from rnnspec.spectra.dominant.estimate import exact_pair, inner_product, orthonormal
from rnnspec.spectra.dominant.following import SMALL, follow_norm, follow_radius


def matrices(n, g=3, seed=5):
    return np.random.default_rng(seed + n).standard_normal((g, n, n)) / n**0.5


def start(W, b=8):
    g, n, _ = W.shape
    V = orthonormal(np.random.default_rng(6).standard_normal((g, min(b, n), n))).astype(W.dtype)
    return np.ascontiguousarray(V)


def radius(W):
    return abs(np.linalg.eigvals(W)).max(-1)


def follow_for(W, steps=150, b=8):
    right, left = start(W, b), start(W, b)
    for _ in range(steps):
        found = follow_radius(W, right, left)
    return found


@pytest.mark.parametrize("n", [1, 2, 7, SMALL])
def test_a_small_matrix_is_right_at_once(n):
    W = matrices(n)
    q, u, w = follow_radius(W, start(W), start(W))
    np.testing.assert_allclose(q, radius(W), rtol=1e-9)
    np.testing.assert_allclose(inner_product(W, u, w), q, rtol=1e-9)
    q, u, w = follow_norm(W, start(W))
    np.testing.assert_allclose(q, np.linalg.norm(W, 2, (1, 2)), rtol=1e-12)
    np.testing.assert_allclose(inner_product(W, u, w), q, rtol=1e-12)


@pytest.mark.parametrize("b", [1, 3, 8, 11])
@pytest.mark.parametrize("n", [SMALL + 1, 128, 150])
def test_a_large_matrix_is_found_in_steps(n, b):
    W = matrices(n)
    q, u, w = follow_for(W, b=b)
    np.testing.assert_allclose(q, radius(W), rtol=1e-6 if b > 4 else 2e-2)
    np.testing.assert_allclose(inner_product(W, u, w), q, rtol=1e-9)
    norm, block = np.linalg.norm(W, 2, (1, 2)), start(W, b)
    values = np.array([follow_norm(W, block)[0] for _ in range(40)])
    assert (values <= norm * (1 + 1e-13)).all()
    assert (np.diff(values, axis=0) >= -1e-12).all()
    np.testing.assert_allclose(values[-1], norm, rtol=1e-9 if b > 4 else 1e-3)


@pytest.mark.parametrize("n", [12, 120])
def test_the_factors_are_the_gradient(n):
    W, E = matrices(n), matrices(n, seed=900)
    step = 1e-6
    for found, quantity in ((follow_for(W, 200), "radius"), (None, "norm")):
        if found is None:
            block = start(W)
            for _ in range(200):
                found = follow_norm(W, block)
        up, down = (exact_pair(W + s * E, quantity)[0] for s in (step, -step))
        slope = (up - down) / (2 * step)
        np.testing.assert_allclose(inner_product(E, *found[1:]), slope, rtol=1e-4, atol=1e-6)


def test_moving_matrices_are_followed():
    """Each step moves W by 0.2 % of its norm, and in the end it is another matrix."""
    W, E = matrices(100, g=2), matrices(100, g=2, seed=901)
    right, left, errors = start(W), start(W), []
    for k in range(400):
        moved = W + 1e-3 * k * E
        q = follow_radius(moved, right, left)[0]
        errors.append(abs(q - radius(moved)) / q)
    errors = np.array(errors)[50:]
    assert np.median(errors) <= 1e-5
    # Where two eigenvalues change places the quotient is lost for some steps.
    assert np.quantile(errors, 0.9) <= 2e-2
    assert errors.max() <= 0.2


@pytest.mark.parametrize("n", [40, 110])
def test_no_eigenvalue_stands_out_of_an_orthogonal_matrix(n):
    Q = 0.8 * np.linalg.qr(np.random.default_rng(7).standard_normal((1, n, n)))[0]
    q, u, w = follow_for(Q, 3)
    # On a space of dimension 24 the largest Ritz value lies inside the disk.
    assert 0.6 <= q[0] <= 0.8 * (1 + 1e-3)
    assert inner_product(Q, u, w)[0] == pytest.approx(q[0], rel=1e-9)
    if n <= SMALL:
        assert q[0] == pytest.approx(0.8, rel=1e-9)


@pytest.mark.parametrize("n", [3, 110])
def test_dull_matrices(n):
    for W, expected in ((np.zeros((1, n, n)), 0), (np.eye(n)[None], 1), (-2 * np.eye(n)[None], 2)):
        q, u, w = follow_for(W, 4)
        assert q[0] == pytest.approx(expected, rel=1e-9)
        assert inner_product(W, u, w)[0] == pytest.approx(expected, rel=1e-9)
        q, u, w = follow_norm(W, start(W))
        assert q[0] == pytest.approx(expected, rel=1e-9)
        assert np.isfinite(u).all()


def test_life_goes_on_after_the_zero_matrix():
    W, zero = matrices(110, g=1), np.zeros((1, 110, 110))
    right, left, block = start(W), start(W), start(W)
    follow_radius(zero, right, left)
    follow_norm(zero, block)
    for _ in range(150):
        q, s = follow_radius(W, right, left)[0], follow_norm(W, block)[0]
    assert q[0] == pytest.approx(radius(W)[0], rel=1e-3)
    assert s[0] == pytest.approx(np.linalg.norm(W[0], 2), rel=1e-9)


def test_single_precision_and_the_same_twice():
    W = matrices(110).astype(np.float32)
    first, second = follow_for(W), follow_for(W)
    np.testing.assert_allclose(first[0], radius(W.astype(float)), rtol=1e-5)
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_overflow_shows():
    W = np.full((1, 110, 110), np.nan)
    assert np.isnan(follow_radius(W, start(W), start(W))[0]).all()


@pytest.mark.parametrize("b", [SMALL, SMALL + 1])
def test_a_block_that_leaves_no_room_to_grow(b):
    """Here the space would be wider than the matrix."""
    W = matrices(SMALL + 1)
    q, _, _ = follow_for(W, steps=20, b=b)
    np.testing.assert_allclose(q, radius(W), rtol=1e-6)
    block = start(W, b)
    values = [follow_norm(W, block)[0] for _ in range(20)]
    np.testing.assert_allclose(values[-1], np.linalg.norm(W, 2, (1, 2)), rtol=1e-9)
