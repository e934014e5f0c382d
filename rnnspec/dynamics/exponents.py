"""Lyapunov exponents, how well they are known, and the dimension that they give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec._result import Table


@dataclass(frozen=True, eq=False, repr=False)
class LyapunovSpectrum(Table):
    r"""Exponents in descending order, natural logarithms per step, and how well they are known.

    Attributes
    ----------
    exponents : array, shape (k,)
        Growth of all trajectories over their steps, :math:`\sum_i G_{ik} / \sum_i T_i`.
        An exponent is -inf where a Jacobian is singular, so that an axis of the frame is lost.
    standard_errors : array, shape (k,)
        Standard errors of these ratios over the trajectories.  For a single trajectory they are
        taken over consecutive stretches of it (batch means, up to 32), which must be longer than
        its memory for the errors to be right.  NaN for an infinite exponent, and if there is
        neither a second trajectory nor a second stretch.
    rounding : array, shape (k,)
        What rounding may have added, to first order.  An exponent can be trusted if this is small
        beside it.  It is large, or infinite, for an axis that shrinks within one step by more than
        floating point can resolve beside the longest axis.
    finite_time : array, shape (n, k)
        Each trajectory's own exponents, :math:`G_{ik} / T_i`.
    steps : array of int, shape (n,)
        Number of steps :math:`T_i` of each trajectory after the warm-up.
    times : array of int, shape (r,)
        Steps after the warm-up at which there are running estimates; the last is the longest T.
    running : array, shape (r, k)
        Exponents from the steps up to each of `times`.
    running_errors : array, shape (r, k)
        Their standard errors.
    state_size : int
        The size s of the state, which is the number of exponents that there are.
    converged : bool
        Whether the running estimates moved in the second half no further than three standard
        errors explain, in the 2-norm over the finite exponents.
    """

    exponents: NDArray[np.float64]
    standard_errors: NDArray[np.float64]
    rounding: NDArray[np.float64]
    finite_time: NDArray[np.float64]
    steps: NDArray[np.int64]
    times: NDArray[np.int64]
    running: NDArray[np.float64]
    running_errors: NDArray[np.float64]
    state_size: int
    converged: bool

    @property
    def kaplan_yorke_dimension(self) -> float:
        r"""The dimension :math:`j + \sum_{i \le j} \lambda_i / |\lambda_{j+1}|` of the attractor.

        j is the last index whose sum is not negative: 0 if :math:`\lambda_1 < 0`, s if no sum
        is negative.  The dimension is NaN if it needs more exponents than were computed: take a
        larger `k`.  J. Kaplan and J. Yorke, Lecture Notes in Mathematics 730 (1979), 204-227.
        """
        sums = np.cumsum(self.exponents)
        j = int((sums >= 0).sum())
        if j == len(sums):
            return float(j) if j == self.state_size else np.nan
        return j + float(sums[j - 1] / -self.exponents[j]) if j else 0.0

    def rows(self) -> list[dict[str, Any]]:
        """Return one dictionary for each exponent, with its standard error and its rounding."""
        return [
            {"exponent": float(exponent), "standard_error": float(error), "rounding": float(loss)}
            for exponent, error, loss in zip(
                self.exponents, self.standard_errors, self.rounding, strict=True
            )
        ]
