"""The look of every figure, and the small things that all of them share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from numpy.typing import NDArray

from rnnspec._format import MINUS, figures

STYLE = Path(__file__).with_name("rnnspec.mplstyle")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")  # beside the colours: for print, for the colour-blind


@contextmanager
def figure_style() -> Iterator[None]:
    """Draw in the style of this package, except where the user has chosen a setting.

    A setting of matplotlib counts as chosen if it is not matplotlib's own default.
    """
    # A notebook's backend turns interactive mode on when it is first loaded.  Loaded inside a
    # style context, it would be turned off again at the end, and later figures would not show.
    load_backend: Callable[[], None] = plt.draw_if_interactive
    load_backend()
    ours = mpl.rc_params_from_file(STYLE, use_default_template=False)
    with mpl.rc_context(
        {k: v for k, v in ours.items() if mpl.rcParams[k] == mpl.rcParamsDefault[k]}
    ):
        yield


def axes_or_new(ax: Axes | None, width: float = 6.4, height: float = 4.2) -> Axes:
    """Return `ax`, or the axes of a new figure of this size in inches."""
    return plt.subplots(figsize=(width, height))[1] if ax is None else ax


def colour(position: int) -> str:
    """A colour of the style; "C1" itself would be looked up when the figure is saved.

    Examples
    --------
    >>> with figure_style():
    ...     colour(1)
    '#d55e00'
    """
    return to_hex(f"C{position}")


def ink() -> str:
    """The colour of text: black, or what the user's style has for a dark ground."""
    return to_hex(mpl.rcParams["text.color"])


def paper() -> str:
    """The colour of the ground of axes."""
    return to_hex(mpl.rcParams["axes.facecolor"])


def point(z: complex) -> str:
    """A point of the plane in three digits.

    Examples
    --------
    >>> point(0.5 - 1j), point(2.0), point(1j)
    ('0.5 − i', '2', 'i')
    """
    x, y = figures(z.real), figures(abs(z.imag))
    if y == "0":
        return x
    imaginary = "i" if y == "1" else f"{y}i"
    if x in ("0", f"{MINUS}0"):
        return imaginary if z.imag > 0 else f"{MINUS}{imaginary}"
    sign = "+" if z.imag > 0 else MINUS
    return f"{x} {sign} {imaginary}"


def literal(name: str) -> str:
    r"""Return `name` so that matplotlib shows its dollar signs and sees no formula between them.

    Examples
    --------
    >>> print(literal("$run$"))
    \$run\$
    """
    return name.replace("$", r"\$")


def legend(ax: Axes, columns: int = 2, handles: Sequence[Artist] | None = None) -> None:
    """Put the legend above the axes, where no data are, and the title above the legend.

    It has at most so many columns, and fewer where they would not fit the width of the figure.
    Its entries are `handles`, by default all that have a label; what a legend of the whole figure
    says already is left out.
    """
    root = ax.get_figure(root=True)
    assert root is not None
    said = {text.get_text() for shared in root.legends for text in shared.get_texts()}
    entries = ax.get_legend_handles_labels()[0] if handles is None else handles
    new = [handle for handle in entries if handle.get_label() not in said]
    if not new:
        return
    place = ax.get_subplotspec()
    width = root.bbox.width / (place.get_gridspec().ncols if place else 1)
    for ncols in range(min(columns, len(new)), 0, -1):
        key = ax.legend(handles=new, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=ncols)
        if (box := key.get_window_extent()).width <= width:
            break
    ax.set_title(ax.get_title(), pad=10 + 72 * box.height / root.dpi)


def visible(values: Any) -> NDArray[np.float64]:
    """`values` with NaN for zeros and infinities, which have no place on a logarithmic axis.

    Examples
    --------
    >>> visible(np.array([0.0, 2.0, np.inf]))
    array([nan,  2., nan])
    """
    return np.where((values > 0) & np.isfinite(values), values, np.nan)
