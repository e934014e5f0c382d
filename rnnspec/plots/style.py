"""The one look of every figure, and the small things that all of them share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from numpy.typing import NDArray

from rnnspec._format import MINUS, figures

STYLE = Path(__file__).with_name("rnnspec.mplstyle")
ROW = 15  # height of a row of a legend, in points


@contextmanager
def styled() -> Iterator[None]:
    """Draw in the one style of all figures."""
    # A notebook's backend turns interactive mode on when it is first loaded; loaded inside
    # a style context, it would be turned off again at the end, and later figures not shown.
    load_backend: Callable[[], None] = plt.draw_if_interactive
    load_backend()
    with plt.style.context(STYLE):
        yield


def colour(position: int) -> str:
    """A colour of the style; "C1" itself would be looked up when the figure is saved.

    Examples
    --------
    >>> with styled():
    ...     colour(1)
    '#d55e00'
    """
    return to_hex(f"C{position}")


def point(z: complex) -> str:
    """A point of the plane in three figures.

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


def legend(ax: Axes, columns: int = 2) -> None:
    """Above the axes, where no data are, and the title above it.

    What the figure's own legend says already is not said again.
    """
    root = ax.get_figure(root=True)
    assert root is not None
    said = {text.get_text() for shared in root.legends for text in shared.get_texts()}
    handles, labels = ax.get_legend_handles_labels()
    new = [(h, label) for h, label in zip(handles, labels, strict=True) if label not in said]
    if new:
        ax.legend(
            *zip(*new, strict=True), loc="lower center", bbox_to_anchor=(0.5, 1), ncols=columns
        )
        ax.set_title(ax.get_title(), pad=10 + ROW * -(-len(new) // columns))


def visible(values: Any) -> NDArray[np.float64]:
    """Zeros and infinities have no place on a logarithmic axis.

    Examples
    --------
    >>> visible(np.array([0.0, 2.0, np.inf]))
    array([nan,  2., nan])
    """
    return np.where((values > 0) & np.isfinite(values), values, np.nan)
