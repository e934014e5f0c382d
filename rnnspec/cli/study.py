"""``rnnspec study``: a grid of trainings, measured, and what they say together."""

from __future__ import annotations

import click

from rnnspec.cli.options import check_writable, json_option, quiet_option


@click.command()
@click.argument("file", metavar="[FILE.toml]", required=False)
@click.option(
    "--preset",
    type=click.Choice(("quick", "standard", "full")),
    help="A study that comes with rnnspec, in place of a file: 36 runs of digits (minutes), 270"
    " of three data sets (hours), 720 of four.",
)
@click.option("--out", metavar="DIR", help="Folder of the study.  [default: studies/NAME]")
@click.option("--resume", is_flag=True, help="Compute only what is missing in --out.")
@click.option(
    "--workers", type=click.IntRange(1), help="Processes on this machine.  [default: cores]"
)
@click.option(
    "--scheduler",
    metavar="tcp://HOST:PORT",
    help="Of a Dask cluster that is running, whose machines all see --out, in place of workers"
    " on this one.",
)
@click.option("--data-dir", metavar="DIR", help="Where data files are.")
@click.option("--no-download", is_flag=True, help="Never use the network.")
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
    """Train and measure every network of a grid, and say what they say together.

    FILE.toml names data sets, cells, conditions and seeds; each network is a run directory
    of its own.  Workers may die and the command may be stopped: --resume computes what is
    missing, and the tables are the same.  A run that fails is told with its reason, is left
    out of the tables, and makes the exit code 1 when all the others are done.

    \b
    Example:
      rnnspec study --preset quick --out studies/quick
      rnnspec study my-study.toml --scheduler tcp://login:8786
    """  # noqa: D301
    from pathlib import Path

    from rnnspec.report.progress import show_tasks
    from rnnspec.report.tables import print_json, print_study
    from rnnspec.study.plan import read_plan
    from rnnspec.study.runner import run_study

    source = file or preset
    if source is None or (file and preset):
        raise ValueError("a study is FILE.toml, or --preset quick, standard or full: give one")
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
