"""The state space drawn in two or three dimensions: trajectories, fixed points, slow points."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from mpl_toolkits.mplot3d.axes3d import Axes3D
from numpy.typing import ArrayLike

from rnnspec._format import figures
from rnnspec.dynamics.linear_maps import FixedPoints
from rnnspec.dynamics.principal_axes import PrincipalAxes
from rnnspec.plots.style import colour, figure_style, ink, legend, paper

MARKS = {"stable": ("o", 0), "saddle": ("s", 1), "unstable": ("^", 3)}  # beside the colours


def state_space(
    projection: PrincipalAxes,
    points: FixedPoints | None = None,
    trajectories: ArrayLike | None = None,  # shape: (n, t, s)
    ax: Axes | None = None,
) -> Axes:
    """Draw trajectories and fixed points along two or three principal axes.

    Fixed points are filled: a circle is stable, a square a saddle, a triangle unstable.  Slow
    points are hollow, and the legend says how fast they move.  The labels of the axes give their
    shares of the variance.

    Parameters
    ----------
    projection : PrincipalAxes
        Two or three axes, which are those of the figure.
    points : FixedPoints, optional
    trajectories : array_like, shape (n, t, s), optional
        For example from `state_trajectory`.  Lines end at NaN, where steps are padded.
    ax : matplotlib Axes, optional
        They must be 3-D for three principal axes.  By default a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If `projection` has one axis or more than three, `ax` has another dimension,
        `trajectories` has another shape, or the states have another size.

    Examples
    --------
    >>> from rnnspec.dynamics.principal_axes import principal_axes
    >>> turn = np.linspace(0, 6, 50)
    >>> spiral = np.stack([turn * np.cos(turn), turn * np.sin(turn), turn], axis=-1)
    >>> ax = state_space(principal_axes(spiral, k=2), trajectories=spiral[None])
    >>> ax.get_xlabel()
    'principal axis 1 (64 %)'
    """
    k = len(projection.axes)
    if k not in (2, 3):
        raise ValueError(f"`projection` must have 2 axes or 3, got {k}")
    if trajectories is not None and np.ndim(trajectories) != 3:
        raise ValueError(f"`trajectories` must be (n, t, s), got shape {np.shape(trajectories)}")
    with figure_style():
        if ax is None:
            shape: dict[str, Any] = {"projection": "3d"} if k == 3 else {}
            ax = plt.subplots(subplot_kw=shape)[1]
        if isinstance(ax, Axes3D) != (k == 3):
            raise ValueError(f"`ax` must be {k}-D as `projection` is, got {type(ax).__name__}")
        if trajectories is not None:
            for j, path in enumerate(projection.project(trajectories)):
                label = "trajectories" if j == 0 else "_more"
                ax.plot(*path.T, color="0.55", linewidth=0.7, alpha=0.7, zorder=1, label=label)
        if points is not None:
            _draw_points(ax, projection, points)
        _name_axes(ax, projection)
        legend(ax)
    return ax


def _draw_points(ax: Axes, projection: PrincipalAxes, points: FixedPoints) -> None:
    kinds = np.array(points.kinds, dtype=str)
    for kind, (marker, shade) in MARKS.items():
        if (members := kinds == kind).any():
            where = projection.project(points.states[members])
            ax.plot(
                *where.T,
                marker,
                color=colour(shade),
                markeredgecolor=paper(),
                markeredgewidth=0.5,
                markersize=7,
                zorder=5,
                label=f"{kind} ({members.sum()})",
            )
    if len(speeds := points.slow_speeds):
        ax.plot(
            *projection.project(points.slow_states).T,
            "D",
            fillstyle="none",
            color=ink(),
            markersize=5,
            zorder=4,
            label=f"slow ({len(speeds)}), speed {figures(speeds.min())} to {figures(speeds.max())}",
        )


def _name_axes(ax: Axes, projection: PrincipalAxes) -> None:
    names = [f"principal axis {j} ({share:.0%})" for j, share in enumerate(projection.shares, 1)]
    x, y, *z = (name.replace("%", " %") for name in names)
    ax.set(xlabel=x, ylabel=y)
    if isinstance(ax, Axes3D):
        space: Any = ax  # without type hints in matplotlib
        space.set_zlabel(*z)
        for axis in (space.xaxis, space.yaxis, space.zaxis):
            axis.set_major_locator(MaxNLocator(4))
        limits = (space.get_xlim(), space.get_ylim(), space.get_zlim())
        space.set_box_aspect(np.ptp(limits, axis=1), zoom=0.95)  # the three are of one unit
        space.view_init(elev=22, azim=-65)
    else:
        ax.set_aspect("equal", adjustable="datalim")
