import math

import numpy as np
import pytest

from rnnspec.spectra.dominant.kernels import EARLY, SQUARINGS, dot, high_power, leading_pair

K = 2**SQUARINGS


def powers(H, columns=0):
    early = np.zeros((len(H), columns))
    growth, P = high_power(H, early)
    return growth, P, early


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 8, 13, 24, 64])
def test_growth_lies_between_the_radius_and_its_multiple_by_the_condition(n):
    H = np.random.default_rng(n).standard_normal((n, n))
    theta, X = np.linalg.eig(H)
    radius = abs(theta).max()
    growth, P, _ = powers(H)
    slack = 1e-12 * K
    assert growth >= radius * (1 - slack / K)
    # |H^k|_F <= sqrt(n) cond(X) radius^k
    assert growth <= radius * (math.sqrt(n) * np.linalg.cond(X)) ** (1 / K) * (1 + slack / K)
    assert np.linalg.norm(P) == pytest.approx(1)


def test_the_early_columns_are_those_of_the_lower_power():
    H = np.random.default_rng(1).standard_normal((6, 6)) / 3
    early = powers(H, 4)[2]
    expected = np.linalg.matrix_power(H, 2**EARLY)
    np.testing.assert_allclose(early, (expected / np.linalg.norm(expected))[:, :4], atol=1e-11)


@pytest.mark.parametrize("n", [2, 5, 24])
def test_the_leading_pair_is_an_eigenpair_of_the_largest_modulus(n):
    H = np.random.default_rng(10 + n).standard_normal((n, n))
    _, P, _ = powers(H)
    re, im, s = leading_pair(H, P)
    theta, x = complex(re, im), s[0] + 1j * s[1]
    assert im >= 0
    assert abs(theta) == pytest.approx(abs(np.linalg.eigvals(H)).max(), rel=1e-9)
    residual = np.linalg.norm(H @ x - theta * x)
    assert residual <= 1e-8 * np.linalg.norm(H) * np.linalg.norm(x)


@pytest.mark.parametrize(
    "H",
    [
        np.diag([3.0, 1.0]),
        np.diag([-3.0, 1.0]),
        np.array([[0.0, -3.0], [3.0, 0.0]]),
        np.array([[0.0, 9.0], [1.0, 0.0]]),  # +3 and -3
        np.array([[3.0, 0.0], [5.0, 1.0]]),
        np.array([[3.0, 5.0], [0.0, 1.0]]),
        3 * np.eye(3),
        np.array([[-3.0]]),
    ],
)
def test_closed_forms(H):
    growth, P, _ = powers(H)
    re, im, s = leading_pair(H, P)
    assert growth == pytest.approx(3, rel=2e-3)
    assert math.hypot(re, im) == pytest.approx(3, rel=1e-12)
    x = s[0] + 1j * s[1]
    np.testing.assert_allclose(H @ x, complex(re, im) * x, atol=1e-12 * np.linalg.norm(x))


def test_many_eigenvalues_of_one_modulus_do_not_mislead_the_growth():
    Q = np.linalg.qr(np.random.default_rng(2).standard_normal((30, 30)))[0]
    growth, P, _ = powers(0.7 * Q)
    assert growth == pytest.approx(0.7, rel=math.log(30) / K)
    re, im, _ = leading_pair(0.7 * Q, P)
    assert math.hypot(re, im) <= 0.7 * (1 + 1e-12)  # inside the numerical range, not on its edge


def test_a_defective_matrix_and_a_nilpotent_one():
    J = np.diag(np.full(5, 0.5)) + np.diag(np.ones(4), 1)
    # |J^k| grows as k^4 / 2^(k - 4) / 24.
    assert powers(J)[0] == pytest.approx(0.5 * (K**4 * 2**4 / 24) ** (1 / K), rel=1e-3)
    N = np.diag(np.ones(4), 1)
    growth, P, _ = powers(N)
    assert growth == 0
    assert leading_pair(N, P)[0] == 0


def test_zero_and_nan():
    growth, P, _ = powers(np.zeros((3, 3)))
    assert growth == 0
    assert np.array_equal(leading_pair(np.zeros((3, 3)), P)[2], np.zeros((2, 3)))
    assert math.isnan(powers(np.full((3, 3), np.nan))[0])


def test_dot():
    assert dot(np.array([2.0]), np.array([3.0])) == 6
    x = np.random.default_rng(3).standard_normal(100)
    assert dot(x, x) == pytest.approx(x @ x, rel=1e-14)
