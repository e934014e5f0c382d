"""``rnnspec train``: from data to a run directory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from rnnspec.cli.options import (
    check_writable,
    data_dir_option,
    json_option,
    no_download_option,
    print_json,
    quiet_option,
)
from rnnspec.cli.settings import setting_options
from rnnspec.training.config import TrainingConfig


@click.command()
@setting_options(TrainingConfig)
@data_dir_option
@no_download_option
@click.option(
    "--config",
    metavar="FILE.toml",
    help="File of settings.  A flag overrides the setting in the file.",
)
@click.option("--resume", is_flag=True, help="Continue the run in --out where it stopped.")
@click.option(
    "--out", metavar="DIR", help="Run directory to write.  [default: runs/DATASET-CELL-...]"
)
@json_option
@quiet_option
def train(
    data_dir: str | None,
    no_download: bool,
    config: str | None,
    resume: bool,
    out: str | None,
    as_json: bool,
    quiet: bool,
    **flags: Any,
) -> None:
    """Train a recurrent classifier and write a run directory.

    \b
    Example:
      rnnspec train --dataset digits --cell lstm --normalize radius --out runs/lstm
      rnnspec pseudospectrum runs/lstm --figure lstm.png

    With torchrun several processes share each batch.  The result is the same as with one process,
    except for rounding:

    \b
      torchrun --standalone --nproc-per-node 2 -m rnnspec train --batch-size 512
    """  # noqa: D301
    import json

    from rnnspec.report.progress import show_epochs
    from rnnspec.report.stability import print_training
    from rnnspec.training.distributed import connect_processes
    from rnnspec.training.run import train_run

    settings, directory = _settings_and_directory(flags, config, out, resume)
    with (
        connect_processes() as processes,
        show_epochs(
            enabled=processes.first and not (quiet or as_json), tell=settings.epochs is None
        ) as (on_start, on_epoch),
    ):
        train_run(
            settings,
            directory,
            data_dir=Path(data_dir) if data_dir else None,
            download=not no_download,
            resume=resume,
            on_start=on_start,
            on_epoch=on_epoch,
            processes=processes,
        )
    if not processes.first:
        return
    summary = json.loads((directory / "summary.json").read_text())
    if as_json:
        print_json(summary)
    elif not quiet:
        print_training(summary, directory)


def _settings_and_directory(
    flags: Mapping[str, Any], config: str | None, out: str | None, resume: bool
) -> tuple[TrainingConfig, Path]:
    """The settings of the run, of a resumed run those that it was begun with, and its directory."""
    from rnnspec.cli.settings import check_resumed, merge
    from rnnspec.training.run import default_directory
    from rnnspec.training.trained import read_config

    settings = merge(flags, config)
    directory = Path(out) if out else default_directory(settings)
    if resume:
        settings = read_config(directory)
        check_resumed(flags, config, settings, directory)
    if not directory.is_file():
        check_writable(str(directory), "--out")
    return settings, directory
