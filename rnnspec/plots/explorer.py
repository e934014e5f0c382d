"""A pseudospectrum, and what a point that is chosen in it shows."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.backend_bases import Event, MouseEvent
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from rnnspec import spectra
from rnnspec._checks import square
from rnnspec.plots.modes import perturbation, pseudomode
from rnnspec.plots.pseudospectrum import pseudospectrum
from rnnspec.plots.style import colour, figure_style, legend
from rnnspec.spectra.pseudomode import Pseudomode
from rnnspec.spectra.pseudospectrum import Pseudospectrum


class Explorer:
    """Three panels: the plane, and the pseudomode and the perturbation of a point chosen in it.

    Parameters
    ----------
    A : array_like, shape (n, n)
    result : Pseudospectrum, optional
        What the plane shows.  By default the pseudospectrum of `A`.

    Attributes
    ----------
    figure : matplotlib Figure
    mode : Pseudomode
        The pseudomode of the point that was chosen last, with its perturbation.
    widget : ipywidgets.VBox or None
        What a notebook shows.  It is None unless `explore` made the explorer.

    Examples
    --------
    >>> explorer = Explorer([[0.0, 1.0], [0.0, 0.0]])
    >>> explorer.select(0.5)
    >>> round(explorer.mode.sigma_min, 6)
    0.207107
    """

    mode: Pseudomode
    widget: Any = None

    def __init__(self, A: ArrayLike, result: Pseudospectrum | None = None) -> None:
        self._A = square(A)
        result = spectra.pseudospectrum(self._A) if result is None else result
        with figure_style():
            self.figure = Figure(figsize=(9.6, 5.2))
            panels = self.figure.subplot_mosaic(
                [["plane", "mode"], ["plane", "perturbation"]], width_ratios=(6, 5)
            )
            self.plane, self._lower = panels["plane"], panels["perturbation"]
            self._upper = panels["mode"]
            pseudospectrum(result, self.plane)
            (self._moved,) = self.plane.plot(
                [], [], "x", color=colour(3), markersize=5, label="eigenvalues of A + E"
            )
            (self._chosen,) = self.plane.plot(
                [], [], "o", color=colour(1), markersize=9, fillstyle="none", label="z"
            )
            legend(self.plane)
        self.select(complex(result.x[-1] + result.x[0], result.y[-1] + result.y[0]) / 2)

    def select(self, z: complex) -> None:
        """Show the point z: its pseudomode, and where the perturbation moves all eigenvalues."""
        self.mode = spectra.pseudomode(self._A, z)
        moved = np.linalg.eigvals(self._A + self.mode.perturbation)
        self._moved.set_data(moved.real, moved.imag)
        self._chosen.set_data([self.mode.z.real], [self.mode.z.imag])
        for ax in (self._upper, self._lower):
            ax.clear()
        pseudomode(self.mode, self._upper)
        perturbation(self.mode, self._lower)
        self.figure.canvas.draw_idle()

    def click(self, event: Event) -> None:
        """Select the point under the mouse, if it lies in the plane and no tool is in use."""
        if not isinstance(event, MouseEvent) or event.inaxes is not self.plane:
            return
        toolbar = self.figure.canvas.toolbar
        if toolbar is not None and str(toolbar.mode):  # a tool takes the click
            return
        assert event.xdata is not None
        assert event.ydata is not None
        self.select(complex(event.xdata, event.ydata))

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return {} if self.widget is None else self.widget._repr_mimebundle_(**kwargs)
