"""Figures of matrices: results and axes in, axes out.  Nothing is computed and nothing is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from rnnspec.plots.contours import caption, colour_bar, draw_contours
from rnnspec.plots.style import colour, legend, styled, visible
from rnnspec.spectra.pseudospectrum import Pseudospectrum
from rnnspec.spectra.transient import TransientGrowth
from rnnspec.spectra.transient_bounds import TransientBounds


def pseudospectrum(result: Pseudospectrum, ax: Axes | None = None) -> Axes:
    """Contours of ``log10 epsilon``, eigenvalues and the unit circle.

    For what else there is to see, add `rnnspec.plots.marks` to the axes.

    Parameters
    ----------
    result : Pseudospectrum
    ax : matplotlib Axes, optional
        Drawn into, with a colour bar beside it; by default a new figure.

    Returns
    -------
    Axes

    Examples
    --------
    >>> from rnnspec.spectra.pseudospectrum import pseudospectrum
    >>> ax = pseudospectrum(pseudospectrum([[0.0, 1.0], [0.0, 0.0]], grid=20))
    >>> ax.get_xlabel()
    'Re z'
    """
    with styled():
        ax = plt.subplots()[1] if ax is None else ax
        exponents = np.log10(result.levels)
        draw_contours(ax, result, exponents)
        colour_bar(ax, exponents)
        ax.set_title(caption(result.name, result))
        legend(ax)
    return ax


def spectra(
    results: Mapping[str, Pseudospectrum],
    axes: NDArray[Any] | None = None,  # shape: (number of results,)
) -> NDArray[Any]:
    """Pseudospectra side by side, say before and after training, on one scale.

    Parameters
    ----------
    results : mapping from title to Pseudospectrum
        Levels and limits of all panels are the union of theirs.
    axes : array of matplotlib Axes, optional
        One for each result; by default a new figure.

    Returns
    -------
    array of Axes

    Raises
    ------
    ValueError
        If `results` is empty, or `axes` has another length.

    Examples
    --------
    >>> from rnnspec.spectra.pseudospectrum import pseudospectrum
    >>> results = {f"gain {gain}": pseudospectrum([[gain]], grid=20) for gain in (0.5, 2.0)}
    >>> [ax.get_title() for ax in spectra(results)]
    ['gain 0.5', 'gain 2.0']
    """
    if not results:
        raise ValueError("`results` must hold at least one pseudospectrum, got none")
    with styled():
        if axes is None:
            size = (4.2 * len(results) + 0.8, 4.6)
            axes = plt.subplots(1, len(results), figsize=size, squeeze=False)[1][0]
        axes = np.atleast_1d(axes)
        if len(axes) != len(results):
            raise ValueError(
                f"`axes` must hold one Axes for each of the {len(results)} results, got {len(axes)}"
            )
        exponents = np.unique(np.concatenate([np.log10(r.levels) for r in results.values()]))
        for ax, (title, result) in zip(axes, results.items(), strict=True):
            draw_contours(ax, result, exponents)
            ax.set_title(caption(title, result))
        x = np.concatenate([result.x for result in results.values()])
        y = np.concatenate([result.y for result in results.values()])
        for ax in axes:
            ax.set(xlim=(x.min(), x.max()), ylim=(y.min(), y.max()))
        colour_bar(axes[-1], exponents)
        handles, labels = axes[0].get_legend_handles_labels()
        axes[0].figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return axes


def transient_growth(results: Mapping[str, TransientGrowth], ax: Axes | None = None) -> Axes:
    """Norms ``||A^k||`` of several matrices, with what their eigenvalues alone would predict.

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
    >>> from rnnspec.spectra.transient import transient_growth
    >>> ax = transient_growth({"shear": transient_growth([[0.5, 3.0], [0.0, 0.5]], steps=9)})
    >>> ax.get_ylabel()
    '‖Aᵏ‖'
    """
    if not results:
        raise ValueError("`results` must hold at least one transient growth, got none")
    with styled():
        ax = plt.subplots(figsize=(6.4, 4.2))[1] if ax is None else ax
        for name, result in results.items():
            steps = np.arange(len(result.norms))
            (line,) = ax.semilogy(steps, visible(result.norms), label=name)
            colour = line.get_color()
            ax.semilogy(steps, visible(result.prediction), ":", color=colour)
            ax.plot(result.peak_step, visible(result.peak), "o", color=colour, markersize=5)
        ax.plot([], [], "o", color="black", markersize=5, label="peak")
        ax.plot([], [], ":", color="black", label="ρᵏ: the eigenvalues alone")
        ax.axhline(1, color="0.6", linewidth=0.8, zorder=0)
        ax.set(xlabel="step k", ylabel="‖Aᵏ‖")
        legend(ax, columns=3)
    return ax


def transient_bounds(
    growth: TransientGrowth, bounds: TransientBounds, ax: Axes | None = None
) -> Axes:
    """Norms ``||A^k||`` of one matrix between what its resolvent proves from below and above.

    Parameters
    ----------
    growth : TransientGrowth
    bounds : TransientBounds
        Of the same matrix and as many steps.
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
    >>> from rnnspec.spectra.transient import transient_growth
    >>> from rnnspec.spectra.transient_bounds import transient_bounds
    >>> A = [[0.5, 3.0], [0.0, 0.5]]
    >>> ax = transient_bounds(transient_growth(A, steps=9), transient_bounds(A, steps=9))
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['‖Aᵏ‖', 'peak', 'ρᵏ: the eigenvalues alone',
     'upper bound e n K', 'lower bound of ‖Aᵏ‖', 'lower bound of the peak so far']
    """
    steps = np.arange(len(growth.norms))
    if len(bounds.lower) != len(steps):
        raise ValueError(
            f"`bounds` must have the {len(steps) - 1} steps of `growth`,"
            f" got {len(bounds.lower) - 1}"
        )
    with styled():
        ax = plt.subplots(figsize=(6.4, 4.2))[1] if ax is None else ax
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
