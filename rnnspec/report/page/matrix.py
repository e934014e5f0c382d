"""The section of one matrix: its plane under a slider, its powers, its numbers read in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from math import log10
from typing import Any

import numpy as np

from rnnspec import plots
from rnnspec._format import figures
from rnnspec.models.names import MARK, names_gate
from rnnspec.plots.style import literal
from rnnspec.report.page.drawing import png, svg
from rnnspec.report.page.parts import Figure, anchor
from rnnspec.report.page.spectrum import Box, plane
from rnnspec.report.readings import headline, readings
from rnnspec.study.matrix_portrait import MatrixPortrait

STEP = 0.005  # of the slider, in exponents of 10: epsilon changes by 1.2 %
BESIDE = 0.3  # exponents that the slider goes beyond the levels: a factor of 2
SIZE = (4.2, 4.0)  # of the figure of the powers, in inches

Portraits = Mapping[str, MatrixPortrait]  # of one matrix, by source


def matrix_section(name: str, portraits: Portraits) -> dict[str, Any]:
    """The matrix `name` of each source, side by side under one slider."""
    low, at, high = _slider(portraits.values())
    box, several = _common_box(portraits.values()), len(portraits) > 1
    read = {s: {one.name: one for one in readings(p)} for s, p in portraits.items()}
    return {
        "name": name,
        "anchor": anchor(name),
        "what": _what(name),
        "headlines": {source: headline(portrait) for source, portrait in portraits.items()},
        "slider": {"low": f"{low:.6f}", "at": f"{at:.6f}", "high": f"{high:.6f}", "step": STEP},
        "planes": [
            _plane(portrait, plane(portrait.spectrum, box, (low, high), at), source * several)
            for source, portrait in portraits.items()
        ],
        "growth": _growth(name, portraits),
        "readings": read,
        "numbers": list(dict.fromkeys(key for found in read.values() for key in found)),
    }


def _what(name: str) -> str:
    if MARK in name:
        return (
            "The state Jacobian, averaged over test sequences and steps: the linear map that"
            " carries a small change of the state through one step of the trained network."
        )
    if names_gate(name):
        return (
            "The recurrent weights of one gate, read as a linear map by themselves. What the"
            " gates do together along data is shown by the mean state Jacobian."
        )
    return "The matrix, read as the linear map of one step."


def _common_box(portraits: Iterable[MatrixPortrait]) -> Box:
    """The smallest box that holds those of all."""
    x = np.concatenate([portrait.spectrum.x for portrait in portraits])
    y = np.concatenate([portrait.spectrum.y for portrait in portraits])
    return float(x.min()), float(x.max()), float(y.min()), float(y.max())


def _slider(portraits: Iterable[MatrixPortrait]) -> tuple[float, float, float]:
    """Exponents: the lower end of the slider, where it begins, its upper end.

    It begins at the smallest distance to instability, where the contour touches the unit
    circle.  If no matrix is stable, it begins in the middle.
    """
    levels = np.log10(np.concatenate([portrait.spectrum.levels for portrait in portraits]))
    distances = [portrait.measures.distance_to_instability for portrait in portraits]
    low, high = float(levels.min()), float(levels.max())
    at = log10(min(d for d in distances if d > 0)) if any(distances) else (low + high) / 2
    # A slider counts its steps from the low end, so that end lies whole steps below `at`.
    low = at - STEP * round((at - min(low, at) + BESIDE) / STEP)
    return low, at, max(high, at) + BESIDE


def _plane(portrait: MatrixPortrait, record: dict[str, Any], source: str) -> Figure:
    m = portrait.measures
    of = f" of {source}" if source else ""
    return Figure(
        f"Pseudospectrum of {portrait.name}{of}: {m.n} eigenvalues, the largest of modulus"
        f" {figures(m.spectral_radius)}, in the plane with the unit circle. {headline(portrait)}",
        f"{source}: pseudospectrum" if source else "Pseudospectrum and eigenvalues",
        "plane",
        record=record,
        still=png(partial(plots.pseudospectrum, portrait.spectrum)),
    )


def _growth(name: str, portraits: Portraits) -> Figure:
    peaks = "; ".join(
        f"{source} peaks at {figures(p.growth.peak)} after {p.growth.peak_step} steps"
        for source, p in portraits.items()
    )
    results = {literal(source): p.growth for source, p in portraits.items()}
    return Figure(
        f"Transient growth of {name}: norms of its first powers; {peaks}.",
        "Transient growth: the largest factor by which k steps amplify a state",
        "growth",
        svg(partial(plots.transient_growth, results), f"growth of {name}", *SIZE),
    )
