"""Pieces of a page: tables, figures, slides, each with what a screen reader needs."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure as Drawing

DPI = 80  # of a picture for readers without scripts


def table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, its first column the heads of its rows; cells are HTML, which `text` makes.

    Examples
    --------
    >>> "<th scope='row'>a</th><td>1</td>" in table("numbers", ["name", "value"], [["a", "1"]])
    True
    """
    head = "".join(f"<th scope='col'>{escape(name)}</th>" for name in columns)
    body = "".join(
        f"<tr><th scope='row'>{first}</th>{''.join(f'<td>{cell}</td>' for cell in rest)}</tr>"
        for first, *rest in rows
    )
    return (
        f"<div class='scroll' tabindex='0' role='region' aria-label='{escape(caption)}'><table>"
        f"<caption><span>{escape(caption)}</span></caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def text(value: Any) -> str:
    """A value as a table shows it.

    Examples
    --------
    >>> [text(value) for value in (None, True, 0.12345, "a<b", (1, 2))]
    ['–', 'yes', '0.1235', 'a&lt;b', '1, 2']
    """
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(text(each) for each in value)
    return escape(f"{value:.4g}" if isinstance(value, float) else str(value))


def share(value: float | None) -> str:
    """A share in per cent.

    Examples
    --------
    >>> share(0.98765), share(None)
    ('98.8 %', '–')
    """
    return "–" if value is None else f"{100 * value:.1f} %"


def figure(
    record: Mapping[str, Any], alt: str, caption: str, kind: str = "", picture: str = ""
) -> str:
    """A figure that ``page.js`` draws; `picture` is what is shown where scripts do not run."""
    data = json.dumps(record, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    still = f"<noscript><img alt='{escape(alt)}' src='{picture}'></noscript>" if picture else ""
    return (
        f"<figure class='{kind}'><div class='plot' role='img' aria-label='{escape(alt)}'></div>"
        f"<script type='application/json'>{data}</script>{still}"
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def picture(drawing: Drawing) -> str:
    """A figure of matplotlib as the address of a PNG in the page itself; closes it."""
    file = io.BytesIO()
    drawing.savefig(file, format="png", dpi=DPI, metadata={"Software": None})
    plt.close(drawing)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def slug(name: str) -> str:
    """A name as an anchor.

    Examples
    --------
    >>> slug("layer0.jacobian@mean")
    'layer0-jacobian-mean'
    """
    return "".join(c if c.isalnum() else "-" for c in name)
