"""Figures of matplotlib for the page: SVG in the colours of its style sheet, or a PNG."""

from __future__ import annotations

import base64
import io
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import matplotlib.pyplot as plt
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from PIL import Image

from rnnspec.plots.style import STYLE

# Only readers without scripts see a picture.  At this size it has some 20 kB.
DPI, COLOURS = 80, 64
# Shades of grey of the plots, and what stands for them on a light and on a dark page.
GREYS = {"#000000": "ink", "#ffffff": "paper", "#737373": "muted", "#999999": "muted"}
NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))


def svg(draw: Callable[[Axes], object], name: str, width: float, height: float) -> Markup:
    """Draw into new axes and return them as SVG whose colours are variables of the style sheet.

    Parameters
    ----------
    draw : callable
        Called with the axes.
    name : str
        Different for each figure of a page: the identifiers within the SVG are made from it.
    width, height : float
        Size in inches.  The text of a figure of 5 inches is 10 points high on a column of a page.
    """
    file = io.StringIO()
    with _page_style(), plt.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure, ax = plt.subplots(figsize=(width, height))
        draw(ax)
        figure.savefig(file, format="svg", transparent=True, metadata=NO_METADATA)
        plt.close(figure)
        cycle = plt.rcParams["axes.prop_cycle"].by_key()["color"]
    names = {to_hex(shade): f"c{j}" for j, shade in enumerate(cycle)} | GREYS
    text = file.getvalue()
    text = re.sub('<g id="[^"]*"', "<g", text[text.index("<svg") :])  # equal in all figures
    return Markup(re.sub("#[0-9a-f]{6}\\b", lambda found: _variable(found[0], names), text))


def png(draw: Callable[[Axes], object]) -> str:
    """Draw into new axes and return the address of a PNG that stands in the page itself."""
    drawn, file = io.BytesIO(), io.BytesIO()
    with _page_style():
        figure, ax = plt.subplots()
        draw(ax)
        figure.savefig(drawn, format="png", dpi=DPI)
        plt.close(figure)
    Image.open(drawn).convert("RGB").quantize(COLOURS).save(file, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


@contextmanager
def _page_style() -> Iterator[None]:
    """The style of the package alone: a page looks the same whatever the user has set."""
    with plt.style.context(["default", STYLE]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # the browser has other fonts
        yield


def _variable(shade: str, names: dict[str, str]) -> str:
    return f"var(--{names[shade]})" if shade in names else shade
