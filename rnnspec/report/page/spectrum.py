"""The figure of a plane, as Plotly takes it: a pseudospectrum under one contour that moves.

Plotly draws this figure and no other of the page, as here a slider moves a contour and the mouse
reads values.  A colour is a variable of the style sheet, ``var:NAME``, so that the figure follows
the reader's light or dark; ``page.js`` looks it up.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnspec.spectra.pseudospectrum import Pseudospectrum

Box = tuple[float, float, float, float]  # xmin, xmax, ymin, ymax
LOWEST = -16.0  # of log10 sigma_min: values below are rounding


def plane(
    spectrum: Pseudospectrum, box: Box, shown: tuple[float, float], exponent: float
) -> dict[str, Any]:
    """Shades of log10 sigma_min, one contour at `exponent`, the unit circle, the eigenvalues.

    The contour that the slider moves is trace 1; ``page.js`` gives it the values of trace 0.

    Parameters
    ----------
    spectrum : Pseudospectrum
    box : (xmin, xmax, ymin, ymax)
    shown : (low, high)
        Exponents that the shades span.
    exponent : float
        Where the contour begins.
    """
    xmin, xmax, ymin, ymax = box
    return {
        "data": [
            *(_shades(spectrum, shown), _contour(exponent)),
            *(_unit_circle(), _eigenvalues(spectrum)),
        ],
        "layout": {
            "xaxis": {
                **{"title": {"text": "Re z", "standoff": 4}, "range": [xmin, xmax]},
                "constrain": "domain",
            },
            "yaxis": {
                **{"title": {"text": "Im z"}, "range": [ymin, ymax], "constrain": "domain"},
                **{"scaleanchor": "x", "scaleratio": 1},
            },
            "plot_bgcolor": "var:far",  # beyond the grid of a smaller plane
        },
    }


def numbers(values: ArrayLike, digits: int) -> Any:
    """Lists of numbers in so many digits; null where one is not finite.

    Examples
    --------
    >>> numbers([[1 / 3, np.inf]], 2)
    [[0.33, None]]
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim > 1:
        return [numbers(row, digits) for row in array]
    return [float(f"{v:.{digits}g}") if np.isfinite(v) else None for v in array]


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
    return {
        **_points(np.exp(1j * turn), "unit circle"),
        **{"mode": "lines", "line": {"color": "var:ink", "width": 1.5, "dash": "dash"}},
        "hoverinfo": "skip",
    }


def _eigenvalues(spectrum: Pseudospectrum) -> dict[str, Any]:
    return {
        **_points(spectrum.eigenvalues, "eigenvalues"),
        "mode": "markers",
        "marker": {"color": "var:ink", "size": 5, "line": {"color": "var:paper", "width": 0.8}},
        "hovertemplate": "eigenvalue %{x:.4f} + %{y:.4f} i<extra></extra>",
    }


def _points(z: NDArray[np.complex128], name: str) -> dict[str, Any]:
    return {"type": "scatter", "name": name, "x": numbers(z.real, 6), "y": numbers(z.imag, 6)}
