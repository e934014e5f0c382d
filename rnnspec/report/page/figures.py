"""Figures of a page, as Plotly takes them: dictionaries of traces and a layout, no colours.

A colour is a variable of the page's style sheet, ``var:NAME``, so that a figure follows the
reader's light or dark; ``page.js`` looks it up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnspec.spectra.transient import TransientGrowth

Figure = dict[str, Any]

SHADES = 7  # colours of the style sheet for lines
DASHES = ("solid", "dash", "dot", "dashdot")


def colour(position: int, alpha: str = "") -> str:
    """A line's colour, with two hexadecimal digits of opacity.

    Examples
    --------
    >>> colour(8), colour(0, "26")
    ('var:c1', 'var:c0/26')
    """
    return f"var:c{position % SHADES}" + (f"/{alpha}" if alpha else "")


def growth(results: Mapping[str, TransientGrowth]) -> Figure:
    """Norms of the powers, and what the eigenvalues alone would predict."""
    traces = []
    for j, (name, result) in enumerate(results.items()):
        label = f"{name}: " if len(results) > 1 else ""
        steps = np.arange(len(result.norms))
        for text, values, dash in (
            ("‖Aᵏ‖", result.norms, "solid"),
            ("ρᵏ: the eigenvalues alone", result.prediction, "dot"),
        ):
            trace = line(steps, values, f"{label}{text}", colour(j))
            trace["line"]["dash"] = dash
            trace["hovertemplate"] = f"k = %{{x}}<br>{text} = %{{y:.3g}}<extra>{name}</extra>"
            traces.append(trace)
    return figure_of(
        traces,
        x={"title": {"text": "step k"}},
        y={
            **{"title": {"text": "norm"}, "type": "log", "exponentformat": "power"},
            "dtick": _tick(np.concatenate([result.norms for result in results.values()])),
        },
    )


def accuracies(curves: Mapping[tuple[str, str], Sequence[Mapping[str, Any]]], label: str) -> Figure:
    """Accuracy against size; curves by (source, attack), with their intervals where known."""
    sources = list(dict.fromkeys(source for source, _ in curves))
    attacks = list(dict.fromkeys(attack for _, attack in curves))
    traces = []
    for (source, attack), rows in curves.items():
        j, dash = sources.index(source), DASHES[attacks.index(attack) % len(DASHES)]
        if len(sources) == 1:
            j, dash = attacks.index(attack), "solid"
        names = [source] * (len(sources) > 1) + [attack] * (len(attacks) > 1 or len(sources) == 1)
        name = " · ".join(names)
        sizes = [row["epsilon"] for row in rows]
        if all("ci_low" in row for row in rows):
            band = [row["ci_low"] for row in rows] + [row["ci_high"] for row in rows][::-1]
            traces.append(
                {
                    **line([*sizes, *sizes[::-1]], band, name, ""),
                    **{"fill": "toself", "fillcolor": colour(j, "26"), "line": {"width": 0}},
                    **{"showlegend": False, "hoverinfo": "skip"},
                }
            )
        trace = line(sizes, [row["accuracy"] for row in rows], name, colour(j))
        trace["line"]["dash"] = dash
        trace["mode"] = "lines+markers"
        trace["hovertemplate"] = f"ε = %{{x:.3g}}<br>accuracy %{{y:.3f}}<extra>{name}</extra>"
        traces.append(trace)
    return figure_of(
        traces,
        x={"title": {"text": label}},
        y={"title": {"text": "accuracy"}, "range": [-0.03, 1.03]},
    )


def scatter(points: Iterable[Mapping[str, Any]], x: str, y: str) -> Figure:
    """Points of ``x, y, group, text``; a colour and a mark for each group."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for each in points:
        groups.setdefault(each["group"], []).append(each)
    marks = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star")
    traces = [
        {
            **line([p["x"] for p in group], [p["y"] for p in group], name, ""),
            "mode": "markers",
            "marker": {"color": colour(j), "symbol": marks[j % len(marks)], "size": 9},
            "text": [p["text"] for p in group],
            "hovertemplate": f"%{{text}}<br>{x} %{{x:.3f}}<br>{y} %{{y:.3f}}<extra></extra>",
        }
        for j, (name, group) in enumerate(groups.items())
    ]
    return figure_of(traces, x={"title": {"text": x}}, y={"title": {"text": y}})


def line(x: ArrayLike, y: ArrayLike, name: str, shade: str) -> dict[str, Any]:
    """A line, or without a shade the points of one."""
    trace: dict[str, Any] = {"type": "scatter", "mode": "lines", "name": name}
    trace |= {"x": numbers(x, 6), "y": numbers(y, 6)}
    return {**trace, "line": {"color": shade, "width": 2}} if shade else trace


def figure_of(traces: list[dict[str, Any]], x: dict[str, Any], y: dict[str, Any]) -> Figure:
    """Traces over one pair of axes."""
    return {"data": traces, "layout": {"xaxis": x, "yaxis": y}}


def numbers(values: ArrayLike, figures: int) -> Any:
    """Lists of numbers in so many figures; null where one is not finite.

    Examples
    --------
    >>> numbers([[1 / 3, np.inf]], 2)
    [[0.33, None]]
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim > 1:
        return [numbers(row, figures) for row in array]
    return [float(f"{v:.{figures}g}") if np.isfinite(v) else None for v in array]


def _tick(norms: NDArray[np.float64]) -> float | str:
    """Between ticks of a logarithmic axis: some whole decades, or 1, 2, 5, 10 within two."""
    shown = norms[(norms > 0) & np.isfinite(norms)]
    decades = float(np.log10(shown.max()) - np.log10(shown.min()))
    return "D2" if decades < 2 else float(np.ceil(decades / 6))
