"""A number with a proof: the value, the interval that holds it, and where it is attained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Bracket:
    """A number, and an interval ``[lower, upper]`` that holds it up to rounding.

    Parameters
    ----------
    value, lower, upper : float
    certified : bool
        Whether the interval was proved and is as narrow as was asked for.  If false, the interval
        is still the best one known; its end is then 0 or ``inf`` where nothing was proved.
    witness : complex, optional
        The point z of the plane at which `value` is attained.
    perturbation : ndarray, shape (n, n), optional
        The matrix E of norm `value` that puts an eigenvalue of ``A + E`` at `witness`.

    Examples
    --------
    >>> found = Bracket(0.5, 0.4999, 0.5, certified=True, witness=1j)
    >>> float(found), round(found.angle, 4)
    (0.5, 1.5708)
    """

    value: float
    lower: float
    upper: float
    certified: bool
    witness: complex | None = None
    perturbation: NDArray[Any] | None = None

    def __float__(self) -> float:
        return self.value

    @property
    def angle(self) -> float:
        """Angle of the witness in radians, between -pi and pi; NaN where there is no witness."""
        return float("nan") if self.witness is None else float(np.angle(self.witness))
