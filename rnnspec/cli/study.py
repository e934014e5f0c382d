"""``rnnspec study``: train and measure a grid of networks, and judge claims."""

from __future__ import annotations

import click

from rnnspec.cli.options import (
    check_writable,
    data_dir_option,
    json_option,
    no_download_option,
    print_json,
    quiet_option,
)


@click.command()
@click.argument("file", metavar="[FILE.toml]", required=False)
@click.option(
    "--preset",
    type=click.Choice(("quick", "standard", "full")),
    help="A study that comes with rnnspec, in place of a file.  quick has 36 runs on one data set"
    " (minutes), standard has 270 runs on three (hours), and full has 720 runs on four.",
)
@click.option(
    "--out", metavar="DIR", help="Write the study into this folder.  [default: studies/NAME]"
)
@click.option("--resume", is_flag=True, help="Compute only what is missing in --out.")
@click.option(
    "--workers",
    type=click.IntRange(1),
    help="Number of processes that compute on this machine.  [default: one for each core]",
)
@click.option(
    "--scheduler",
    metavar="tcp://HOST:PORT",
    help="Compute on a Dask cluster that is running, in place of processes on this machine."
    "  All its machines must see the folder --out.",
)
@data_dir_option
@no_download_option
@json_option
@quiet_option
def study(
    file: str | None,
    preset: str | None,
    out: str | None,
    resume: bool,
    workers: int | None,
    scheduler: str | None,
    data_dir: str | None,
    no_download: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Train and measure every network of a grid, and judge claims.

    FILE.toml lists data sets, cells, conditions and seeds.  A condition is a way to train, for
    example with a bounded radius.  Each combination is a run, with a run directory of its own.

    The claims are statements on accuracy, robustness and stability, for example that accuracy
    does not rank robustness.  The command says of each whether the runs support it.

    If a worker is killed or the command is stopped, --resume computes what is missing.  The
    tables are the same as without the interruption.  If a run fails, the command finishes the
    others, leaves this run out of the tables, says why it failed, and ends with exit code 1.

    \b
    Example:
      rnnspec study --preset quick --out studies/quick
      rnnspec study my-study.toml --scheduler tcp://login:8786
    """  # noqa: D301
    from pathlib import Path

    from rnnspec.report.progress import show_tasks
    from rnnspec.report.tables import print_study
    from rnnspec.study.runner import run_study
    from rnnspec.study.study_file import read_plan

    source = file or preset
    if source is None or (file and preset):
        raise ValueError(
            "a study is FILE.toml, or --preset quick, standard or full: give one of them"
        )
    plan = read_plan(source)
    folder = Path(out) if out else Path("studies") / plan.name
    if not folder.is_file():
        check_writable(str(folder), "--out")
    with show_tasks(enabled=not (quiet or as_json)) as (on_start, on_task):
        found = run_study(
            plan,
            folder,
            workers=workers,
            scheduler=scheduler,
            resume=resume,
            data_dir=Path(data_dir) if data_dir else None,
            download=not no_download,
            on_start=on_start,
            on_task=on_task,
        )
    if as_json:
        print_json({"folder": str(folder), **found.to_dict()})
    elif not quiet:
        print_study(found.to_dict(), folder)
    for task in plan.tasks:
        if task.run in found.failures:
            reason = " ".join(found.failures[task.run].split())
            click.echo(f"failed: {task} (cells/{task.run}): {reason}", err=True)
    if found.failures:
        raise click.exceptions.Exit(1)
