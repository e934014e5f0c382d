"""Settings of a training on the command line: a flag each, and a TOML file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args, get_type_hints

import click

from rnnspec.training.config import DEFAULTS, TrainingConfig
from rnnspec.training.declaration import Setting, settings_of


def setting_options(kind: type) -> Callable[[Any], Any]:
    """A decorator that gives a command an option for each setting of the dataclass `kind`.

    The value of an option that is not given is None.
    """

    def add_options(command: Any) -> Any:
        types = get_type_hints(kind)
        for name, setting in reversed(settings_of(kind).items()):
            command = _option(name, types[name], getattr(kind, name), setting)(command)
        return command

    return add_options


def _option(name: str, kind: Any, default: Any, setting: Setting) -> Callable[[Any], Any]:
    flag = f"--{name.replace('_', '-')}"
    if kind is bool:
        return click.option(flag, is_flag=True, default=None, help=setting.help)
    told = setting.unset if default is None else default
    return click.option(
        flag,
        type=_click_type(kind, setting),
        default=None,
        help=f"{setting.help}  [default: {told}]",
    )


def _click_type(kind: Any, setting: Setting) -> Any:
    if setting.choices:
        return click.Choice(setting.choices)
    plain = next(one for one in (int, float, str) if one in (kind, *get_args(kind)))
    least = None if setting.least is None else int(setting.least)
    return click.IntRange(least) if plain is int else plain


def merge(flags: Mapping[str, Any], file: str | None) -> TrainingConfig:
    """The settings of a run: a flag wins over the file, and the file over the default.

    The value of a flag that was not given is None.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    return TrainingConfig(**{**asdict(DEFAULTS), **read_toml(file), **given})


def read_toml(file: str | None) -> dict[str, Any]:
    """The settings in `file`, if one is given.

    Raises
    ------
    ValueError
        If there is no such file, if it is no TOML, or if it holds an unknown key or a value of
        another type.
    """
    if file is None:
        return {}
    import tomllib

    path = Path(file)
    try:
        settings = tomllib.loads(path.read_text())
    except FileNotFoundError as error:
        raise ValueError(f"{path} does not exist") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ValueError(f"{path} is not a readable TOML file ({error})") from error
    from rnnspec.training.settings import read_settings  # it imports NumPy

    return read_settings(settings, str(path))


def check_resumed(
    flags: Mapping[str, Any], file: str | None, stored: TrainingConfig, directory: Path
) -> None:
    """Refuse to resume a run with another value of a setting than it was begun with."""
    given = {name: value for name, value in flags.items() if value is not None}
    for name, value in {**read_toml(file), **given}.items():
        if value != getattr(stored, name):
            raise ValueError(
                f"{directory} was begun with {name} = {getattr(stored, name)}, got {value}:"
                " a resumed run keeps its settings; leave it out, or start a new --out"
            )
