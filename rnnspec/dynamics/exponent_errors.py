"""From the growth measured along trajectories to exponents, their errors and their convergence."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rnnspec.dynamics.exponents import LyapunovSpectrum

# A drift of an exponent that counts as none.  Where all trajectories agree to rounding, as at a
# fixed point, the standard errors are 0 and explain no drift; what then remains of the alignment
# of the frames, an error like 1/t, is far below what anyone asks of an exponent.
NO_DRIFT = 1e-8


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
