"""Powers of matrices drawn: their norms, what eigenvalues predict, and what is proved."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from rnnspec.plots.style import axes_or_new, colour, figure_style, ink, legend, visible
from rnnspec.spectra.transient import TransientGrowth
from rnnspec.spectra.transient_bounds import TransientBounds


def transient_growth(results: Mapping[str, TransientGrowth], ax: Axes | None = None) -> Axes:
    """Draw norms ``||A^k||`` of several matrices, and what their eigenvalues alone would predict.

    Parameters
    ----------
    results : mapping from name to TransientGrowth
    ax : matplotlib Axes, optional
        By default a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If `results` is empty.

    Examples
    --------
    >>> from rnnspec import spectra
    >>> A = [[0.5, 3.0], [0.0, 0.5]]
    >>> ax = transient_growth({"shear": spectra.transient_growth(A, steps=9)})
    >>> ax.lines[0].get_ydata()[:2].round(3)
    array([1.   , 3.081])
    """
    if not results:
        raise ValueError("`results` must hold at least one transient growth, got none")
    with figure_style():
        ax = axes_or_new(ax)
        for name, result in results.items():
            steps = np.arange(len(result.norms))
            (line,) = ax.semilogy(steps, visible(result.norms), label=name)
            shade = line.get_color()
            ax.semilogy(steps, visible(result.prediction), ":", color=shade)
            ax.plot(result.peak_step, visible(result.peak), "o", color=shade, markersize=5)
        ax.plot([], [], "o", color=ink(), markersize=5, label="peak")
        ax.plot([], [], ":", color=ink(), label="ρᵏ: the eigenvalues alone")
        ax.axhline(1, color="0.6", linewidth=0.8, zorder=0)
        ax.set(xlabel="step k", ylabel="‖Aᵏ‖")
        legend(ax, columns=3)
    return ax


def transient_bounds(
    growth: TransientGrowth, bounds: TransientBounds, ax: Axes | None = None
) -> Axes:
    """Draw norms ``||A^k||`` of one matrix between the bounds that its resolvent proves.

    Parameters
    ----------
    growth : TransientGrowth
    bounds : TransientBounds
        Bounds for the same matrix and the same number of steps.
    ax : matplotlib Axes, optional
        By default a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If `bounds` has another number of steps than `growth`.

    Examples
    --------
    >>> from rnnspec import spectra
    >>> A = [[0.5, 3.0], [0.0, 0.5]]
    >>> growth, bounds = spectra.transient_growth(A, 9), spectra.transient_bounds(A, 9)
    >>> ax = transient_bounds(growth, bounds)
    >>> len(ax.lines), ax.lines[3].get_label()
    (6, 'upper bound e n K')
    """
    steps = np.arange(len(growth.norms))
    if len(bounds.lower) != len(steps):
        raise ValueError(
            f"`bounds` must have the {len(steps) - 1} steps of `growth`,"
            f" got {len(bounds.lower) - 1}"
        )
    with figure_style():
        ax = axes_or_new(ax)
        for values, line, shade, label in (
            (growth.norms, "-", colour(0), "‖Aᵏ‖"),
            (np.where(steps == growth.peak_step, growth.norms, 0), "o", colour(0), "peak"),
            (growth.prediction, ":", colour(0), "ρᵏ: the eigenvalues alone"),
            (np.full(len(steps), bounds.upper), "--", colour(1), "upper bound e n K"),
            (bounds.lower, "-", colour(2), "lower bound of ‖Aᵏ‖"),
            (bounds.lower_peak, "-.", colour(2), "lower bound of the peak so far"),
        ):
            if np.isfinite(values).any():
                ax.semilogy(steps, visible(values), line, color=shade, markersize=5, label=label)
        ax.set(xlabel="step k", ylabel="‖Aᵏ‖")
        legend(ax)
    return ax
