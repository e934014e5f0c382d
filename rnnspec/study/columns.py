"""Numbers and settings of rows, where blanks are NaN and "none"."""

from __future__ import annotations

from collections.abc import Iterable
from math import isnan, nan

import numpy as np
from numpy.typing import NDArray

from rnnspec.study.results import Row

Array = NDArray[np.float64]


def number(row: Row, name: str) -> float:
    """Return a number of `row`, or NaN where it is blank or absent."""
    value = row.get(name)
    return nan if value is None or isinstance(value, str) else float(value)


def column(runs: Iterable[Row], name: str) -> Array:
    """Return a number of each run, shape (runs,)."""
    return np.array([number(run, name) for run in runs], np.float64)


def mean_known(values: Iterable[float]) -> float:
    """Mean of the numbers that are not NaN, or NaN if there is none.

    Examples
    --------
    >>> mean_known([1.0, nan, 3.0]), mean_known([nan])
    (2.0, nan)
    """
    known = [value for value in values if not isnan(value)]
    return sum(known) / len(known) if known else nan


def is_trained_with(run: Row, normalize: str = "none") -> bool:
    """Tell whether `run` was trained with this normalisation and not for robustness.

    A blank setting counts as "none".

    Examples
    --------
    >>> run = {"normalize": "norm", "adversarial": "pgd"}
    >>> is_trained_with({"normalize": None}), is_trained_with(run, "norm")
    (True, False)
    """
    normalized, adversarial = (run.get(name) or "none" for name in ("normalize", "adversarial"))
    penalised = bool(run.get("curvature_penalty"))
    return normalized == normalize and adversarial == "none" and not penalised
