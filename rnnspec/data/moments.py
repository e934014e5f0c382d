"""Mean and standard deviation of channels, exact under any offset and in any unit."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

CONSTANT, COARSE = 1, 100  # standard deviation, in roundings of the largest value


def moments(steps: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Mean and standard deviation of the columns of `steps`; 0 for one that is constant.

    .. math:: \mu = m + \overline{x - m}, \qquad \sigma^2 = \overline{(x - \mu)^2}

    with m a first estimate of the mean, so that an offset costs no digits.  All is computed in
    units of a power of 2 near the largest value, so that no square overflows or vanishes.  A
    column whose deviation is below the rounding of its largest value counts as constant.

    Parameters
    ----------
    steps : (m, d) array
        At least one row.

    Warns
    -----
    UserWarning
        If a column changes by less than 100 roundings of its values: its digits are gone.

    Examples
    --------
    >>> mean, std = moments(1.7e9 + np.array([[-1e-3, 5.0], [1e-3, 5.0]]))
    >>> round(float(std[0]), 5), float(mean[1]), float(std[1])
    (0.001, 1700000005.0, 0.0)
    """
    largest = np.abs(steps).max(axis=0)
    _, exponent = np.frexp(largest.astype(np.float64))
    x = np.ldexp(steps.astype(np.float64), -exponent)
    near = x.mean(axis=0)
    x -= near
    rest = x.mean(axis=0)
    x -= rest
    mean = np.ldexp(near + rest, exponent)
    std = np.ldexp(np.sqrt(np.square(x).mean(axis=0)), exponent)
    same = (steps == steps[0]).all(axis=0)
    mean[same], std[same] = steps[0, same], 0
    # The distance of neighbouring numbers in the type in which the values came.
    rounding = np.spacing(largest).astype(np.float64)
    coarse = ~same & (std < COARSE * rounding)
    if coarse.any():
        c = int(np.argmax(coarse))
        constant = ", and counts as constant" if std[c] < CONSTANT * rounding[c] else ""
        warnings.warn(
            f"channel {c} has values near {largest[c]:.6g}, which {steps.dtype} tells apart in"
            f" steps of {rounding[c]:.2g}, and a standard deviation of {std[c]:.2g}: its digits are"
            f" gone{constant} (subtract the offset before the values are stored)",
            UserWarning,
            stacklevel=2,
        )
    std[std < CONSTANT * rounding] = 0
    return mean, std
