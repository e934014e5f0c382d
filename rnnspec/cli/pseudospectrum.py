"""``rnnspec pseudospectrum``: sigma_min(zI - A) on a grid, a picture and numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rnnspec.cli.options import check_file, cut_option, json_option, numbers, quiet_option
from rnnspec.cli.source import check_source, choose, matrices_of

if TYPE_CHECKING:
    from rnnspec.spectra.pseudospectrum import Pseudospectrum


@click.command()
@click.argument("source")
@click.option(
    "--matrix",
    metavar="NAME",
    help="Take one matrix, or any square array; default: the first square matrix.",
)
@cut_option
@click.option(
    "--grid", metavar="INT|NX,NY", default="100", show_default=True, help="Points on each axis."
)
@click.option("--box", metavar="XMIN,XMAX,YMIN,YMAX", help="Default: holds all levels.")
@click.option("--levels", metavar="E1,E2,...", help="Contours of epsilon.  [default: chosen]")
@click.option(
    "--tol", type=float, default=1e-6, show_default=True, help="Relative error of sigma_min."
)
@click.option(
    "--device",
    type=click.Choice(("cpu", "cuda")),
    default="cpu",
    show_default=True,
    help="Where the grid is computed.",
)
@click.option("--threads", type=click.IntRange(1), help="BLAS threads.  [default: as they come]")
@click.option("--data-dir", metavar="DIR", help="Where data files are, for a Jacobian.")
@click.option("--no-download", is_flag=True, help="Never use the network.")
@click.option("--out", metavar="FILE.npz", help="Write x, y, sigma_min, eigenvalues, name, tol.")
@click.option("--figure", metavar="FILE.png|.svg|.pdf", help="Draw the level sets into a file.")
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

    SOURCE is a run directory, a file of weights (PyTorch, whole modules and
    TorchScript too, safetensors, ONNX, Keras, .npz) or of matrices (.npy, .npz,
    .mat, .mtx, .csv, .txt).  A file is told by its content, not by its name.

    NAME is a name that is printed, or the full key of any square array in the
    file.  Gates stacked in another way than PyTorch's are cut by --cut, with
    their letters in the order of the stack: lstm:ifgo:rows, gru:zrh:columns.

    NAME may also be a state Jacobian: layer0.jacobian@fixed0 at a fixed point,
    stable ones first, of a file under zero input; of a run directory also
    layer0.jacobian@mean, the mean over its test sequences and all steps, or
    layer0.jacobian@step12 at one step.

    \b
    Example:
      rnnspec pseudospectrum runs/lstm --matrix layer0.forget --figure forget.png
    """  # noqa: D301
    check_source(source)
    import sys
    import time
    from pathlib import Path

    from threadpoolctl import threadpool_limits

    from rnnspec.cli.source import grid_of
    from rnnspec.plots.figures import check_figure, check_out, save_figure
    from rnnspec.report.tables import print_json
    from rnnspec.spectra.pseudospectrum import pseudospectrum as compute

    check_figure(figure)
    check_out(out)
    check_file(figure, "--figure")
    check_file(out, "--out")
    matrices = matrices_of(source, matrix, data_dir, not no_download, cut)
    found = matrices if matrix else choose(matrices, source)[0]
    name, A = next(iter(found.items()))
    started = time.perf_counter()
    with threadpool_limits(threads):
        result = compute(
            A,
            box=None if box is None else numbers(box, "--box", 4),
            grid=grid_of(grid),
            levels=None if levels is None else numbers(levels, "--levels"),
            tol=tol,
            device=device,
            name=name,
            progress=sys.stderr.isatty() and not (quiet or as_json),
        )
    record = {
        **_record(result),
        "seconds": time.perf_counter() - started,
        "figure": figure,
        "out": out,
    }
    if out:
        result.save(Path(out))
    if figure:
        save_figure(result.plot(), Path(figure))
    if as_json:
        print_json(record)
    elif not quiet:
        if matrix is None and len(matrices) > 1:
            click.echo(f"matrices: {', '.join(matrices)}; taken: {name}")
        _say(record)


def _record(result: Pseudospectrum) -> dict[str, Any]:
    return {
        "name": result.name,
        "n": len(result.eigenvalues),
        "grid": [len(result.x), len(result.y)],
        "box": [float(v) for v in (result.x[0], result.x[-1], result.y[0], result.y[-1])],
        "method": result.method,
        "sigma_min_range": [float(result.sigma_min.min()), float(result.sigma_min.max())],
    }


def _say(record: dict[str, Any]) -> None:
    nx, ny = record["grid"]
    low, high = record["sigma_min_range"]
    click.echo(
        f"{record['name']}: n = {record['n']}, grid {nx} x {ny}, sigma_min from {low:.3g} to"
        f" {high:.3g}, {record['seconds']:.2f} s ({record['method']})"
    )
    for label, path in (("numbers", record["out"]), ("figure", record["figure"])):
        if path:
            click.echo(f"{label}: {path}")
