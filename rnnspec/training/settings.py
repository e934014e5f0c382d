"""Settings as a file gives them: names that are known, values of their types."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any, get_args, get_type_hints

from rnnspec._checks import known_keys
from rnnspec.training.config import TrainingConfig


def checked_settings(
    given: Mapping[str, Any], where: str, of: type = TrainingConfig
) -> dict[str, Any]:
    """`given` with underscores for hyphens, whole numbers as floats where these are meant.

    Parameters
    ----------
    given : mapping
        What was read.
    where : str
        Named in errors.
    of : dataclass
        Its fields are what is known.

    Raises
    ------
    ValueError
        For a name that `of` does not have, or a value of another type.

    Examples
    --------
    >>> checked_settings({"adv-steps": 3, "lr": 1}, "study.toml")
    {'adv_steps': 3, 'lr': 1.0}
    """
    kinds = get_type_hints(of)
    settings: dict[str, Any] = {}
    for key, value in given.items():
        name = key.replace("-", "_")
        known_keys([name], kinds, where)
        kind = kinds[name]
        if not _fits(value, kind):
            raise ValueError(f"{where}: {key} must be {_expected(kind)}, got {value!r}")
        if kind == tuple[float, ...]:
            settings[name] = tuple(float(number) for number in value)
        else:
            settings[name] = float(value) if kind is float else value
    return settings


def _fits(value: object, kind: Any) -> bool:
    if kind == tuple[float, ...]:
        return isinstance(value, list) and all(_fits(number, float) for number in value)
    if isinstance(value, bool) or kind is bool:
        return isinstance(value, bool) and kind is bool
    if isinstance(value, float) and not isfinite(value):
        return False
    return isinstance(value, int | float if kind is float else kind)


def _expected(kind: Any) -> str:
    if kind == tuple[float, ...]:
        return "a list of finite numbers"
    names = {
        bool: "true or false",
        int: "an integer",
        float: "a finite number",
        str: "a quoted text",
    }
    return next(words for known, words in names.items() if known in (kind, *get_args(kind)))
