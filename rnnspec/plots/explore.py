"""A pseudospectrum to click on in a notebook, which needs ``pip install 'rnnspec[notebook]'``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib
from matplotlib.backend_bases import Event
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from rnnspec.plots.explorer import Explorer
from rnnspec.spectra.pseudospectrum import Pseudospectrum


def explore(A: ArrayLike, result: Pseudospectrum | None = None) -> Explorer:
    """Show a pseudospectrum to click on in a notebook, with two fields to type a point into.

    Each click shows ``sigma_min(zI - A)`` at that point z, the pseudomode, and the smallest
    perturbation E that puts an eigenvalue there, with all eigenvalues of ``A + E``.

    Parameters
    ----------
    A : array_like, shape (n, n)
    result : Pseudospectrum, optional
        What the plane shows.  By default the pseudospectrum of `A`.

    Returns
    -------
    Explorer
        As the last line of a cell it is shown.  Its ``mode`` holds the numbers of the chosen
        point.

    Raises
    ------
    ImportError
        If ipympl or ipywidgets is missing.
    ValueError
        If `A` is not square or has non-finite entries.

    Notes
    -----
    Cost O(n^3) for each click, one SVD.  Other figures of the notebook are not affected.

    Examples
    --------
    >>> explorer = explore([[0.0, 1.0], [0.0, 0.0]])  # doctest: +SKIP
    >>> explorer.select(0.5)  # doctest: +SKIP
    >>> round(explorer.mode.sigma_min, 6)  # doctest: +SKIP
    0.207107
    """
    canvas_of, ipywidgets = _notebook()
    explorer = Explorer(A, result)
    canvas = canvas_of(explorer.figure)
    z = explorer.mode.z
    real = ipywidgets.FloatText(z.real, description="Re z", step=0.01)
    imaginary = ipywidgets.FloatText(z.imag, description="Im z", step=0.01)
    show = ipywidgets.Button(description="show")

    def on_click(event: Event) -> None:
        explorer.click(event)
        real.value, imaginary.value = explorer.mode.z.real, explorer.mode.z.imag

    canvas.mpl_connect("button_press_event", on_click)
    show.on_click(lambda _: explorer.select(complex(real.value, imaginary.value)))
    explorer.widget = ipywidgets.VBox([canvas, ipywidgets.HBox([real, imaginary, show])])
    return explorer


def _notebook() -> tuple[Callable[[Figure], Any], Any]:
    """A function that makes canvases for a notebook, and the library of the other widgets."""
    backend = matplotlib.get_backend()
    try:
        import ipywidgets
        from ipympl.backend_nbagg import Canvas, FigureManager
    except ImportError as error:
        raise ImportError(
            f"the explorer needs ipympl and ipywidgets: pip install 'rnnspec[notebook]' ({error})"
        ) from error
    finally:
        matplotlib.use(backend)  # which the import of ipympl changes

    def canvas_of(figure: Figure) -> Any:
        canvas = Canvas(figure)
        FigureManager(canvas, 0)
        canvas.header_visible = False
        return canvas

    return canvas_of, ipywidgets
