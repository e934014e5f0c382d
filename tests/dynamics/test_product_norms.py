import numpy as np
import pytest

from rnnspec.dynamics.product_norms import log_norm_products, log_product_norms


@pytest.mark.parametrize("factor", [10.0, 1e-3])
def test_nothing_overflows(factor):
    J = np.broadcast_to(factor * np.eye(2), (1, 1000, 2, 2))
    expected = np.arange(1001) * np.log(factor)
    for found in (log_product_norms(J)[0][0], log_norm_products(J)[0]):
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_they_are_the_norms_of_the_products():
    J = np.random.default_rng(2).standard_normal((3, 5, 4, 4))
    found, most = log_product_norms(J)
    for i in range(3):
        products = [np.eye(4)]
        for A in J[i]:
            products.append(A @ products[-1])
        norms = np.linalg.norm(products, 2, axis=(1, 2))
        np.testing.assert_allclose(found[i], np.log(norms), rtol=0, atol=1e-13)
        peak = 1 + int(norms[1:].argmax())
        assert np.linalg.norm(products[peak] @ most[i]) == pytest.approx(norms[peak], rel=1e-13)
        assert np.linalg.norm(most[i]) == pytest.approx(1)


def test_what_is_not_there_is_nan():
    J = np.ones((2, 3, 1, 1))
    J[0, 2], J[1] = np.nan, np.nan
    for found in (log_product_norms(J)[0], log_norm_products(J)):
        np.testing.assert_array_equal(found, [[0, 0, 0, np.nan], [np.nan] * 4])


def test_from_zero_on_all_is_zero():
    J = np.array([2.0, 0.0, 5.0]).reshape(1, 3, 1, 1)
    for found in (log_product_norms(J)[0], log_norm_products(J)):
        np.testing.assert_array_equal(found, [[0, np.log(2), -np.inf, -np.inf]])
