"""Growth, gradients and stability along data, drawn: results and axes in, axes out."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from rnnspec.dynamics.bands import MEASURES, StabilityBands
from rnnspec.dynamics.gradients import GradientProfile
from rnnspec.dynamics.growth import FiniteTimeGrowth
from rnnspec.plots.style import colour, legend, styled
from rnnspec.spectra.numbers import NUMBERS

Array = NDArray[np.float64]
DECADE = float(np.log(10))
LEVELS = (0.05, 0.5, 0.95)  # of the sequences, in the picture of growth
LABELS = {name: NUMBERS[name].of("Jₜ") for name in MEASURES}


def growth(growth: FiniteTimeGrowth, ax: Axes | None = None) -> Axes:
    """Growth of a kick along data, with what bounds it.

    Of sequences the median, and a band from 5 to 95 %.  Infinite logarithms are not drawn.

    Parameters
    ----------
    growth : FiniteTimeGrowth
    ax : matplotlib Axes, optional
        By default a new figure.

    Returns
    -------
    Axes

    Examples
    --------
    >>> from rnnspec.models.classifier import SequenceClassifier
    >>> from rnnspec.dynamics.growth import finite_time_growth
    >>> model = SequenceClassifier("gru", 1, 2, hidden=4)
    >>> ax = growth(finite_time_growth(model, np.zeros((2, 5, 1))))
    >>> ax.get_xlabel()
    'steps k after the kick'
    """
    A = "W" if growth.reference == "W" else "J̄"
    k = np.arange(len(growth.powers))
    with styled():
        ax = plt.subplots(figsize=(6.4, 4.8))[1] if ax is None else ax
        quantiles = growth.quantiles(LEVELS)
        for name, j, label in (
            ("product", 1, "∏ⱼ ‖Jₜ₊ⱼ‖, a bound of the next"),
            ("linear", 0, "‖Jₜ₊ₖ ⋯ Jₜ₊₁‖, any small kick"),
            ("measured", 2, "‖δₖ‖ / ε, the kick measured"),
        ):
            _bands(ax, k, quantiles[name], LEVELS, colour(j), label, scale=DECADE)
        if growth.bound is not None:
            label = "min(‖W‖ᵏ, ‖|W|ᵏ‖), a bound of any kick"
            ax.plot(k, _finite(growth.bound) / DECADE, color="black", label=label)
        label = f"‖{A}ᵏ‖, no bound of these"
        ax.plot(k, _finite(growth.powers) / DECADE, "--", color=colour(3), label=label)
        label = f"K and e s K, bounds of supₖ ‖{A}ᵏ‖"
        if np.isfinite(growth.kreiss_upper):
            ends = np.array([growth.kreiss_lower, growth.kreiss_upper]) / DECADE
            ax.hlines(ends, 0, k[-1], linestyle=":", color=colour(3), label=label)
        ax.axhline(0, color="0.6", linewidth=0.8, zorder=0)
        ax.set(xlabel="steps k after the kick", ylabel="growth (log₁₀)")
        legend(ax, columns=2)
    return ax


def gradient_profile(profile: GradientProfile, ax: Axes | None = None) -> Axes:
    """Sizes of the loss's gradient in the state at each step: median and bands over sequences.

    Parameters
    ----------
    profile : GradientProfile
    ax : matplotlib Axes, optional
        By default a new figure.

    Returns
    -------
    Axes

    Examples
    --------
    >>> from rnnspec.models.classifier import SequenceClassifier
    >>> from rnnspec.dynamics.gradients import gradient_profile
    >>> model = SequenceClassifier("gru", 1, 2, hidden=4)
    >>> ax = gradient_profile(gradient_profile(model, np.zeros((2, 5, 1)), [0, 1]))
    >>> ax.get_ylabel()
    '‖∂ℓ / ∂sₜ‖ (log₁₀)'
    """
    t = np.arange(profile.quantiles.shape[1])
    with styled():
        ax = plt.subplots(figsize=(6.4, 4.2))[1] if ax is None else ax
        _bands(ax, t, profile.quantiles, profile.levels, colour(0), "", scale=DECADE)
        ax.set(xlabel=f"step t of the {profile.direction} state", ylabel="‖∂ℓ / ∂sₜ‖ (log₁₀)")
        legend(ax, columns=3)
    return ax


def stability_bands(
    bands: StabilityBands, axes: Sequence[Axes] | NDArray[np.object_] | None = None
) -> NDArray[np.object_]:
    """Four stability numbers of the Jacobians over time, one to an axes, the worst sequence named.

    A ring marks the worst value of each, the line is the sequence nearest to instability.

    Parameters
    ----------
    bands : StabilityBands
    axes : array of four matplotlib Axes, optional
        By default a new figure.

    Returns
    -------
    (4,) array of Axes

    Raises
    ------
    ValueError
        If `axes` are not four.

    Examples
    --------
    >>> from rnnspec.models.classifier import SequenceClassifier
    >>> from rnnspec.dynamics.bands import stability_bands
    >>> model = SequenceClassifier("gru", 1, 2, hidden=4)
    >>> axes = stability_bands(stability_bands(model, np.zeros((2, 5, 1))))
    >>> axes[0].get_ylabel()
    'spectral radius ρ(Jₜ)'
    """
    with styled():
        if axes is None:
            axes = plt.subplots(2, 2, figsize=(8.4, 6.0), sharex=True)[1]
        axes = np.ravel(np.asarray(axes, dtype=object))
        if len(axes) != len(LABELS):
            raise ValueError(f"`axes` must hold {len(LABELS)} Axes, got {len(axes)}")
        row = bands.sequences.tolist().index(bands.worst_sequence)
        for ax, (name, label) in zip(axes, LABELS.items(), strict=True):
            values = bands.values[name]
            _bands(ax, bands.steps, bands.quantiles[name], bands.levels, colour(0), "")
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


def _bands(
    ax: Axes,
    x: ArrayLike,
    quantiles: Array,  # shape: (q, t)
    levels: ArrayLike,  # shape: (q,)
    shade: str,
    label: str,
    scale: float = 1.0,
) -> None:
    """A band between each pair of levels, from outside, and a line at the one in the middle."""
    y, share = _finite(quantiles) / scale, 100 * np.asarray(levels)
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


def _finite(values: Array) -> Array:
    return np.where(np.isfinite(values), values, np.nan)
