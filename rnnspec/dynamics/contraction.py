r"""Whether a weighted norm exists in which every Jacobian seen is a contraction.

.. math:: \|T J_i T^{-1}\|_2 \le \rho < 1
          \quad\Longleftrightarrow\quad J_i^T P J_i \preceq \rho^2 P,\qquad P = T^T T

Then every product of k of them, in any order, is at most :math:`\kappa(T) \rho^k`.  No such
norm exists if some product of them has spectral radius at least 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnspec.dynamics.weighting import best_weight, weighted_norms
from rnnspec.dynamics.words import Word, certainly_unstable, fastest_letter, fastest_word
from rnnspec.spectra.engine import EPS

Array = NDArray[Any]
SLACKS = (1e-12, 1e-9, 1e-6, 1e-3, 1e-2)  # that rounding may need above the computed rate


@dataclass(frozen=True, eq=False)
class Contraction:
    r"""A proof, a refutation, or neither.

    Attributes
    ----------
    verdict : {"proved", "refuted", "undecided"}
        Of the first two each is verified against all rounding errors.
    rate : float
        :math:`\max_i \|T J_i T^{-1}\|_2`, the least found; if proved, verified as an upper bound;
        that of T = I where one Jacobian refutes at once.
    lower_rate : float
        The largest :math:`\rho(w)^{1/k}` of a product w of k of them met in the search, computed:
        no norm has a rate below it.
    T : (s, s) array
        Of spectral norm 1.
    condition : float
        :math:`\kappa_2(T)`: what the norm's contraction costs in the Euclidean norm.
    word : tuple of (sequence, step)
        The product of `lower_rate`, its factors in the order in which they act; the witness, if
        refuted.
    spectral_radius : float
        Of that product.
    """

    verdict: str
    rate: float
    lower_rate: float
    T: NDArray[np.float64]
    condition: float
    word: tuple[tuple[int, int], ...]
    spectral_radius: float

    @property
    def margin(self) -> float:
        """``1 - rate``: by so much the norm of each shrinks at least; negative if it may grow."""
        return 1 - self.rate


def contraction_check(
    jacobians: ArrayLike,  # shape: (n, t, s, s)
) -> Contraction:
    r"""Look for a norm :math:`\|T \cdot T^{-1}\|_2` in which all `jacobians` are below 1.

    It speaks of the Jacobians seen, and of sequences made of them; of states that the data did
    not visit it says nothing.

    Parameters
    ----------
    jacobians : (n, t, s, s) array_like
        What `state_jacobians` gives; steps of NaN, padded ones, are left out.

    Returns
    -------
    Contraction
        ``refuted`` by one Jacobian, or by a product of up to 8 of them; ``undecided`` if neither
        was found, as where a spectral radius is 1 to rounding.

    Raises
    ------
    ValueError
        If the shape is wrong, or a real entry is not finite, or there is no real step.

    Notes
    -----
    T is found by convex optimisation (`rnnspec.dynamics.weighting`) and proved by a Cholesky
    factor of :math:`\rho^2 P - J_i^T P J_i - \delta_i I` for each i, :math:`\delta_i` above all
    rounding errors.  Words are sought with a beam (`rnnspec.dynamics.words`), which may miss one:
    hence the third verdict.  Cost O(n t s^3) a look at all, and some hundred evaluations
    O(m s^3) with m of them, 16 to 128; for 100 of size 64 some 10 s.

    References
    ----------
    .. [1] W. Lohmiller and J.-J. E. Slotine, Automatica 34 (1998), 683-696.
    .. [2] S. M. Rump, BIT 46 (2006), 433-452 (positive definite, in floating point).

    Examples
    --------
    >>> shear = np.array([[0.5, 2.0], [0.0, 0.4]])
    >>> found = contraction_check([[shear]])
    >>> found.verdict, round(found.rate, 2)
    ('proved', 0.5)
    >>> found = contraction_check([[shear, shear.T]])  # each is stable, their product is not
    >>> found.verdict, found.word, round(found.spectral_radius, 2)
    ('refuted', ((0, 0), (0, 1)), 4.4)
    """
    J, places = _letters(jacobians)
    best, T = fastest_letter(J), np.eye(J.shape[1])
    if certainly_unstable(J, best):
        rate = float(weighted_norms(J, T).max())
        return _result("refuted", rate, best, T, places)
    T = best_weight(J)
    rate = float(weighted_norms(J, T).max())
    for slack in SLACKS:
        if rate + slack < 1 and _is_proved(J, T, rate + slack):
            return _result("proved", rate + slack, best, T, places)
    best = fastest_word(J, T)
    verdict = "refuted" if certainly_unstable(J, best) else "undecided"
    return _result(verdict, rate, best, T, places)


def _letters(jacobians: ArrayLike) -> tuple[Array, Array]:
    """The Jacobians of real steps (m, s, s), and (m, 2) their sequences and steps."""
    J = np.asarray(jacobians, dtype=np.float64)
    if J.ndim != 4 or J.shape[2] != J.shape[3] or 0 in J.shape:
        raise ValueError(f"`jacobians` must have shape (n, t, s, s), none of it 0, got {J.shape}")
    real = ~np.isnan(J).all((2, 3))
    if not real.any():
        raise ValueError("`jacobians` must hold at least one real step, got NaN at all")
    if not np.isfinite(J[real]).all():
        n, t = np.argwhere(real & ~np.isfinite(J).all((2, 3)))[0]
        raise ValueError(
            f"`jacobians` must be finite at real steps, got others in sequence {n}, step {t}"
            " (a training that diverged?)"
        )
    return J[real], np.argwhere(real)


def _is_proved(J: Array, T: Array, rate: float) -> bool:
    r"""Whether :math:`J_i^T P J_i \preceq \rho^2 P` and :math:`P \succ 0` without any doubt.

    P is the rounded T^T T, taken as exact.  Sums of s products are wrong by at most s eps times
    the sums of their moduli, and a Cholesky factorisation that ends proves its matrix, plus
    (s + 2) eps times its trace, positive definite.
    """
    # Powers of two change no digit: T may be as ill conditioned as a diagonal matrix can.
    scale = 2.0 ** np.round(np.log2(np.linalg.norm(T, axis=0)))
    T, J = T / scale, scale[:, None] * J / scale
    P, s = T.T @ T, len(T)
    P = (P + P.T) / 2
    moduli = np.abs(J).mT @ np.abs(P) @ np.abs(J) + rate**2 * np.abs(P)
    rounding = 8 * (s + 3) * EPS * np.sqrt(s) * np.linalg.norm(moduli, axis=(1, 2))
    left = rate**2 * P - J.mT @ P @ J
    try:
        np.linalg.cholesky(P - rounding.max() * np.eye(s))
        np.linalg.cholesky((left + left.mT) / 2 - rounding[:, None, None] * np.eye(s))
    except np.linalg.LinAlgError:
        return False
    return True


def _result(verdict: str, rate: float, word: Word, T: Array, places: Array) -> Contraction:
    seen = tuple((int(n), int(t)) for n, t in places[list(word.letters)])
    condition = float(np.linalg.cond(T))
    return Contraction(verdict, rate, word.rate, T, condition, seen, word.spectral_radius)
