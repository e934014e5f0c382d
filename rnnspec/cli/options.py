"""Options that mean one thing for every command, and the files that they write to."""

from __future__ import annotations

import os
import tempfile
import warnings
from pathlib import Path

import click


def _silence(context: click.Context, _: click.Parameter, quiet: bool) -> bool:
    if quiet:
        context.with_resource(warnings.catch_warnings(action="ignore"))
    return quiet


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
cut_option = click.option(
    "--cut",
    metavar="CELL:GATES:AXIS",
    help="How the gates of an array are stacked: lstm:ifgo:rows, gru:zrh:columns.",
)
quiet_option = click.option(
    "--quiet",
    is_flag=True,
    callback=_silence,
    help="Print nothing but errors; with --json, the document.",
)


def check_writable(path: str | None, option: str) -> None:
    """Refuse a file or folder that cannot be written, before any work is done.

    Raises
    ------
    ValueError
        That names option, path and folder.
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
    """Refuse a file to write that is a folder, or in one that cannot be written."""
    if path is not None and Path(path).is_dir():
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
