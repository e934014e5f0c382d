r"""Products of several matrices, in any order and with repetition, that grow.

.. math:: \sup_k \max_{i_1 \dots i_k} \rho(J_{i_k} \cdots J_{i_1})^{1/k}
          \le \min_T \max_i \|T J_i T^{-1}\|

On the left is the joint spectral radius of the matrices, which each product bounds from below.
If every factor has norm below 1 in a common norm, every product has spectral radius below 1; so
one product of spectral radius above 1 proves that there is no such norm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec.dynamics.weighting import weighted_norms
from rnnspec.spectra.engine import EPS
from rnnspec.spectra.engine.curve import CIRCLES, lowest_on_curve

Array = NDArray[Any]
LONGEST = 8  # most factors of a product: the cost grows with it, and a witness is rarely longer
FACTORS = 32  # matrices of which products are made, those with the largest norms
BEAM = 32  # products of each length that are lengthened, so that a length costs 1024 products
REPETITION = 1e-9  # relative gain of a rate below which a longer product is a mere repetition


@dataclass(frozen=True)
class Product:
    """A product of matrices: the indices of its factors, the first to act first, and its radius."""

    factors: tuple[int, ...]
    spectral_radius: float

    @property
    def rate(self) -> float:
        """Growth in one step: in every common norm some factor has at least this norm."""
        return float(self.spectral_radius ** (1 / len(self.factors)))


def fastest_factor(
    J: Array,  # shape: (m, s, s)
) -> Product:
    """The matrix with the largest spectral radius, as a product of one factor.

    Examples
    --------
    >>> fastest_factor(np.array([[[0.5]], [[-2.0]]]))
    Product(factors=(1,), spectral_radius=2.0)
    """
    radii = np.abs(np.linalg.eigvals(J)).max(1)
    return Product((int(radii.argmax()),), float(radii.max()))


def fastest_product(
    J: Array,  # shape: (m, s, s)
    T: Array,  # shape: (s, s)
) -> Product:
    r"""The product of at most 8 factors with the largest rate that a search finds.

    If a product has spectral radius at least 1, then some rotation of its factors has only partial
    products of norm at least 1, in whatever norm; so others are not lengthened.  Of those that are,
    the search takes only the 32 largest in the norm :math:`\|T \cdot T^{-1}\|`, and multiplies them
    by the 32 largest factors.  A product that is found refutes; that none is found proves nothing.

    Notes
    -----
    Cost 1024 products and norms for each length, O(s^3) each.

    References
    ----------
    .. [1] G. Gripenberg, Linear Algebra Appl. 234 (1996), 43-60.

    Examples
    --------
    >>> shear = np.array([[0.5, 2.0], [0.0, 0.5]])
    >>> found = fastest_product(np.stack([shear, shear.T]), np.eye(2))
    >>> found.factors, round(found.spectral_radius, 4)
    ((0, 1), 4.4861)
    """
    largest = np.argsort(-weighted_norms(J, T), kind="stable")[:FACTORS]
    M = T @ J[largest] @ np.linalg.inv(T)
    best = fastest_factor(J)
    factors, products = np.arange(len(M))[:, None], M
    for _ in range(LONGEST - 1):
        norms = np.linalg.norm(products, 2, axis=(1, 2))
        kept = np.argsort(-norms, kind="stable")[:BEAM]
        kept = kept[norms[kept] >= 1]
        if not len(kept):
            break
        products = (M[:, None] @ products[kept]).reshape(-1, *M.shape[1:])
        last = np.repeat(np.arange(len(M)), len(kept))
        factors = np.column_stack([np.tile(factors[kept], (len(M), 1)), last])
        found = _fastest(factors, products)
        if found.rate > best.rate * (1 + REPETITION):
            best = Product(tuple(largest[list(found.factors)].tolist()), found.spectral_radius)
        if best.spectral_radius > 1:
            break
    return best


def _fastest(factors: Array, products: Array) -> Product:
    """The product with the largest spectral radius among the 32 with the largest norms.

    A spectral radius is at most the norm, so the others can rarely have a larger one.
    """
    largest = np.argsort(-np.linalg.norm(products, 2, axis=(1, 2)), kind="stable")[:BEAM]
    found = fastest_factor(products[largest])
    chosen = factors[largest[found.factors[0]]]
    return Product(tuple(chosen.tolist()), found.spectral_radius)


def certainly_unstable(
    J: Array,  # shape: (m, s, s)
    product: Product,
) -> bool:
    r"""Whether the exact product has an eigenvalue outside the unit circle.

    The rounding errors, of the product and of its eigenvalues, are those of a perturbation E.  It
    moves no eigenvalue across the circle if
    :math:`\|E\| < \min_{|z|=1} \sigma_{\min}(zI - A)`.

    Examples
    --------
    >>> one = np.ones((1, 1, 1))
    >>> [certainly_unstable(c * one, fastest_factor(c * one)) for c in (1.0, 1.0 + 1e-9)]
    [False, True]
    """
    if not product.spectral_radius > 1:
        return False
    A, size = np.eye(J.shape[1]), 1.0
    for factor in product.factors:
        A, size = J[factor] @ A, size * float(np.linalg.norm(J[factor]))
    rounding = 10 * len(A) * len(product.factors) * EPS * max(1.0, size)
    return lowest_on_curve(A, CIRCLES, 1.0, rtol=0.5).lower > rounding
