"""Settings of a training as a file gives them: names that are known, values of their types."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, get_args

from rnnspec._checks import known_keys
from rnnspec.training.config import TrainingConfig

_TYPES: dict[str, Any] = {field.name: field.type for field in fields(TrainingConfig)}


def checked_settings(given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """`given` with underscores for hyphens; `where` is named in errors.

    Raises
    ------
    ValueError
        For a name that `TrainingConfig` does not have, or a value of another type.

    Examples
    --------
    >>> checked_settings({"adv-steps": 3}, "study.toml")
    {'adv_steps': 3}
    """
    settings = {}
    for key, value in given.items():
        name = key.replace("-", "_")
        known_keys([name], _TYPES, where)
        if not _fits(value, _TYPES[name]):
            raise ValueError(f"{where}: {key} must be {_expected(_TYPES[name])}, got {value!r}")
        settings[name] = float(value) if _TYPES[name] is float else value
    return settings


def _fits(value: object, kind: Any) -> bool:
    if isinstance(value, bool) or kind is bool:
        return isinstance(value, bool) and kind is bool
    return isinstance(value, int | float if kind is float else kind)


def _expected(kind: Any) -> str:
    names = {bool: "true or false", int: "an integer", float: "a number", str: "a quoted text"}
    return next(words for known, words in names.items() if known in (kind, *get_args(kind)))
