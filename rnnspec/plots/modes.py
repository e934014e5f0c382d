"""One point of the plane drawn: its pseudomode, and the change that moves an eigenvalue there."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from rnnspec._format import figures
from rnnspec.plots.style import axes_or_new, colour, figure_style, legend, point
from rnnspec.spectra.pseudomode import Pseudomode


def pseudomode(mode: Pseudomode, ax: Axes | None = None) -> Axes:
    """Draw singular vectors of ``zI - A``: moduli as bands, real parts as lines within them.

    Parameters
    ----------
    mode : Pseudomode
    ax : matplotlib Axes, optional
        By default a new figure.

    Returns
    -------
    Axes

    Examples
    --------
    >>> from rnnspec import spectra
    >>> ax = pseudomode(spectra.pseudomode([[0.0, 1.0], [0.0, 0.0]], 0.5))
    >>> ax.get_xlabel(), ax.lines[2].get_xdata()
    ('entry', array([1, 2]))
    """
    with figure_style():
        ax = axes_or_new(ax, 6.4, 3.6)
        entries = np.arange(1, len(mode.right) + 1)
        dots = ".-" if len(entries) <= 64 else "-"  # dots of more would run together
        for vector, shade, name in (
            (mode.right, colour(0), "pseudomode v"),
            (mode.left, colour(1), "left vector u"),
        ):
            size = np.abs(vector)
            ax.fill_between(entries, -size, size, color=shade, alpha=0.2, linewidth=0)
            for sign in (-1, 1):
                ax.plot(entries, sign * size, color=shade, linewidth=0.6, alpha=0.6)
            ax.plot(entries, vector.real, dots, color=shade, markersize=4, linewidth=1, label=name)
        ax.fill_between([], [], [], color="0.8", label="± modulus")
        ax.axhline(0, color="0.6", linewidth=0.8, zorder=0)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        ax.set(
            xlim=(0.5, len(entries) + 0.5),
            xlabel="entry",
            ylabel="real part",
            title=rf"z = {point(mode.z)},  $\sigma_{{\min}}$ = {figures(mode.sigma_min)}",
        )
        legend(ax, columns=3)
    return ax


def perturbation(mode: Pseudomode, ax: Axes | None = None) -> Axes:
    """Draw the moduli of the entries of E, the rank-one change that puts an eigenvalue at z.

    Parameters
    ----------
    mode : Pseudomode
    ax : matplotlib Axes, optional
        A colour bar is drawn beside them.  By default a new figure.

    Returns
    -------
    Axes

    Examples
    --------
    >>> from rnnspec import spectra
    >>> perturbation(spectra.pseudomode([[0.0, 1.0], [0.0, 0.0]], 0.5)).get_title()
    '‖E‖ = 0.207, an eigenvalue at 0.5'
    """
    with figure_style():
        ax = axes_or_new(ax, 5.4, 4.2)
        n = len(mode.right)
        image = ax.imshow(
            np.abs(mode.perturbation), cmap="Blues", vmin=0, extent=(0.5, n + 0.5, n + 0.5, 0.5)
        )
        bar = ax.figure.colorbar(image, cax=ax.inset_axes((1.04, 0, 0.05, 1)))
        bar.set_label("|E|")
        bar.ax.yaxis.set_major_formatter(lambda value, _: figures(value))
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        ax.set(
            xlabel="column",
            ylabel="row",
            title=f"‖E‖ = {figures(mode.sigma_min)}, an eigenvalue at {point(mode.z)}",
        )
    return ax
