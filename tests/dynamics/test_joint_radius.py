import numpy as np
import pytest

from rnnspec import gallery
from rnnspec.dynamics.joint_radius import (
    Product,
    certainly_unstable,
    fastest_factor,
    fastest_product,
)


def random(*shape, size=1.0, seed=17):
    return size * np.random.default_rng(seed).standard_normal(shape) / np.sqrt(shape[-1])


def test_a_product_names_its_factors_in_the_order_in_which_they_act():
    J = np.stack([np.diag([0.1, 0.1, 0.1]), np.eye(3, k=1) * 1.5, np.eye(3, k=-2) * 1.5])
    product = fastest_product(J, np.eye(3))
    assert sorted(product.factors) == [1, 1, 2]
    assert product.spectral_radius == pytest.approx(1.5**3)
    assert product.rate == pytest.approx(1.5)
    assert fastest_factor(J).factors == (0,)


def test_what_rounding_may_have_made_unstable_is_not_certain():
    A = gallery.jordan(12, 0.999)[None]  # eigenvalues of moduli up to 1.05, as LAPACK sees them
    assert not certainly_unstable(A, fastest_factor(A + 1e-15 * random(1, 12, 12)))
    assert certainly_unstable(A + 0.5 * np.eye(12), Product((0,), 1.499))
    assert not certainly_unstable(A, Product((0,), 0.999))


def test_where_all_factors_contract_no_product_is_looked_for():
    J = 0.9 * np.stack([np.eye(2), -np.eye(2)])
    assert len(fastest_product(J, np.eye(2)).factors) == 1


def test_the_norm_tells_what_is_worth_lengthening():
    # In a norm in which both contract, products that grow for a while are given up at once.
    J = np.stack([[[0.5, 40.0], [0.0, 0.5]], [[0.4, 40.0], [0.0, 0.4]]])
    assert fastest_product(J, np.diag([1.0, 1e3])).rate == 0.5
