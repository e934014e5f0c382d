"""The figure of an example: a sequence, its smallest change, and what they add up to."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec.report.page_examples import Example
from rnnspec.report.page_figures import Figure, colour, line, numbers

LINES = 6  # channels that are drawn as lines; more are drawn as an image


def example(found: Example) -> Figure:
    """The clean sequence, the change enlarged, the sum: lines of few channels, else images."""
    change = found.changed - found.clean
    largest = float(max(np.abs(found.clean).max(), np.abs(found.changed).max()))
    most = float(np.abs(change).max())
    panels = (
        (found.was, found.clean, "", 0.0, largest),
        (f"change × {largest / most:.2g}", change, "2", 0.345, most),
        (found.became, found.changed, "3", 0.69, largest),
    )
    draw = _lines if found.clean.shape[1] <= LINES else _image
    traces: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"annotations": [], "showlegend": False}
    for title, values, j, left, scale in panels:
        traces += draw(values, j, scale)
        layout |= _panel(j, left, left + 0.31, None if draw is _image else scale)
        layout["annotations"].append(
            {
                **{"text": title, "x": left + 0.155, "y": 1.02, "yanchor": "bottom"},
                **{"xref": "paper", "yref": "paper", "showarrow": False},
            }
        )
    return {"data": traces, "layout": layout}


def _panel(j: str, left: float, right: float, largest: float | None) -> dict[str, Any]:
    """The axes of a panel; without `largest` those of an image, bare, with its steps downwards."""
    x: dict[str, Any] = {"domain": [left, right], "anchor": f"y{j}"}
    y: dict[str, Any] = {"domain": [0, 1], "anchor": f"x{j}"}
    if largest is None:
        bare = {"constrain": "domain", "showticklabels": False, "ticks": ""}
        x |= bare
        y |= {**bare, "autorange": "reversed", "scaleanchor": f"x{j}"}
    else:
        y |= {"range": [-1.05 * largest, 1.05 * largest], "showticklabels": j == ""}
    return {f"xaxis{j}": x, f"yaxis{j}": y}


def _image(values: NDArray[np.float64], j: str, largest: float) -> list[dict[str, Any]]:
    return [
        {
            **{"type": "heatmap", "z": numbers(values, 3), "showscale": False},
            **{"xaxis": f"x{j}", "yaxis": f"y{j}", "zmin": -largest, "zmax": largest},
            "colorscale": [[0, "var:minus"], [0.5, "var:paper"], [1, "var:plus"]],
            "hovertemplate": "step %{y}, channel %{x}: %{z:.3f}<extra></extra>",
        }
    ]


def _lines(values: NDArray[np.float64], j: str, _: float) -> list[dict[str, Any]]:
    traces = []
    for channel, series in enumerate(values.T):
        trace = line(np.arange(len(series)), series, f"channel {channel}", colour(channel))
        trace |= {"xaxis": f"x{j}", "yaxis": f"y{j}"}
        trace["hovertemplate"] = "step %{x}: %{y:.3f}<extra>" + f"channel {channel}</extra>"
        traces.append(trace)
    return traces
