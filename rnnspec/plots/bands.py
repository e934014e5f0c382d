"""Numbers along data drawn as bands: quantiles over the sequences, step by step."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from rnnspec.dynamics.bands import MEASURES, StabilityBands
from rnnspec.plots.style import colour, figure_style
from rnnspec.spectra.numbers import NUMBERS

Array = NDArray[np.float64]
LABELS = {name: NUMBERS[name].of("Jₜ") for name in MEASURES}


def stability_bands(
    bands: StabilityBands, axes: Sequence[Axes] | NDArray[np.object_] | None = None
) -> NDArray[np.object_]:
    """Draw four stability numbers of the Jacobians over time, each in its own axes.

    Bands are quantiles over the sequences, the line is the sequence nearest to instability, and a
    ring with the number of its sequence marks the worst value.

    Parameters
    ----------
    bands : StabilityBands
    axes : array of matplotlib Axes, shape (4,), optional
        By default a new figure.

    Returns
    -------
    array of Axes, shape (4,)

    Raises
    ------
    ValueError
        If `axes` does not hold four axes.

    Examples
    --------
    >>> import torch
    >>> from rnnspec import dynamics
    >>> axes = stability_bands(dynamics.stability_bands(torch.nn.GRU(1, 4), np.zeros((2, 5, 1))))
    >>> axes[0].get_ylabel(), len(axes)
    ('spectral radius ρ(Jₜ)', 4)
    """
    with figure_style():
        if axes is None:
            axes = plt.subplots(2, 2, figsize=(8.4, 6.0), sharex=True)[1]
        axes = np.ravel(np.asarray(axes, dtype=object))
        if len(axes) != len(LABELS):
            raise ValueError(f"`axes` must hold {len(LABELS)} Axes, got {len(axes)}")
        row = bands.sequences.tolist().index(bands.worst_sequence)
        for ax, (name, label) in zip(axes, LABELS.items(), strict=True):
            values = bands.values[name]
            draw_bands(ax, bands.steps, bands.quantiles[name], bands.levels, colour(0), "")
            worst = f"sequence {bands.worst_sequence}, the nearest to instability"
            ax.plot(bands.steps, values[row], "-", color=colour(1), label=worst)
            sequence, step = bands.worst[name]
            place = bands.sequences.tolist().index(sequence), bands.steps.tolist().index(step)
            ax.plot(step, values[place], "o", color=colour(1), markerfacecolor="none")
            ax.annotate(
                str(sequence), (step, values[place]), (4, 4), textcoords="offset points", fontsize=8
            )
            ax.set_ylabel(label)
        axes[0].axhline(1, color="0.6", linewidth=0.8, zorder=0)
        axes[1].axhline(1, color="0.6", linewidth=0.8, zorder=0)
        for ax in axes[-2:]:
            ax.set_xlabel("step t")
        figure = axes[0].figure
        title = f"{len(bands.sequences)} of {bands.n_sequences} sequences"
        figure.legend(*axes[0].get_legend_handles_labels(), title=title,
                      loc="outside lower center", ncols=4)  # fmt: skip
    return axes


def draw_bands(
    ax: Axes,
    x: ArrayLike,
    quantiles: Array,  # shape: (q, t)
    levels: ArrayLike,  # shape: (q,)
    shade: str,
    label: str,
    scale: float = 1.0,
) -> None:
    """Draw a band between each pair of levels, from outside, and a line at the middle level."""
    y, share = finite(quantiles) / scale, 100 * np.asarray(levels)
    for low in range(len(share) // 2):
        high = len(share) - 1 - low
        name = None if label else f"{share[low]:g} to {share[high]:g} % of sequences"
        ax.fill_between(
            x, y[low], y[high], color=shade, alpha=0.2 + 0.3 * low, linewidth=0, label=name
        )
    if len(share) % 2:
        middle = len(share) // 2
        name = label or ("median" if share[middle] == 50 else f"{share[middle]:g} % of sequences")
        ax.plot(x, y[middle], color=shade, label=name)


def finite(values: Array) -> Array:
    """`values` with NaN where they are infinite, so that no line goes there."""
    return np.where(np.isfinite(values), values, np.nan)
