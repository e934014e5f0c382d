"""What commands share: options, checks of the files that they write, and the JSON document."""

from __future__ import annotations

import json
import os
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

FIGURES = (".png", ".svg", ".pdf")


def _silence(context: click.Context, _: click.Parameter, quiet: bool) -> bool:
    if quiet:
        context.with_resource(warnings.catch_warnings(action="ignore"))
    return quiet


data_dir_option = click.option(
    "--data-dir",
    metavar="DIR",
    help="Look for data files in this folder first.  [default: $RNNSPEC_DATA_DIR]",
)
no_download_option = click.option(
    "--no-download", is_flag=True, help="Never download: fail if a data file is missing."
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print the result as one JSON document."
)
cut_option = click.option(
    "--cut",
    metavar="CELL:GATES:AXIS",
    help="How the gates of an array are stacked, for example lstm:ifgo:rows or gru:zrh:columns; see"
    " above.",
)
quiet_option = click.option(
    "--quiet",
    is_flag=True,
    callback=_silence,
    help="Print only errors, and with --json the document.",
)


def check_writable(path: str | None, option: str) -> None:
    """Refuse a file or folder that cannot be written, before any work is done.

    Raises
    ------
    ValueError
        If it cannot; the message names the option, the path and the folder.
    """
    if path is None:
        return
    folder = Path(path).absolute()
    if os.path.isfile(folder):
        folder = folder.parent
    while not os.path.exists(folder):
        folder = folder.parent
    if not os.path.isdir(folder):
        raise ValueError(f"`{option}` {path!r}: expected a folder, got the file {folder}")
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ValueError(
            f"`{option}` {path!r}: the folder {folder} cannot be written ({error.strerror};"
            " another user's, a full disk, or a read-only file system?)"
        ) from error


def check_file(path: str | None, option: str) -> None:
    """Refuse a file to write that is a folder, or whose folder is missing or cannot be written."""
    if path is None:
        return
    if not Path(path).parent.is_dir():
        raise ValueError(f"`{option}` {path!r}: the folder {Path(path).parent} does not exist")
    if Path(path).is_dir():
        raise ValueError(f"`{option}` {path!r}: expected a file to write, got a folder")
    check_writable(path, option)


def numbers(text: str, option: str, count: int | None = None) -> list[float]:
    """Comma-separated numbers, `count` of them if given.

    Examples
    --------
    >>> numbers("0.01,1e-3", "--levels")
    [0.01, 0.001]
    """
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if not values or count not in (None, len(values)):
        wanted = "numbers" if count is None else f"{count} numbers"
        raise ValueError(f"`{option}` must be {wanted} separated by commas, got {text!r}")
    return values


def check_figure(path: str | None) -> None:
    """Refuse a figure file that cannot be written, before any work is done."""
    if path is not None and Path(path).suffix not in FIGURES:
        raise ValueError(f"`--figure` must end in {', '.join(FIGURES)}, got {path!r}")
    check_file(path, "--figure")


def check_out(path: str | None) -> None:
    """Refuse an output file that cannot be written, before any work is done."""
    if path is not None and Path(path).suffix != ".npz":
        raise ValueError(f"`--out` must end in .npz, got {path!r}")
    check_file(path, "--out")


def print_files(numbers: str | None, figure: str | None) -> None:
    """Print the names of the files that were written."""
    for label, path in (("numbers", numbers), ("figure", figure)):
        if path:
            click.echo(f"{label}: {path}")


def print_json(record: Mapping[str, Any]) -> None:
    """Print one strict JSON document on stdout."""
    print(json.dumps(record, indent=2, allow_nan=False))
