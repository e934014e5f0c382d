import numpy as np
import pytest

from rnnspec.dynamics import jacobian_products


def test_windows_multiply_to_the_whole():
    J = np.random.default_rng(5).standard_normal((2, 7, 3, 3))
    J[1, 5:] = np.nan
    P, log_scale = jacobian_products(J, window=3)
    assert P.shape == (2, 3, 3, 3)
    np.testing.assert_allclose(np.linalg.norm(P, axis=(2, 3)), 1.0)
    np.testing.assert_allclose(
        P[0, 0] * np.exp(log_scale[0, 0]), J[0, 2] @ J[0, 1] @ J[0, 0], atol=1e-13
    )
    np.testing.assert_allclose(P[1, 1] * np.exp(log_scale[1, 1]), J[1, 4] @ J[1, 3], atol=1e-13)
    np.testing.assert_allclose(P[1, 2] * np.exp(log_scale[1, 2]), np.eye(3), atol=1e-15)
    Q, log_size = jacobian_products(J, window=3, direction="reverse")
    np.testing.assert_allclose(
        Q[0, 0] * np.exp(log_size[0, 0]), J[0, 0] @ J[0, 1] @ J[0, 2], atol=1e-13
    )


@pytest.mark.parametrize("factor", [1e200, 1e-200])
def test_products_neither_overflow_nor_vanish(factor):
    J = np.broadcast_to(factor * np.diag([1.0, 0.5]), (1, 50, 2, 2))
    P, log_scale = jacobian_products(J)
    assert log_scale[0, 0] == pytest.approx(50 * np.log(factor), rel=1e-14)
    assert P[0, 0] == pytest.approx(np.diag([1.0, 0.5**50]), abs=1e-15)


def test_a_vanishing_product_is_zero():
    nilpotent = np.array([[0.0, 1.0], [0.0, 0.0]])
    P, log_scale = jacobian_products(np.broadcast_to(nilpotent, (1, 4, 2, 2)))
    assert not P.any()
    assert np.isfinite(log_scale).all()


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"jacobians": np.zeros((2, 3, 4, 5))}, r"must have shape \(n, t, s, s\)"),
        ({"jacobians": np.zeros((3, 4, 4))}, r"must have shape \(n, t, s, s\)"),
        ({"jacobians": np.zeros((1, 0, 4, 4))}, "no size may be 0"),
        ({"window": 0}, "`window` must be an integer of at least 1, got 0"),
        ({"direction": "up"}, "`direction` must be one of forward, reverse"),
    ],
)
def test_products_of_what_is_no_series_of_matrices_are_refused(options, match):
    with pytest.raises(ValueError, match=match):
        jacobian_products(**{"jacobians": np.zeros((1, 3, 4, 4)), **options})
