"""The figure of an example: a sequence before and after its smallest change."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec._format import figures
from rnnspec.report.page.figures import Figure, colour, figure_of, line, numbers
from rnnspec.robustness.examples import Example

LINES = 6  # channels that are drawn as lines; more are drawn as an image
LEFT, WIDTH = (0.0, 0.345, 0.69), 0.31  # of the three images


def example(found: Example) -> Figure:
    """Lines over time, a colour per channel, dotted before; of many channels three images."""
    return _lines(found) if found.clean.shape[1] <= LINES else _images(found)


def _lines(found: Example) -> Figure:
    traces = []
    for channel in range(found.clean.shape[1]):
        for text, values, dash in (
            ("before", found.clean, "dot"),
            ("after", found.changed, "solid"),
        ):
            series = values[:, channel]
            trace = line(np.arange(len(series)), series, text, colour(channel))
            trace["line"]["dash"] = dash
            trace["showlegend"] = channel == 0
            trace["hovertemplate"] = (
                f"step %{{x}}, channel {channel}: %{{y:.3f}}<extra>{text}</extra>"
            )
            traces.append(trace)
    return figure_of(traces, x={"title": {"text": "step"}}, y={})


def _images(found: Example) -> Figure:
    """Before, the change enlarged, after; a step in each row."""
    change = found.changed - found.clean
    largest = float(max(np.abs(found.clean).max(), np.abs(found.changed).max()))
    most = float(np.abs(change).max())
    traces: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"annotations": [], "showlegend": False}
    for left, axis, title, values, scale in (
        (LEFT[0], "", "before", found.clean, largest),
        (LEFT[1], "2", f"× {figures(float(f'{largest / most:.2g}'))}", change, most),
        (LEFT[2], "3", "after", found.changed, largest),
    ):
        traces.append(_image(values, axis, scale))
        bare = {"constrain": "domain", "showticklabels": False, "ticks": ""}
        layout[f"xaxis{axis}"] = {**bare, "domain": [left, left + WIDTH], "anchor": f"y{axis}"}
        layout[f"yaxis{axis}"] = {
            **{**bare, "domain": [0, 1], "anchor": f"x{axis}"},
            **{"autorange": "reversed", "scaleanchor": f"x{axis}"},
        }
        layout["annotations"].append(
            {
                **{"text": title, "x": 0.5, "y": 1.02, "xanchor": "center", "yanchor": "bottom"},
                **{"xref": f"x{axis} domain", "yref": f"y{axis} domain", "showarrow": False},
            }
        )
    return {"data": traces, "layout": layout}


def _image(values: NDArray[np.float64], axis: str, scale: float) -> dict[str, Any]:
    return {
        **{"type": "heatmap", "z": numbers(values, 3), "showscale": False},
        **{"xaxis": f"x{axis}", "yaxis": f"y{axis}", "zmin": -scale, "zmax": scale},
        "colorscale": [[0, "var:minus"], [0.5, "var:paper"], [1, "var:plus"]],
        "hovertemplate": "step %{y}, channel %{x}: %{z:.3f}<extra></extra>",
    }
