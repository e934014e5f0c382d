"""The section of one matrix: its plane under a slider, its powers, its numbers read in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from math import log10

import numpy as np

from rnnspec import plots
from rnnspec.models.gates import GATES
from rnnspec.models.names import MARK
from rnnspec.plots.style import number
from rnnspec.portrait.matrix import MatrixPortrait
from rnnspec.report.page.figures import growth
from rnnspec.report.page.html import figure, picture, slug, table
from rnnspec.report.page.spectrum import plane
from rnnspec.report.readings import headline, readings

STEP = 0.005  # of the slider, in exponents: 1.2 % of epsilon
Portraits = Mapping[str, MatrixPortrait]  # of one matrix, by source


def matrix_section(name: str, portraits: Portraits) -> str:
    """The matrix `name` of each source, side by side under one slider."""
    box = _common_box(portraits.values())
    low, at, high = _slider(portraits.values())
    planes = "".join(
        _plane(source, portrait, box, (low, high), at, len(portraits) > 1)
        for source, portrait in portraits.items()
    )
    anchor = slug(name)
    return f"""
<section class="matrix" id="{anchor}" aria-labelledby="{anchor}-title">
<h3 id="{anchor}-title">{escape(name)}</h3>
<p class="what">{escape(_what(name))}</p>
{_headlines(portraits)}
<div class="slider">
<label for="{anchor}-slider">size of the perturbation ε</label>
<input id="{anchor}-slider" type="range" min="{low:.6f}" max="{high:.6f}" step="{STEP}"
 value="{at:.6f}" aria-describedby="{anchor}-said">
<output for="{anchor}-slider"></output>
<p id="{anchor}-said" class="hint">Inside the thick line lie all eigenvalues that a change of
norm below ε can give the matrix. Where it crosses the unit circle, such a change makes the
matrix unstable.</p>
</div>
<div class="side-by-side">{planes}{_growth(name, portraits)}</div>
{_numbers(name, portraits)}
</section>"""


def _what(name: str) -> str:
    if MARK in name:
        return (
            "The state Jacobian, averaged over test sequences and steps: the linear map that"
            " carries a small change of the state through one step of the trained network."
        )
    if name.rpartition(".")[2] in {gate for gates in GATES.values() for gate in gates}:
        return (
            "The recurrent weights of one gate, read as a linear map by themselves. What the"
            " gates do together along data, the mean state Jacobian shows."
        )
    return "The matrix, read as the linear map of one step."


def _headlines(portraits: Portraits) -> str:
    return "".join(
        f"<p class='headline'>{_of(source, portraits)}{escape(headline(portrait))}</p>"
        for source, portrait in portraits.items()
    )


def _of(source: str, portraits: Portraits) -> str:
    return f"<b>{escape(source)}:</b> " if len(portraits) > 1 else ""


def _common_box(portraits: Iterable[MatrixPortrait]) -> tuple[float, float, float, float]:
    """The least box that holds those of all."""
    x = np.concatenate([portrait.spectrum.x for portrait in portraits])
    y = np.concatenate([portrait.spectrum.y for portrait in portraits])
    return float(x.min()), float(x.max()), float(y.min()), float(y.max())


def _slider(portraits: Iterable[MatrixPortrait]) -> tuple[float, float, float]:
    """Exponents: the least level, where to begin, the largest level.

    It begins at the smallest distance to instability, where the contour touches the unit
    circle; if nothing is stable, in the middle.
    """
    levels = np.log10(np.concatenate([portrait.spectrum.levels for portrait in portraits]))
    distances = [portrait.measures.distance_to_instability for portrait in portraits]
    low, high = float(levels.min()), float(levels.max())
    at = log10(min(d for d in distances if d > 0)) if any(distances) else (low + high) / 2
    low = at - STEP * round((at - min(low, at) + 0.3) / STEP)  # a slider counts from its low end
    return low, at, max(high, at) + 0.3


def _plane(
    source: str,
    portrait: MatrixPortrait,
    box: tuple[float, float, float, float],
    shown: tuple[float, float],
    exponent: float,
    several: bool,
) -> str:
    m = portrait.measures
    alt = (
        f"Pseudospectrum of {portrait.name}{f' of {source}' if several else ''}:"
        f" {m.n} eigenvalues, the largest of modulus {number(m.spectral_radius)}, in the plane"
        f" with the unit circle. {headline(portrait)}"
    )
    caption = f"{source}: pseudospectrum" if several else "Pseudospectrum and eigenvalues"
    return figure(plane(portrait, box, shown, exponent), alt, caption, "plane", _still(portrait))


def _still(portrait: MatrixPortrait) -> str:
    drawing = plots.pseudospectrum(portrait.spectrum).get_figure(root=True)
    assert drawing is not None
    return picture(drawing)


def _growth(name: str, portraits: Portraits) -> str:
    said = "; ".join(
        f"{source} peaks at {number(p.growth.peak)} after {p.growth.peak_step} steps"
        for source, p in portraits.items()
    )
    return figure(
        growth({source: p.growth for source, p in portraits.items()}),
        f"Transient growth of {name}: norms of its first powers; {said}.",
        "Transient growth: the most that k steps can amplify",
        "growth",
    )


def _numbers(name: str, portraits: Portraits) -> str:
    """A row per number, a column per source: the value, and what it says."""
    read = {
        source: {one.name: one for one in readings(portrait)}
        for source, portrait in portraits.items()
    }
    names = dict.fromkeys(key for found in read.values() for key in found)
    rows = [
        [
            escape(key),
            *(
                f"<div class='reading'><i>{escape(source)}</i><b>{found[key].figure}</b>"
                f" <span>{escape(found[key].text)}</span></div>"
                if key in found
                else "–"
                for source, found in read.items()
            ),
        ]
        for key in names
    ]
    columns = ["number", *(read if len(read) > 1 else ["value, and what it says"])]
    kind = "readings several" if len(read) > 1 else "readings"
    return f"<div class='{kind}'>{table(f'Numbers of {name}', columns, rows)}</div>"
