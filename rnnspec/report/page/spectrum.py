"""The figure of a plane: a pseudospectrum whose one thick contour a slider moves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnnspec.report.page.figures import Figure, figure_of, line, numbers
from rnnspec.spectra.pseudospectrum import Pseudospectrum
from rnnspec.study.matrix_portrait import MatrixPortrait

LOWEST = -16.0  # of log10 sigma_min: below is rounding


def plane(
    portrait: MatrixPortrait, box: Sequence[float], shown: tuple[float, float], exponent: float
) -> Figure:
    """Shades of log10 sigma_min, one contour at `exponent`, the unit circle, the eigenvalues.

    The contour that the slider moves is trace 1; ``page.js`` gives it the values of trace 0.

    Parameters
    ----------
    portrait : MatrixPortrait
    box : (xmin, xmax, ymin, ymax)
    shown : (low, high)
        Exponents that the shades span.
    exponent : float
        Where the contour begins.
    """
    xmin, xmax, ymin, ymax = box
    spectrum = portrait.spectrum
    record = figure_of(
        [_shades(spectrum, shown), _contour(exponent), _unit_circle(), _eigenvalues(spectrum)],
        x={"title": {"text": "Re z", "standoff": 4}, "range": [xmin, xmax], "constrain": "domain"},
        y={
            **{"title": {"text": "Im z"}, "range": [ymin, ymax], "constrain": "domain"},
            **{"scaleanchor": "x", "scaleratio": 1},
        },
    )
    record["layout"]["plot_bgcolor"] = "var:far"  # beyond the grid of a smaller plane
    return record


def _shades(spectrum: Pseudospectrum, shown: tuple[float, float]) -> dict[str, Any]:
    values = np.log10(np.maximum(spectrum.sigma_min, 10.0**LOWEST))
    exponents = np.log10(spectrum.levels).tolist()
    step = exponents[1] - exponents[0] if len(exponents) > 1 else 1.0
    return {
        "type": "contour",
        **{"x": numbers(spectrum.x, 6), "y": numbers(spectrum.y, 6), "z": numbers(values, 4)},
        "colorscale": [[0, "var:near"], [0.5, "var:middle"], [1, "var:far"]],
        **{"zmin": shown[0], "zmax": shown[1]},
        "contours": {
            **{"coloring": "heatmap", "start": exponents[0], "end": exponents[-1], "size": step}
        },
        "line": {"width": 0.5, "color": "var:muted"},
        "colorbar": {
            **{"orientation": "h", "y": -0.13, "yanchor": "top", "thickness": 10, "len": 0.9},
            "title": {"text": "log₁₀ σ_min(zI − A)", "side": "bottom"},
            "outlinewidth": 0,
        },
        "hovertemplate": "z = %{x:.3f} + %{y:.3f} i<br>log₁₀ σ_min = %{z:.3f}<extra></extra>",
    }


def _contour(exponent: float) -> dict[str, Any]:
    return {
        "type": "contour",
        "contours": {"coloring": "none", "start": exponent, "end": exponent, "size": 1},
        "line": {"width": 3, "color": "var:accent"},
        **{"name": "σ_min = ε", "showlegend": True, "showscale": False, "hoverinfo": "skip"},
    }


def _unit_circle() -> dict[str, Any]:
    turn = np.linspace(0, 2 * np.pi, 181)
    circle = line(np.cos(turn), np.sin(turn), "unit circle", "var:ink")
    circle["line"] |= {"width": 1.5, "dash": "dash"}
    return {**circle, "hoverinfo": "skip"}


def _eigenvalues(spectrum: Pseudospectrum) -> dict[str, Any]:
    points = spectrum.eigenvalues
    return {
        **line(points.real, points.imag, "eigenvalues", ""),
        "mode": "markers",
        "marker": {"color": "var:ink", "size": 5, "line": {"color": "var:paper", "width": 0.8}},
        "hovertemplate": "eigenvalue %{x:.4f} + %{y:.4f} i<extra></extra>",
    }
