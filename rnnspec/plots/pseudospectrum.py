"""Pseudospectra drawn in the plane: one, or several side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from rnnspec.plots.contours import caption, colour_bar, draw_contours
from rnnspec.plots.style import axes_or_new, figure_style, legend
from rnnspec.spectra.pseudospectrum import Pseudospectrum


def pseudospectrum(result: Pseudospectrum, ax: Axes | None = None) -> Axes:
    """Draw the contours of ``log10 epsilon``, the eigenvalues and the unit circle.

    `mark_pseudospectral_radius`, `mark_distance_to_instability` and `draw_numerical_range` add
    their marks to these axes.

    Parameters
    ----------
    result : Pseudospectrum
    ax : matplotlib Axes, optional
        A colour bar is drawn beside them.  By default a new figure.

    Returns
    -------
    Axes

    Examples
    --------
    >>> from rnnspec import spectra
    >>> result = spectra.pseudospectrum([[0.0, 1.0], [0.0, 0.0]], grid=20, levels=[0.01, 0.1])
    >>> ax = pseudospectrum(result)
    >>> [text.get_text() for text in ax.child_axes[0].get_yticklabels()]
    ['−2', '−1']
    """
    with figure_style():
        ax = axes_or_new(ax, 6.4, 5.2)
        exponents = np.log10(result.levels)
        draw_contours(ax, result, exponents)
        colour_bar(ax, exponents)
        ax.set_title(caption(result.name, result))
        legend(ax)
    return ax


def spectra(
    results: Mapping[str, Pseudospectrum],
    axes: NDArray[Any] | None = None,  # shape: (k,)
) -> NDArray[Any]:
    """Draw pseudospectra side by side and on one scale, for example before and after training.

    Parameters
    ----------
    results : mapping from title to Pseudospectrum
        All panels have the levels and the limits of all results together.
    axes : array of matplotlib Axes, shape (k,), optional
        One for each of the k results.  By default a new figure.

    Returns
    -------
    array of Axes, shape (k,)

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
    with figure_style():
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
