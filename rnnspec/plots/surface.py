"""The resolvent norm drawn as a surface over the complex plane."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from mpl_toolkits.mplot3d.axes3d import Axes3D
from numpy.typing import NDArray

from rnnspec._format import figures
from rnnspec.plots.contours import caption, level_colours, log_sigma_min
from rnnspec.plots.style import figure_style, ink
from rnnspec.spectra.pseudospectrum import Pseudospectrum

Array = NDArray[np.float64]


def surface(result: Pseudospectrum, ax: Axes | None = None) -> Axes:
    """Draw ``-log10 sigma_min(zI - A)``, the log of the resolvent norm, above its contours.

    At an eigenvalue the surface is infinitely high.  It is cut off one level above the smallest
    epsilon.

    Parameters
    ----------
    result : Pseudospectrum
    ax : matplotlib Axes, optional
        They must be 3-D.  By default a new figure.

    Returns
    -------
    Axes
        They are 3-D.

    Raises
    ------
    ValueError
        If `ax` is not 3-D.

    Examples
    --------
    >>> from rnnspec import spectra
    >>> ax = surface(spectra.pseudospectrum([[0.0, 1.0], [0.0, 0.0]], grid=20))
    >>> ax.get_xlabel(), ax.name
    ('Re z', '3d')
    """
    if not isinstance(ax, Axes3D | None):
        raise ValueError(
            f'`ax` must be 3-D, as of plt.subplot(projection="3d"), got {type(ax).__name__}'
        )
    with figure_style():
        ax = plt.subplots(subplot_kw={"projection": "3d"})[1] if ax is None else ax
        space: Any = ax  # without type hints in matplotlib
        exponents = np.log10(result.levels)
        step = exponents[1] - exponents[0] if len(exponents) > 1 else 1.0
        heights = -log_sigma_min(result)
        heights = np.minimum(heights, max(step - exponents[0], heights.min() + 1))
        floor = heights.min() - np.ptp(heights)
        _draw_heights(space, result, heights, exponents)
        _draw_floor(space, result, floor, exponents)
        space.set(xlabel="Re z", ylabel="Im z", title=caption(result.name, result))
        space.set_zlabel(r"$-\log_{10}\,\sigma_{\min}$")
        space.set_zlim(floor, heights.max())
        ticks = -exponents[-exponents <= heights.max()]
        space.set_zticks(ticks, [figures(tick) for tick in ticks])
        for axis in (space.xaxis, space.yaxis):
            axis.set_major_locator(MaxNLocator(4))
        width, depth = np.ptp(result.x), np.ptp(result.y)
        space.set_box_aspect((width, depth, 0.8 * max(width, depth)), zoom=0.95)
        space.view_init(elev=25, azim=-55)
    return ax


def _draw_heights(space: Any, result: Pseudospectrum, heights: Array, exponents: Array) -> None:
    x, y = np.meshgrid(result.x, result.y)
    shades = plt.get_cmap("viridis")(np.interp(-heights, exponents[[0, -1]], (0.0, 0.9)))
    space.plot_surface(
        x, y, heights, facecolors=shades, rcount=100, ccount=100, linewidth=0, antialiased=False
    )


def _draw_floor(space: Any, result: Pseudospectrum, floor: float, exponents: Array) -> None:
    """Contours and eigenvalues, below the surface."""
    colours, points = level_colours(exponents), result.eigenvalues
    space.contour(
        *np.meshgrid(result.x, result.y),
        log_sigma_min(result),
        exponents,
        zdir="z",
        offset=floor,
        cmap=colours.cmap,
        norm=colours.norm,
    )
    space.plot(points.real, points.imag, floor, ".", color=ink(), markersize=3)
