"""Options that several commands share, and checks of the files that they write."""

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


data_dir_option = click.option(
    "--data-dir",
    metavar="DIR",
    help="Look for data files in DIR first.  [default: $RNNSPEC_DATA_DIR]",
)
no_download_option = click.option(
    "--no-download", is_flag=True, help="Never use the network: fail if a data file is missing."
)
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
    """Refuse a file to write that is a folder, or whose folder cannot be written."""
    if path is not None and Path(path).is_dir():
        raise ValueError(f"`{option}` {path!r}: expected a file to write, got a folder")
    check_writable(path, option)
