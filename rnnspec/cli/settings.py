"""Settings of a training from flags, a TOML file and defaults, in that order."""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, get_args

from rnnspec.training.config import DEFAULTS, TrainingConfig

_TYPES: dict[str, Any] = {field.name: field.type for field in fields(TrainingConfig)}


def merge(flags: Mapping[str, Any], file: str | None) -> TrainingConfig:
    """Flags win over the file, which wins over the defaults; a flag not given is None."""
    given = {name: value for name, value in flags.items() if value is not None}
    return TrainingConfig(**{**asdict(DEFAULTS), **read_toml(file), **given})


def read_toml(file: str | None) -> dict[str, Any]:
    """The settings in `file`, if one is given; unknown keys and wrong types are errors."""
    if file is None:
        return {}
    path = Path(file)
    try:
        settings = tomllib.loads(path.read_text())
    except FileNotFoundError as error:
        raise ValueError(f"{path} does not exist") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ValueError(f"{path} is not a readable TOML file ({error})") from error
    for key, value in settings.items():
        name = key.replace("-", "_")
        if name not in _TYPES:
            near = difflib.get_close_matches(name, _TYPES, 1)
            hint = f"; did you mean {near[0]}?" if near else f"; known: {', '.join(_TYPES)}"
            raise ValueError(f"{path}: unknown setting {key!r}{hint}")
        if not _fits(value, _TYPES[name]):
            raise ValueError(f"{path}: {key} must be {_expected(_TYPES[name])}, got {value!r}")
    return {key.replace("-", "_"): value for key, value in settings.items()}


def _fits(value: object, kind: Any) -> bool:
    if isinstance(value, bool) or kind is bool:
        return isinstance(value, bool) and kind is bool
    return isinstance(value, int | float if kind is float else kind)


def _expected(kind: Any) -> str:
    names = {bool: "true or false", int: "an integer", float: "a number", str: "a quoted text"}
    return next(words for known, words in names.items() if known in (kind, *get_args(kind)))


def check_resumed(
    flags: Mapping[str, Any], file: str | None, stored: TrainingConfig, directory: Path
) -> None:
    """Refuse to resume with a setting other than the run was begun with."""
    given = {name: value for name, value in flags.items() if value is not None}
    for name, value in {**read_toml(file), **given}.items():
        if value != getattr(stored, name):
            raise ValueError(
                f"{directory} was begun with {name} = {getattr(stored, name)}, got {value}:"
                " a resumed run keeps its settings; leave it out, or start a new --out"
            )
