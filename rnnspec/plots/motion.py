"""Growth and gradients along data drawn, as bands over the sequences."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from rnnspec.dynamics.gradients import GradientProfile
from rnnspec.dynamics.growth import FiniteTimeGrowth
from rnnspec.plots.bands import draw_bands, finite
from rnnspec.plots.style import axes_or_new, colour, figure_style, ink, legend

DECADE = float(np.log(10))
LEVELS = (0.05, 0.5, 0.95)  # quantiles over the sequences: the median, and a band of nine tenths


def growth(growth: FiniteTimeGrowth, ax: Axes | None = None) -> Axes:
    """Draw the growth of a kick along data, and what bounds it.

    Lines are medians over the sequences, and bands reach from the 5 % to the 95 % quantile.  The
    growth is drawn as a logarithm to base 10.  Infinite logarithms are not drawn.

    Parameters
    ----------
    growth : FiniteTimeGrowth
        What `rnnspec.finite_time_growth` returned.
    ax : matplotlib Axes, optional
        By default a new figure.

    Returns
    -------
    Axes

    Examples
    --------
    >>> import torch
    >>> from rnnspec import dynamics
    >>> ax = growth(dynamics.finite_time_growth(torch.nn.GRU(1, 4), np.zeros((2, 5, 1))))
    >>> ax.get_xlabel(), ax.lines[0].get_xdata()
    ('steps k after the kick', array([0, 1, 2, 3, 4, 5]))
    """
    A = "W" if growth.reference == "W" else "J̄"
    k = np.arange(len(growth.powers))
    with figure_style():
        ax = axes_or_new(ax, 6.4, 4.8)
        quantiles = growth.quantiles(LEVELS)
        for name, j, label in (
            ("product", 1, "∏ⱼ ‖Jₜ₊ⱼ‖, a bound of the next"),
            ("linear", 0, "‖Jₜ₊ₖ ⋯ Jₜ₊₁‖, any small kick"),
            ("measured", 2, "‖δₖ‖ / ε, the kick measured"),
        ):
            draw_bands(ax, k, quantiles[name], LEVELS, colour(j), label, scale=DECADE)
        if growth.bound is not None:
            label = "min(‖W‖ᵏ, ‖|W|ᵏ‖), a bound of any kick"
            ax.plot(k, finite(growth.bound) / DECADE, color=ink(), label=label)
        label = f"‖{A}ᵏ‖, no bound of these"
        ax.plot(k, finite(growth.powers) / DECADE, "--", color=colour(3), label=label)
        label = f"K and e s K, bounds of supₖ ‖{A}ᵏ‖"
        if np.isfinite(growth.kreiss_upper):
            ends = np.array([growth.kreiss_lower, growth.kreiss_upper]) / DECADE
            ax.hlines(ends, 0, k[-1], linestyle=":", color=colour(3), label=label)
        ax.axhline(0, color="0.6", linewidth=0.8, zorder=0)
        ax.set(xlabel="steps k after the kick", ylabel="growth (log₁₀)")
        legend(ax, columns=2)
    return ax


def gradient_profile(profile: GradientProfile, ax: Axes | None = None) -> Axes:
    """Draw the size of the loss's gradient in the state of each step.

    The line is the median over the sequences, and bands hold the other quantiles.

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
    >>> from rnnspec import SequenceClassifier, dynamics
    >>> model = SequenceClassifier("gru", 1, 2, hidden=4)
    >>> ax = gradient_profile(dynamics.gradient_profile(model, np.zeros((2, 5, 1)), [0, 1]))
    >>> ax.get_ylabel(), len(ax.lines[0].get_xdata())
    ('‖∂ℓ / ∂sₜ‖ (log₁₀)', 5)
    """
    t = np.arange(profile.quantiles.shape[1])
    with figure_style():
        ax = axes_or_new(ax)
        draw_bands(ax, t, profile.quantiles, profile.levels, colour(0), "", scale=DECADE)
        ax.set(xlabel=f"step t of the {profile.direction} state", ylabel="‖∂ℓ / ∂sₜ‖ (log₁₀)")
        legend(ax, columns=3)
    return ax
