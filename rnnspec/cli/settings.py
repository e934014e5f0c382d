"""Settings of a training from flags, a TOML file and defaults, in that order."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rnnspec.training.config import DEFAULTS, TrainingConfig
from rnnspec.training.settings import checked_settings


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
    return checked_settings(settings, str(path))


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
