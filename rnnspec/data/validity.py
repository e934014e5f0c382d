"""Checks of the values, labels and lengths of sequences; each raises ValueError."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Bounds = tuple[NDArray[np.float64], NDArray[np.float64]]  # each of shape (d,)
ROUNDING = 1e-6  # relative, of standardised bounds: what float32 leaves of them
EXACT = 1e-15  # relative, of raw bounds and means: what float64 leaves of them


def check_range(values: NDArray[np.int64], name: str, low: int, high: int) -> None:
    """Refuse integers outside `low` to `high`."""
    if values.dtype.kind not in "iu":
        raise ValueError(f"`{name}` must be integers, got dtype {values.dtype}")
    wrong = (values < low) | (values > high)
    if wrong.any():
        i = int(np.argmax(wrong))
        raise ValueError(f"`{name}` must be from {low} to {high}, got {values[i]} at [{i}]")


def check_finite(inputs: NDArray[Any]) -> None:
    """Refuse NaN and infinity."""
    wrong = ~np.isfinite(inputs)
    if wrong.any():
        i, step, c = (int(k) for k in np.argwhere(wrong)[0])
        raise ValueError(
            f"`inputs` must be finite, got {inputs[i, step, c]} at [{i}, {step}, {c}]: impute"
            " missing values before"
        )


def check_scaling(mean: NDArray[np.float64], std: NDArray[np.float64]) -> None:
    """Refuse a `std` that is not above 0, and a `mean` or `std` that is not finite."""
    if not (np.isfinite(std).all() and (std > 0).all()):
        raise ValueError(f"`std` must be finite and > 0 in every channel, got {std}")
    if not np.isfinite(mean).all():
        raise ValueError(f"`mean` must be finite in every channel, got {mean}")


def check_bounds(
    inputs: NDArray[Any],  # shape: (n, t, d)
    real: NDArray[np.bool_],  # shape: (n, t)
    mean: NDArray[np.float64],
    std: NDArray[np.float64],
    bounds: Bounds,
) -> None:
    """Refuse raw values, at steps that are `real`, outside the raw `bounds`."""
    lower, upper = bounds
    if not (lower <= upper).all():  # NaN among them
        raise ValueError(f"`lower` must be at most `upper`, got {lower} and {upper}")
    if not inputs.size or ((lower == -np.inf) & (upper == np.inf)).all():
        return
    with np.errstate(over="ignore"):  # of a tiny std
        low, high = ((edge - mean) / std for edge in bounds)
        rest = EXACT * sum(np.where(np.isinf(edge), 0, np.abs(edge)) for edge in (*bounds, mean))
        # In relation to the bounds themselves: those of currents in ampere are 1e-12.
        sizes = (np.where(np.isinf(edge), 0, np.abs(edge)) for edge in (low, high))
        room = ROUNDING * np.maximum(*sizes) + rest / std
    low, high = low - room, high + room
    if (inputs.min(axis=(0, 1)) >= low).all() and (inputs.max(axis=(0, 1)) <= high).all():
        return
    outside = ((inputs < low) | (inputs > high)) & real[:, :, np.newaxis]
    if outside.any():
        i, step, c = (int(k) for k in np.argwhere(outside)[0])
        raise ValueError(
            "raw values must lie between `lower` and `upper`, from"
            f" {lower[c]:.15g} to {upper[c]:.15g} in channel {c}, got"
            f" {float(inputs[i, step, c]) * std[c] + mean[c]:.15g} at [{i}, {step}, {c}]"
            " (other units, or bounds that do not hold for the data?)"
        )
