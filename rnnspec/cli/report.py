"""``rnnspec report``: one self-contained HTML page."""

from __future__ import annotations

import click

from rnnspec.cli.options import (
    check_file,
    data_dir_option,
    json_option,
    no_download_option,
    print_json,
    quiet_option,
)


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="RUN...")
@click.option(
    "--out",
    metavar="FILE.html",
    default="report.html",
    show_default=True,
    help="Where the page is written; an older file there is replaced.",
)
@data_dir_option
@no_download_option
@json_option
@quiet_option
def report(
    sources: tuple[str, ...],
    out: str,
    data_dir: str | None,
    no_download: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write one HTML page that shows each RUN, side by side.

    The page holds everything that it shows, so a browser can open it without an internet
    connection.

    RUN is a run directory, the folder of a study, a file of weights (PyTorch, safetensors,
    ONNX, Keras, .npz) or a file of matrices (.npy, .npz, .mat, .mtx, .csv, .txt).  The content
    of a file decides how it is read, not its name.  For a file the page shows only the matrices.

    \b
    Example:
      rnnspec report runs/plain runs/radius --out compared.html
    """  # noqa: D301
    import time

    from rnnspec.report.page.page import plotly_script, write_page
    from rnnspec.study.portrait import portraits_of
    from rnnspec.study.record import is_study, read_study

    check_file(out, "--out")
    if not out.endswith((".html", ".htm")):
        raise ValueError(f"`--out` must end in .html, got {out!r}")
    plotly_script()  # a missing package is told before the work, not after it
    began = time.perf_counter()
    studies = [read_study(source) for source in sources if is_study(source)]
    files = [source for source in sources if not is_study(source)]
    record = write_page(portraits_of(files, data_dir, not no_download), studies, out)
    record["seconds"] = time.perf_counter() - began
    if as_json:
        print_json(record)
    elif not quiet:
        for reason in record["left_out"]:
            click.echo(f"The part that needs data is left out: {reason}", err=True)
        click.echo(f"sources: {', '.join(record['sources'])}")
        size = record["bytes"] / 1e6
        click.echo(f"page: {out} ({size:.1f} MB, written in {record['seconds']:.1f} s)")
