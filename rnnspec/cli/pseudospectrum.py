"""``rnnspec pseudospectrum``: sigma_min(zI - A) on a grid, as a figure and as numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rnnspec.cli.options import (
    check_figure,
    check_out,
    json_option,
    numbers,
    print_files,
    print_json,
    quiet_option,
)
from rnnspec.cli.source import check_source, choose_square, matrices_of, source_argument

if TYPE_CHECKING:
    from rnnspec.spectra.pseudospectrum import Pseudospectrum


@click.command()
@source_argument("the first square matrix")
@click.option(
    "--grid",
    metavar="INT|NX,NY",
    default="100",
    show_default=True,
    help="Number of grid points along x and y; one number stands for both.",
)
@click.option(
    "--box",
    metavar="XMIN,XMAX,YMIN,YMAX",
    help="Part of the complex plane that the grid covers.  [default: a box that holds all levels]",
)
@click.option(
    "--levels",
    metavar="E1,E2,...",
    help="Sizes epsilon whose contours are drawn.  [default: powers of ten that fit]",
)
@click.option(
    "--tol",
    type=float,
    default=1e-6,
    show_default=True,
    help="Largest relative error that sigma_min may have at a point.",
)
@click.option(
    "--device",
    type=click.Choice(("cpu", "cuda")),
    default="cpu",
    show_default=True,
    help="Where the grid is computed.",
)
@click.option(
    "--threads", type=click.IntRange(1), help="Number of CPU threads.  [default: BLAS decides]"
)
@click.option(
    "--out",
    metavar="FILE.npz",
    help="Write the grid x and y, sigma_min, the eigenvalues, the name and tol into a file.",
)
@click.option("--figure", metavar="FILE.png|.svg|.pdf", help="Draw the contours into a file.")
@json_option
@quiet_option
def pseudospectrum(
    source: str,
    matrix: str | None,
    cut: str | None,
    grid: str,
    box: str | None,
    levels: str | None,
    tol: float,
    device: str,
    threads: int | None,
    data_dir: str | None,
    no_download: bool,
    out: str | None,
    figure: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Compute the pseudospectrum of a matrix in SOURCE, and draw it.

    At each point z of a grid this is sigma_min, the smallest singular value of zI - A, where A
    is the matrix.  It is below epsilon where a change of A of norm below epsilon makes z an
    eigenvalue.

    SOURCE_HELP

    \b
    Example:
      rnnspec pseudospectrum runs/lstm --matrix layer0.forget --figure forget.png
    """  # noqa: D301
    check_source(source)
    import sys
    import time
    from pathlib import Path

    from threadpoolctl import threadpool_limits

    from rnnspec.plots.figures import save_figure
    from rnnspec.report.progress import show_points
    from rnnspec.spectra.pseudospectrum import pseudospectrum as compute

    check_figure(figure)
    check_out(out)
    matrices = matrices_of(source, matrix, data_dir, not no_download, cut)
    found = matrices if matrix else choose_square(matrices, source)[0]
    name, A = next(iter(found.items()))
    started = time.perf_counter()
    shown = sys.stderr.isatty() and not (quiet or as_json)
    with threadpool_limits(threads), show_points(shown) as progress:
        result = compute(
            A,
            box=None if box is None else numbers(box, "--box", 4),
            grid=grid_of(grid),
            levels=None if levels is None else numbers(levels, "--levels"),
            tol=tol,
            device=device,
            name=name,
            progress=progress,
        )
    record = _record(result, time.perf_counter() - started, figure, out)
    if out:
        result.save(Path(out))
    if figure:
        save_figure(result.plot(), Path(figure))
    if as_json:
        print_json(record)
    elif not quiet:
        if matrix is None and len(matrices) > 1:
            click.echo(f"matrices: {', '.join(matrices)}; taken: {name}")
        _print_summary(record)


def grid_of(text: str) -> int | tuple[int, int]:
    """``INT`` or ``NX,NY``.

    Examples
    --------
    >>> grid_of("100"), grid_of("60,40")
    (100, (60, 40))
    """
    try:
        values = tuple(int(part) for part in text.split(","))
    except ValueError:
        values = ()
    if len(values) == 1:
        return values[0]
    if len(values) == 2:
        return values[0], values[1]
    raise ValueError(f"`--grid` must be INT or NX,NY, got {text!r}")


def _record(
    result: Pseudospectrum, seconds: float, figure: str | None, out: str | None
) -> dict[str, Any]:
    """What ``--json`` prints."""
    return {
        "name": result.name,
        "n": len(result.eigenvalues),
        "grid": [len(result.x), len(result.y)],
        "box": [float(v) for v in (result.x[0], result.x[-1], result.y[0], result.y[-1])],
        "method": result.method,
        "sigma_min_range": [float(result.sigma_min.min()), float(result.sigma_min.max())],
        "seconds": seconds,
        "figure": figure,
        "out": out,
    }


def _print_summary(record: dict[str, Any]) -> None:
    nx, ny = record["grid"]
    low, high = record["sigma_min_range"]
    click.echo(
        f"{record['name']}: n = {record['n']}, grid {nx} x {ny}, sigma_min from {low:.3g} to"
        f" {high:.3g}, {record['seconds']:.2f} s ({record['method']})"
    )
    print_files(record["out"], record["figure"])
