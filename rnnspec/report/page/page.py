"""One self-contained page: no network, no server, and nothing runs but what it was built with."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from html import escape
from importlib.metadata import version
from os import PathLike
from pathlib import Path
from string import Template
from typing import Any

from rnnspec import __version__
from rnnspec._files import write_atomically
from rnnspec.portrait.source import Portrait, portrait_of
from rnnspec.report.page.html import slug
from rnnspec.report.page.overview import names_of, overview_section
from rnnspec.report.page.plane import matrix_section
from rnnspec.report.page.reproduce import reproduce_section
from rnnspec.report.page.robustness import robustness_section
from rnnspec.report.page.study import study_section
from rnnspec.study.record import Study, is_study, read_study

PARTS = Path(__file__).parent


def write_page(
    sources: Sequence[str | PathLike[str]],
    out: str | PathLike[str],
    data_dir: str | PathLike[str] | None = None,
    download: bool = True,
) -> dict[str, Any]:
    """Write one HTML file that tells of all `sources`, side by side.

    Parameters
    ----------
    sources : sequence of path
        Run directories, folders of studies, weights files, matrix files.
    out : path
        Replaced as a whole, or not at all.
    data_dir : path, optional
    download : bool, default True
        Both as for `load_dataset`.

    Returns
    -------
    dict
        ``out``, ``bytes``, ``sources``, ``matrices`` (how many) and ``left_out`` (reasons).

    Raises
    ------
    ValueError
        If there is no source, one is none, or is damaged.
    ImportError
        If plotly is missing.

    Notes
    -----
    Some 5 MB, nearly all of it Plotly; some 100 kB a matrix.
    """
    if not sources:
        raise ValueError("`sources` must name at least one run, study or file, got none")
    script = plotly_script()
    paths = [Path(source) for source in sources]
    studies = [read_study(path) for path in paths if is_study(path)]
    runs = _titled([portrait_of(p, data_dir, download) for p in paths if not is_study(p)])
    html = page(runs, studies, script).encode()
    write_atomically(Path(out), lambda temporary: temporary.write_bytes(html))
    return {
        "out": str(out),
        "bytes": len(html),
        "sources": [*(study.record["name"] for study in studies), *runs],
        "matrices": sum(len(portrait.matrices) for portrait in runs.values()),
        "left_out": [f"{name}: {p.left_out}" for name, p in runs.items() if p.left_out],
    }


def plotly_script() -> str:
    """Plotly's JavaScript, as its Python package carries it.

    Raises
    ------
    ImportError
        If plotly is missing; names the extra.
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
    sections = [study_section(study) for study in studies]
    if runs:
        sections += [
            overview_section(runs),
            _matrices(runs),
            robustness_section(runs),
            reproduce_section(runs),
        ]
    drawing = (PARTS / "page.js").read_text("utf-8")
    names = [*(f"study {study.record['name']}" for study in studies), *runs]
    return Template((PARTS / "page.html").read_text("utf-8")).substitute(
        title=escape(", ".join(names)),
        hashes=" ".join(map(_hash, (plotly, drawing))),
        style=(PARTS / "page.css").read_text("utf-8"),
        contents=_contents(runs, studies),
        main="".join(sections),
        plotly=plotly,
        drawing=drawing,
        version=f"rnnspec {__version__}, plotly {version('plotly')}",
    )


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _titled(portraits: Sequence[Portrait]) -> dict[str, Portrait]:
    """By title; of equal ones, the later are numbered."""
    found: dict[str, Portrait] = {}
    for portrait in portraits:
        title, count = portrait.title, 1
        while title in found:
            count += 1
            title = f"{portrait.title} ({count})"
        found[title] = portrait
    return found


def _contents(runs: Mapping[str, Portrait], studies: Sequence[Study]) -> str:
    """Links to the sections."""
    links = {f"study-{slug(study.record['name'])}": "the study" for study in studies}
    if runs:
        links["overview"] = "overview"
        links |= {slug(name): name for name in names_of(runs)}
        if any(p.robustness or p.left_out for p in runs.values()):
            links["robustness"] = "robustness"
        links["reproduce"] = "to reproduce"
    return "".join(f"<li><a href='#{to}'>{escape(name)}</a></li>" for to, name in links.items())


def _matrices(runs: Mapping[str, Portrait]) -> str:
    sections = "".join(
        matrix_section(name, {s: p.matrices[name] for s, p in runs.items() if name in p.matrices})
        for name in names_of(runs)
    )
    return f"<section id='matrices'><h2>Matrices</h2>{sections}</section>"
