r"""Whether a weighted norm exists in which each of several Jacobians is a contraction.

.. math:: \|T J_i T^{-1}\|_2 \le \rho < 1
          \quad\Longleftrightarrow\quad J_i^T P J_i \preceq \rho^2 P,\qquad P = T^T T

Then the norm of every product of k of them, in any order, is at most
:math:`\kappa(T) \rho^k`.  No such norm exists if some product of them has a spectral radius of at
least 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnspec._result import Result
from rnnspec.dynamics.contraction_proof import proves_contraction
from rnnspec.dynamics.joint_radius import (
    Product,
    certainly_unstable,
    fastest_factor,
    fastest_product,
)
from rnnspec.dynamics.products import check_jacobians
from rnnspec.dynamics.weighting import best_weight, weighted_norms

Array = NDArray[Any]
# What is added to the computed rate, one after another, until the proof succeeds.  The rounding
# errors that it must exceed grow with s and with the condition of T.  1e-12 is enough for small,
# well conditioned matrices, and a rate that needs more than 1e-2 says little.
SLACKS = (1e-12, 1e-9, 1e-6, 1e-3, 1e-2)


@dataclass(frozen=True, eq=False, repr=False)
class Contraction(Result):
    r"""A proof, a refutation, or neither.

    Attributes
    ----------
    verdict : {"proved", "refuted", "undecided"}
        ``proved`` and ``refuted`` are verified against all rounding errors.
    rate : float
        :math:`\max_i \|T J_i T^{-1}\|_2`, the smallest that was found.  If proved, it is verified
        as an upper bound.  If a single Jacobian refutes, no T is looked for, and the rate is that
        of T = I.
    lower_rate : float
        The largest :math:`\rho(w)^{1/k}` of a product w of k Jacobians that the search met.
        Up to rounding, no norm has a rate below it.
    T : array, shape (s, s)
        The matrix of the norm, scaled to spectral norm 1.
    condition : float
        :math:`\kappa_2(T)`: the factor by which a change may first grow in the Euclidean norm.
    factors : tuple of (sequence, step)
        The factors of the product that gives `lower_rate`, in the order in which they act.  If
        refuted, they are the witness.
    spectral_radius : float
        The spectral radius of that product.
    """

    verdict: str
    rate: float
    lower_rate: float
    T: NDArray[np.float64]
    condition: float
    factors: tuple[tuple[int, int], ...]
    spectral_radius: float

    @property
    def margin(self) -> float:
        """``1 - rate``: if proved, every step shrinks the norm by at least this share."""
        return 1 - self.rate


def contraction_check(
    jacobians: ArrayLike,
) -> Contraction:
    r"""Look for a norm :math:`\|T \cdot T^{-1}\|_2` in which all `jacobians` are below 1.

    The dot stands for a Jacobian, and T is one matrix for all of them.  The verdict holds for these
    Jacobians and for sequences made of them.  It says nothing about states that the data did not
    visit.

    Parameters
    ----------
    jacobians : (n, t, s, s) array_like
        What `state_jacobians` gives; matrices of NaN, at padded steps, are left out.

    Returns
    -------
    Contraction
        The verdict is ``proved`` if such a norm was found, and ``refuted`` if one Jacobian, or a
        product of up to 8 of them, is unstable.  It is ``undecided`` if neither was proved, for
        example where a spectral radius is 1 up to rounding.

    Raises
    ------
    ValueError
        If the shape is wrong, an entry at a real step is not finite, or there is no real step.

    Notes
    -----
    T is found by convex optimisation (`rnnspec.dynamics.weighting`) and proved by a Cholesky factor
    of :math:`\rho^2 P - J_i^T P J_i - \delta_i I` for each i, :math:`\delta_i` above all rounding
    errors.  A beam search looks for products that grow (`rnnspec.dynamics.joint_radius`).  It may
    miss such a product; if there is no proof either, the verdict is ``undecided``.  Cost O(n t s^3)
    for each of a few passes over all Jacobians, and O(m s^3) for each of some hundred evaluations
    on m of them, where m is 16 to 128.  For 100 Jacobians of size 64 this takes about 10 s.

    References
    ----------
    .. [1] W. Lohmiller and J.-J. E. Slotine, Automatica 34 (1998), 683-696.
    .. [2] S. M. Rump, BIT 46 (2006), 433-452 (proof of positive definiteness in floating point).

    Examples
    --------
    No rate is below the spectral radius, which is 0.5 for the first matrix.  The product of the
    two matrices has trace 4.41 and determinant 0.04, so that its spectral radius is 4.4:

    >>> shear = np.array([[0.5, 2.0], [0.0, 0.4]])
    >>> found = contraction_check([[shear]])
    >>> found.verdict, round(found.rate, 2)
    ('proved', 0.5)
    >>> found = contraction_check([[shear, shear.T]])  # each is stable, their product is not
    >>> found.verdict, found.factors, round(found.spectral_radius, 2)
    ('refuted', ((0, 0), (0, 1)), 4.4)
    """
    J, places = _real_jacobians(jacobians)
    best, T = fastest_factor(J), np.eye(J.shape[1])
    if certainly_unstable(J, best):
        rate = float(weighted_norms(J, T).max())
        return _result("refuted", rate, best, T, places)
    T = best_weight(J)
    rate = float(weighted_norms(J, T).max())
    for slack in SLACKS:
        if rate + slack < 1 and proves_contraction(J, T, rate + slack):
            return _result("proved", rate + slack, best, T, places)
    best = fastest_product(J, T)
    verdict = "refuted" if certainly_unstable(J, best) else "undecided"
    return _result(verdict, rate, best, T, places)


def _real_jacobians(jacobians: ArrayLike) -> tuple[Array, Array]:
    """The m Jacobians at real steps, (m, s, s), and their sequences and steps, (m, 2)."""
    J = check_jacobians(jacobians)
    real = ~np.isnan(J).all((2, 3))
    if not real.any():
        raise ValueError("`jacobians` must hold at least one real step, but all of them are NaN")
    if not np.isfinite(J[real]).all():
        n, t = np.argwhere(real & ~np.isfinite(J).all((2, 3)))[0]
        raise ValueError(
            f"`jacobians` must be finite at real steps, but that of sequence {n}, step {t} is not"
            " (a training that diverged?)"
        )
    return J[real], np.argwhere(real)


def _result(verdict: str, rate: float, best: Product, T: Array, places: Array) -> Contraction:
    factors = tuple((int(n), int(t)) for n, t in places[list(best.factors)])
    condition = float(np.linalg.cond(T))
    return Contraction(verdict, rate, best.rate, T, condition, factors, best.spectral_radius)
