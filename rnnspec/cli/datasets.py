"""``rnnspec datasets``: what can be trained on, and where it comes from."""

from __future__ import annotations

from typing import Any

import click

from rnnspec.cli.options import (
    data_dir_option,
    json_option,
    no_download_option,
    print_json,
    quiet_option,
)


@click.group()
def datasets() -> None:
    """List the data sets that can be trained on, and get their files.

    \b
    Example:
      rnnspec datasets list
      rnnspec datasets info japanese-vowels
      rnnspec datasets fetch mnist
    """  # noqa: D301


@datasets.command("list")
@data_dir_option
@json_option
@quiet_option
def list_(data_dir: str | None, as_json: bool, quiet: bool) -> None:
    """List all data sets, and say whether their files are on this machine.

    \b
    Example:
      rnnspec datasets list --data-dir ~/data
    """  # noqa: D301
    from rnnspec.data.download import data_folder
    from rnnspec.data.registry import ENTRIES

    data_folder(data_dir)  # refuses a wrong folder once, not for each data set
    rows: list[dict[str, Any]] = [
        {
            "name": entry.name,
            "about": entry.about,
            "views": list(entry.views),
            "licence": entry.licence,
            "status": _status(entry.name, data_dir),
        }
        for entry in ENTRIES
    ]
    if as_json:
        print_json({"datasets": rows})
        return
    if not quiet:
        for row in rows:
            click.echo(f"{row['name']:26}{row['status'] or '':10}{row['about']}")


@datasets.command()
@click.argument("name")
@data_dir_option
@json_option
@quiet_option
def info(name: str, data_dir: str | None, as_json: bool, quiet: bool) -> None:
    """Show sizes, classes and files of data that is on this machine.

    Exit code 0 means that the data is here and intact.

    \b
    Example:
      rnnspec datasets info digits
    """  # noqa: D301
    from rnnspec.data.load import load_dataset

    data = load_dataset(name, data_dir=data_dir, download=False)
    parts = (data.train, data.validation, data.test)
    record = {
        "name": data.name,
        "view": data.view,
        "n_train": len(data.train),
        "n_validation": len(data.validation),
        "n_test": len(data.test),
        "lengths": [
            int(min(part.lengths.min() for part in parts if len(part))),
            data.train.n_steps,
        ],
        "n_features": data.n_features,
        "class_names": list(data.train.class_names),
        "sources": dict(data.sources),
    }
    _print(record, as_json, quiet)


@datasets.command()
@click.argument("name")
@data_dir_option
@no_download_option
@json_option
@quiet_option
def fetch(name: str, data_dir: str | None, no_download: bool, as_json: bool, quiet: bool) -> None:
    """Get the files of a data set, check them, and print where they are.

    \b
    Example:
      rnnspec datasets fetch fashion-mnist
    """  # noqa: D301
    from rnnspec.data.download import sha256_of
    from rnnspec.data.load import dataset_files

    paths = dataset_files(name, data_dir, download=not no_download)
    record = {"name": name, "files": {str(path): sha256_of(path) for path in paths}}
    _print(record, as_json, quiet)


def _status(name: str, data_dir: str | None) -> str | None:
    """Whether the files of `name` are on this machine; None if it is a pattern of names."""
    from rnnspec.data.download import DatasetUnavailable
    from rnnspec.data.load import dataset_files

    if name.endswith((":NAME", ":PATH")):
        return None
    try:
        dataset_files(name, data_dir, download=False)
    except DatasetUnavailable:
        return "not here"
    except ValueError:
        return "damaged"
    return "here"


def _print(record: dict[str, Any], as_json: bool, quiet: bool) -> None:
    if as_json:
        print_json(record)
    elif not quiet:
        for key, value in record.items():
            if isinstance(value, dict):
                text = (
                    "\n".join(f"  {path}  {sha}" for path, sha in value.items())
                    or "  none (bundled or generated)"
                )
                click.echo(f"{key}:\n{text}")
            else:
                shown = ", ".join(map(str, value)) if isinstance(value, list) else value
                click.echo(f"{key}: {shown}")
