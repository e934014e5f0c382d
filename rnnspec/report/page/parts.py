"""What the templates of the page lay out: tables and figures, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup


@dataclass(frozen=True)
class Table:
    """A table; the first cell of each row is its head.

    Attributes
    ----------
    caption : str
    columns : sequence of str
    rows : sequence of sequences
        Texts, and values that `rnnspec._format.cell` writes.
    anchors : sequence of str
        Where the head of each row links to; empty for no links.
    kind : str
        A class of the style sheet.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    anchors: Sequence[str] = ()
    kind: str = ""


@dataclass(frozen=True)
class Figure:
    """A figure: a drawing in the page itself, or a record that ``page.js`` draws.

    Attributes
    ----------
    alt : str
        What a screen reader says.
    caption : str
    kind : str
        A class of the style sheet.
    drawing : Markup
        SVG; empty if there is a record.
    record : dict or None
        Traces and layout for Plotly.
    still : str
        Address of the picture that stands for a record where scripts do not run.
    """

    alt: str
    caption: str
    kind: str
    drawing: Markup = Markup()
    record: dict[str, Any] | None = None
    still: str = ""


def anchor(name: str) -> str:
    """A name as the anchor of a link.

    Examples
    --------
    >>> anchor("layer0.jacobian@mean")
    'layer0-jacobian-mean'
    """
    return "".join(c if c.isalnum() else "-" for c in name)
