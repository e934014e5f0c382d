"""Lyapunov exponents and their errors from the growth measured along trajectories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec._result import Table

# A drift of an exponent that counts as none.  Where all trajectories agree to rounding, as at a
# fixed point, the standard errors are 0 and explain no drift; what then remains of the alignment
# of the frames, an error like 1/t, is far below what anyone asks of an exponent.
NO_DRIFT = 1e-8


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


def spectrum_of(
    growth: NDArray[np.float64],  # shape: (r, n, k)
    loss: NDArray[np.float64],  # shape: (r, n, k)
    steps: NDArray[np.int64],  # shape: (n,)
    times: NDArray[np.int64],  # shape: (r,)
    state_size: int,
) -> LyapunovSpectrum:
    """The spectrum from the logarithmic growth in each of r periods.

    Period j of each of n trajectories ends at ``times[j]``; `loss` is what rounding may have added
    to its growth.
    """
    order = np.argsort(-growth.sum((0, 1)), kind="stable")
    growth, loss = growth[..., order], loss[..., order]
    taken = np.minimum(times[:, None], steps)  # shape: (r, n)
    total = growth.cumsum(0)
    running = total.sum(1) / taken.sum(1)[:, None]
    if len(steps) > 1:
        errors = np.array([ratio_errors(*so_far) for so_far in zip(total, taken, strict=True)])
    else:
        stretch = np.diff(taken[:, 0], prepend=0)
        parts = [(growth[: j + 1, 0], stretch[: j + 1]) for j in range(len(times))]
        errors = np.array([ratio_errors(*part) for part in parts])
    return LyapunovSpectrum(
        exponents=running[-1],
        standard_errors=errors[-1],
        rounding=loss.sum((0, 1)) / steps.sum(),
        finite_time=total[-1] / steps[:, None],
        steps=steps,
        times=times,
        running=running,
        running_errors=errors,
        state_size=state_size,
        converged=_has_converged(running, errors[-1], times),
    )


def ratio_errors(
    growth: NDArray[np.float64],  # shape: (m, k)
    steps: NDArray[np.int64],  # shape: (m,)
) -> NDArray[np.float64]:
    r"""Standard errors of the ratios :math:`\lambda_k = \sum_i G_{ik}/\sum_i T_i` of m samples.

    .. math:: \frac{1}{\sum_i T_i} \sqrt{\frac{m}{m-1} \sum_i (G_{ik} - \lambda_k T_i)^2}

    For equal T this is the standard deviation over the root of m.  W. Cochran, Sampling Techniques,
    3rd edition (1977), chapter 6.

    Examples
    --------
    >>> ratio_errors(np.array([[1.0], [3.0]]), np.array([10, 10])).round(12)
    array([0.1])
    """
    m = len(steps)
    if m < 2:
        return np.full(growth.shape[1], np.nan)
    with np.errstate(invalid="ignore"):  # an exponent of -inf has no error
        residuals = growth - growth.sum(0) / steps.sum() * steps[:, None]
    return np.asarray(np.sqrt(m / (m - 1) * (residuals**2).sum(0)) / steps.sum())


def _has_converged(
    running: NDArray[np.float64], errors: NDArray[np.float64], times: NDArray[np.int64]
) -> bool:
    half = np.flatnonzero(2 * times <= times[-1])
    known = np.isfinite(running[-1])
    if not len(half) or not np.isfinite(errors[known]).all():
        return False
    drift = np.linalg.norm(running[-1, known] - running[half[-1], known])
    return bool(drift <= 3 * np.linalg.norm(errors[known]) + NO_DRIFT)
