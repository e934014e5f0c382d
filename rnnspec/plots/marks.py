"""Numbers marked in a drawn pseudospectrum, each at the point where it is attained."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Circle
from numpy.typing import NDArray

from rnnspec._format import figures
from rnnspec.plots.style import colour, figure_style, ink, legend
from rnnspec.spectra.bracket import Bracket
from rnnspec.spectra.numerical_range import NumericalRange


def mark_pseudospectral_radius(bracket: Bracket, ax: Axes) -> Axes:
    """Mark the point of an epsilon-pseudospectrum that is farthest from 0, and its circle.

    Parameters
    ----------
    bracket : Bracket
        What `pseudospectral_radius` returned.
    ax : matplotlib Axes
        Axes with a pseudospectrum.  Their limits are widened if the point lies beyond them.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If `bracket` has no witness.

    Examples
    --------
    >>> from rnnspec import pseudospectral_radius, pseudospectrum
    >>> A = [[0.0, 1.0], [0.0, 0.0]]
    >>> ax = pseudospectrum(A, grid=20, levels=[0.1]).plot()
    >>> ax = mark_pseudospectral_radius(pseudospectral_radius(A, 0.1), ax)
    >>> ax.lines[-1].get_xydata().round(4) + 0
    array([[0.3317, 0.    ]])
    """
    z = _witness(bracket)
    with figure_style():
        ax.add_patch(
            Circle((0, 0), abs(z), fill=False, color=colour(1), linewidth=0.8, linestyle=":")
        )
        ring = Line2D([], [], marker="o", markersize=9, fillstyle="none", color=colour(1))
        _mark(ax, z, ring, rf"$\rho_\varepsilon$ = {figures(bracket.value)}")
    return ax


def mark_distance_to_instability(bracket: Bracket, ax: Axes) -> Axes:
    """Mark the point where the smallest destabilising perturbation puts an eigenvalue.

    The radius of the disc about it is the norm of that perturbation.  For a normal matrix an
    eigenvalue lies on the edge of the disc; the farther away all eigenvalues are, the less they
    say about stability.

    Parameters
    ----------
    bracket : Bracket
        What `distance_to_instability` or `stability_radius_real` returned.
    ax : matplotlib Axes
        Axes with a pseudospectrum.  Their limits are widened if the point lies beyond them.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If `bracket` has no witness.

    Examples
    --------
    >>> from rnnspec import distance_to_instability, pseudospectrum
    >>> A = [[0.0, 1.0], [0.0, 0.0]]
    >>> ax = pseudospectrum(A, grid=20, levels=[0.1]).plot()
    >>> mark_distance_to_instability(distance_to_instability(A), ax).lines[-1].get_label()
    'distance to instability 0.618'
    """
    z = _witness(bracket)
    with figure_style():
        disc = Circle((z.real, z.imag), bracket.value, color=colour(3), alpha=0.2, linewidth=0)
        ax.add_patch(disc)
        star = Line2D([], [], marker="*", markersize=9, color=colour(3), markeredgecolor=ink())
        _mark(ax, z, star, f"distance to instability {figures(bracket.value)}")
    return ax


def draw_numerical_range(result: NumericalRange, ax: Axes) -> Axes:
    """Draw the outline of the numerical range: a polygon around it, and one within it.

    Parameters
    ----------
    result : NumericalRange
    ax : matplotlib Axes
        Axes with a pseudospectrum.  Their limits are widened if the outline lies beyond them.

    Returns
    -------
    Axes

    Examples
    --------
    >>> from rnnspec import numerical_range, pseudospectrum
    >>> A = [[0.0, 1.0], [0.0, 0.0]]
    >>> ax = pseudospectrum(A, grid=20, levels=[0.1]).plot()
    >>> outline = draw_numerical_range(numerical_range(A), ax).lines[-1].get_xydata()
    >>> float(abs(outline).max().round(2))
    0.5
    """
    with figure_style():
        for points, label in ((result.inner, "_inner"), (result.outer, "numerical range")):
            closed = np.append(points, points[0])
            ax.plot(
                closed.real, closed.imag, color="0.15", linestyle="-.", linewidth=0.9, label=label
            )
        _widen(ax, result.outer)
        legend(ax)
    return ax


def _witness(bracket: Bracket) -> complex:
    if bracket.witness is None:
        raise ValueError("`bracket` must have a witness, the point to mark, got None")
    return bracket.witness


def _mark(ax: Axes, z: complex, mark: Line2D, label: str) -> None:
    mark.set(linestyle="none", markeredgewidth=mark.get_markeredgewidth(), zorder=5, label=label)
    mark.set_data([z.real], [z.imag])
    ax.add_line(mark)
    _widen(ax, np.array([z]))
    legend(ax)


def _widen(ax: Axes, points: NDArray[np.complex128]) -> None:
    """Widen the limits so that they hold the points, with a margin where they move."""
    for limits, values, move in (
        (ax.get_xlim(), points.real, ax.set_xlim),
        (ax.get_ylim(), points.imag, ax.set_ylim),
    ):
        margin = 0.03 * (limits[1] - limits[0])
        low = min(limits[0], values.min() - margin) if values.min() < limits[0] else limits[0]
        high = max(limits[1], values.max() + margin) if values.max() > limits[1] else limits[1]
        move(low, high)
