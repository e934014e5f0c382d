import numpy as np
import pytest
import torch

from rnnspec.spectra.dominant.estimate import (
    exact_pair,
    inner_product,
    orthonormal,
    power_step,
    ritz_pair,
    single_vector,
    singular_pair,
)

ROTATION = 0.9 * np.array([[0.0, -1.0], [1.0, 0.0]])


def plane_in(n, eigenvalue, rest, seed=11):
    """A real n x n matrix, not normal, with a complex dominant pair and the others real."""
    rng = np.random.default_rng(seed)
    D = np.diag(np.concatenate([[0, 0], np.linspace(-rest, rest, n - 2)]))
    a, b = eigenvalue.real, eigenvalue.imag
    D[:2, :2] = [[a, -b], [b, a]]
    X = rng.standard_normal((n, n)) + 2 * np.eye(n)
    return np.linalg.solve(X, D @ X)


def block(g, b, n, seed=12):
    return orthonormal(np.random.default_rng(seed).standard_normal((g, b, n)))


def radius(W):
    return abs(np.linalg.eigvals(W)).max(-1)


def test_one_vector_reads_zero_from_a_rotation_and_two_read_its_radius():
    W = np.zeros((1, 3, 3))
    W[0, :2, :2], W[0, 2, 2] = ROTATION, 0.1
    v, V = block(1, 1, 3), block(1, 2, 3)
    for _ in range(1000):
        v, V = power_step(W, v), power_step(W, V)
    quotient = (v @ W @ v.mT).item()
    assert abs(quotient) < 1e-12
    assert ritz_pair(W, v)[0].item() < 1e-12
    assert ritz_pair(W, V)[0].item() == pytest.approx(0.9, abs=1e-12)


@pytest.mark.parametrize("angle", [0.3, 1.2, 2.5])
@pytest.mark.parametrize("n", [4, 16, 40])
def test_a_block_finds_a_complex_pair_that_one_vector_misses(n, angle):
    W = plane_in(n, 0.95 * np.exp(1j * angle), 0.6)[None]
    v, V = block(1, 1, n), block(1, 4, n)
    for _ in range(300):
        v, V = power_step(W, v), power_step(W, V)
    assert abs((v @ W @ v.mT).item() - 0.95) > 0.01
    assert ritz_pair(W, V)[0].item() == pytest.approx(0.95, rel=1e-9)


@pytest.mark.parametrize("seed", range(21, 26))
@pytest.mark.parametrize("n", [2, 7, 30])
def test_exact_pair_is_lapack_and_its_pairing_the_value(n, seed):
    W = np.random.default_rng(seed).standard_normal((3, n, n)) / n**0.5
    for quantity, expected in (("radius", radius(W)), ("norm", np.linalg.norm(W, 2, (1, 2)))):
        q, u, w = exact_pair(W, quantity)
        np.testing.assert_allclose(q, expected, rtol=1e-13)
        np.testing.assert_allclose(inner_product(W, u, w), q, rtol=1e-10)


@pytest.mark.parametrize("quantity", ["radius", "norm"])
@pytest.mark.parametrize("seed", [31, 32, 33])
def test_the_factors_are_the_gradient(quantity, seed):
    rng = np.random.default_rng(seed)
    W, E = rng.standard_normal((2, 1, 6, 6))
    _, u, w = exact_pair(W, quantity)
    step = 1e-6
    up, down = (exact_pair(W + s * E, quantity)[0].item() for s in (step, -step))
    slope = (up - down) / (2 * step)
    assert inner_product(E, u, w).item() == pytest.approx(slope, rel=1e-6)


@pytest.mark.parametrize("b", [1, 3, 8])
def test_a_ritz_value_never_exceeds_the_norm_and_grows_to_it(b):
    W = np.random.default_rng(51).standard_normal((3, 30, 30))
    norm, V, values = np.linalg.norm(W, 2, (1, 2)), block(3, b, 30), []
    for _ in range(400):
        q, u, w, _ = singular_pair(W, V)
        values.append(q)
        np.testing.assert_allclose(inner_product(W, u, w), q, rtol=1e-12)
        V = power_step(W.mT, V @ W.mT)
    assert (np.array(values) <= norm * (1 + 1e-13)).all()
    assert (np.diff(values, axis=0) >= -1e-12).all()
    assert (values[-1] >= norm * (1 - 1e-3)).all()


def outputs(W, V):
    return [
        orthonormal(V + 1),
        power_step(W, V),
        *ritz_pair(W, V),
        *single_vector(W, V[:, :1], growth=True),
        *single_vector(W, V[:, :1], growth=False),
        *singular_pair(W, V),
        *exact_pair(W, "radius"),
        *exact_pair(W, "norm"),
    ]


def test_numpy_and_torch_give_the_same():
    W = np.random.default_rng(61).standard_normal((3, 10, 10))
    V = block(3, 4, 10)
    for a, b in zip(outputs(W, V), outputs(torch.tensor(W), torch.tensor(V)), strict=True):
        assert a.shape == b.shape
        # Vectors are defined up to sign (and a pair of rows up to a turn): compare their squares.
        if a.ndim == 3:
            a, b = a.mT @ a, b.mT @ b
        np.testing.assert_allclose(a, b.numpy(), atol=1e-10)


@pytest.mark.parametrize("quantity", ["radius", "norm"])
@pytest.mark.parametrize("W", [np.zeros((1, 1, 1)), np.zeros((1, 3, 3)), [[[-2.0]]], [np.eye(3)]])
def test_dull_matrices(W, quantity):
    W = np.asarray(W, float)
    n, expected = W.shape[1], abs(W).max()
    q, u, w = exact_pair(W, quantity)
    assert q.item() == pytest.approx(expected)
    assert inner_product(W, u, w).item() == pytest.approx(expected)
    V = block(1, n, n)
    assert ritz_pair(W, V)[0].item() == pytest.approx(expected)
    assert singular_pair(W, V)[0].item() == pytest.approx(expected)
    assert np.isfinite(power_step(W, V)).all()


def test_a_defective_matrix_has_a_radius_too():
    J = np.diag(np.full(4, 0.5)) + np.diag(np.ones(3), 1)
    q, _, _ = exact_pair(J[None], "radius")
    assert q.item() == pytest.approx(0.5)
    assert exact_pair(np.triu(np.ones((1, 2, 2)), 1), "radius")[0].item() == 0
