r"""A proof, in floating point, that a weighted norm shrinks at every step.

.. math:: J_i^T P J_i \preceq \rho^2 P,\qquad P = T^T T \succ 0

References
----------
.. [1] S. M. Rump, BIT 46 (2006), 433-452 (proof of positive definiteness in floating point).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec.spectra.engine import EPS

Array = NDArray[Any]


def proves_contraction(
    J: Array,  # shape: (m, s, s)
    T: Array,  # shape: (s, s)
    rate: float,
) -> bool:
    r"""Whether :math:`J_i^T P J_i \preceq \rho^2 P` and :math:`P \succ 0` are proved.

    P is the rounded T^T T, taken as exact.  A computed sum of s products is wrong by at most s eps
    times the sum of their moduli.  If a Cholesky factorisation ends, its matrix plus (s + 2) eps
    times its trace is proved positive definite.

    Examples
    --------
    >>> half = 0.5 * np.eye(1)[None]
    >>> [proves_contraction(half, np.eye(1), rate) for rate in (0.5, 0.5 + 1e-12)]
    [False, True]
    """
    # Scaling by powers of two changes no digit, and removes the ill conditioning of a diagonal T.
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
