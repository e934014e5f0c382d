"""A number with a proof: the value, the interval that holds it, and where it is attained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec._result import Result


@dataclass(frozen=True, eq=False, repr=False)
class Bracket(Result):
    """A number, and an interval ``[lower, upper]`` that holds it up to rounding.

    ``float()`` gives the value.

    Attributes
    ----------
    value, lower, upper : float
    certified : bool
        Whether the interval was proved and is as narrow as was asked for.  If false, the interval
        is still the best one known; where nothing was proved, its lower end is 0 or its upper end
        is ``inf``.
    witness : complex or None
        The point z of the plane at which `value` is attained.
    perturbation : ndarray, shape (n, n), or None
        The matrix E of norm `value` that puts an eigenvalue of ``A + E`` at `witness`.
    step : int or None
        The power of the matrix at which `value` is attained, for a number of the powers.
    why : str
        Why the number is not certified, or why it is infinite; "" if there is nothing to say.

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
    step: int | None = None
    why: str = ""

    def __float__(self) -> float:
        return self.value

    @property
    def angle(self) -> float:
        """Angle of the witness in radians, between -pi and pi; NaN where there is no witness."""
        return float("nan") if self.witness is None else float(np.angle(self.witness))


def why_unfinished(rtol: float, bound: str) -> str:
    """Say that a search ended too early, and what its value then is: "a lower", "an upper" bound.

    Examples
    --------
    >>> why_unfinished(1e-4, "a lower")
    'the search did not reach rtol=0.0001: the value is a lower bound'
    """
    return f"the search did not reach rtol={rtol:g}: the value is {bound} bound"
