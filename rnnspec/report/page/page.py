"""One self-contained page: no network, no server, and nothing runs but what it was built with."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from os import PathLike
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from rnnspec import __version__
from rnnspec._files import write_atomically
from rnnspec._format import cell
from rnnspec.report.page.matrix import matrix_section
from rnnspec.report.page.overview import all_matrices, cards, matrix_names
from rnnspec.report.page.parts import anchor
from rnnspec.report.page.reproduce import reproduce_section
from rnnspec.report.page.robustness import robustness_section
from rnnspec.report.page.study import study_anchor, study_section
from rnnspec.study.portrait import Portrait
from rnnspec.study.record import Study

PARTS = Path(__file__).parent


def write_page(
    runs: Mapping[str, Portrait], studies: Sequence[Study], out: str | PathLike[str]
) -> dict[str, Any]:
    """Write one HTML file that tells of all sources, side by side.

    Parameters
    ----------
    runs : mapping of str to Portrait
        Runs and files by the names that the page gives them.
    studies : sequence of Study
    out : path
        The file is replaced as a whole, or not at all.

    Returns
    -------
    dict
        ``out``, ``bytes``, ``sources``, ``matrices`` (how many) and ``left_out`` (reasons).

    Raises
    ------
    ValueError
        If there is neither a run nor a study.
    ImportError
        If plotly is missing.

    Notes
    -----
    The page has some 5 MB, nearly all of it Plotly, and some 100 kB for each matrix.
    """
    if not runs and not studies:
        raise ValueError("`runs` or `studies` must hold at least one source, got none")
    html = page(runs, studies, plotly_script()).encode()
    write_atomically(Path(out), lambda temporary: temporary.write_bytes(html))
    return {
        "out": str(out),
        "bytes": len(html),
        "sources": [*(study.name for study in studies), *runs],
        "matrices": sum(len(portrait.matrices) for portrait in runs.values()),
        "left_out": [f"{name}: {p.left_out}" for name, p in runs.items() if p.left_out],
    }


def plotly_script() -> str:
    """Plotly's JavaScript, as its Python package carries it.

    Raises
    ------
    ImportError
        If plotly is missing; the text names the extra.
    """
    try:
        from plotly.offline import get_plotlyjs
    except ImportError as error:
        raise ImportError(
            f"a page needs plotly: pip install 'rnnspec[report]' ({error})"
        ) from error
    script: str = get_plotlyjs()
    return script


def page(runs: Mapping[str, Portrait], studies: Sequence[Study], plotly: str) -> str:
    """The HTML of a page; the browser runs two scripts, known by their hashes, and no other."""
    drawing = (PARTS / "page.js").read_text("utf-8")
    return (
        _templates()
        .get_template("page.html")
        .render(
            title=", ".join([*(f"study {study.name}" for study in studies), *runs]),
            # Trusted: these three files are ours, and are not escaped.
            style=Markup((PARTS / "page.css").read_text("utf-8")),
            plotly=Markup(plotly),
            drawing=Markup(drawing),
            hashes=Markup(" ".join(map(_hash, (plotly, drawing)))),
            contents=_contents(runs, studies),
            studies=[study_section(study) for study in studies],
            sources=_sources(runs) if runs else None,
            version=f"rnnspec {__version__}, plotly {version('plotly')}",
        )
    )


def _templates() -> Environment:
    """Templates that escape every text that they are given."""
    templates = Environment(
        loader=FileSystemLoader(PARTS / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters |= {"cell": cell, "anchor": anchor}
    templates.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    return templates


def _sources(runs: Mapping[str, Portrait]) -> dict[str, Any]:
    """What the page shows of runs and files."""
    return {
        "cards": cards(runs),
        "all_matrices": all_matrices(runs),
        "matrices": [
            matrix_section(
                name, {s: p.matrices[name] for s, p in runs.items() if name in p.matrices}
            )
            for name in matrix_names(runs)
        ],
        "robustness": robustness_section(runs),
        "reproduce": reproduce_section(runs),
    }


def _contents(runs: Mapping[str, Portrait], studies: Sequence[Study]) -> dict[str, str]:
    """What the links to the sections say, by anchor."""
    links = {study_anchor(study): "the study" for study in studies}
    if runs:
        links["overview"] = "overview"
        links |= {anchor(name): name for name in matrix_names(runs)}
        if any(p.robustness or p.left_out for p in runs.values()):
            links["robustness"] = "robustness"
        links["reproduce"] = "to reproduce"
    return links


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
