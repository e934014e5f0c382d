"""Checks of settings: values of their types from a file, and values within their ranges."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from math import isfinite
from typing import Any, get_args, get_type_hints

import torch

from rnnspec._checks import count, known_keys, one_of, seed_number
from rnnspec.training.config import TrainingConfig
from rnnspec.training.declaration import settings_of


def read_settings(
    given: Mapping[str, Any], where: str, of: type = TrainingConfig
) -> dict[str, Any]:
    """`given` with underscores for hyphens, and whole numbers as floats where floats are meant.

    Parameters
    ----------
    given : mapping
        What a file holds.
    where : str
        What errors call that file.
    of : dataclass
        Its fields are the names that are known; their annotations are the types.

    Raises
    ------
    ValueError
        For a name that `of` does not have, or a value of another type.

    Examples
    --------
    >>> read_settings({"adv-steps": 3, "lr": 1}, "study.toml")
    {'adv_steps': 3, 'lr': 1.0}
    """
    kinds = _types_of(of)
    settings: dict[str, Any] = {}
    for key, value in given.items():
        name = key.replace("-", "_")
        known_keys([name], kinds, where)
        kind = kinds[name]
        if not _fits(value, kind):
            raise ValueError(f"{where}: {key} must be {_in_words(kind)}, got {value!r}")
        if kind == tuple[float, ...]:
            settings[name] = tuple(float(number) for number in value)
        else:
            settings[name] = float(value) if kind is float else value
    return settings


def check_settings(config: Any) -> None:
    """Refuse settings that no training takes, whatever the data.

    Parameters
    ----------
    config : dataclass
        A `TrainingConfig` has its seed and its device checked too.

    Raises
    ------
    ValueError
        If a setting is out of range or none of its choices, or the device is missing.
    """
    for name in settings_of(type(config)):
        check_setting(getattr(config, name), name, of=type(config))
    if isinstance(config, TrainingConfig):
        seed_number(config.seed)
        if config.device.startswith("cuda") and not torch.cuda.is_available():
            raise ValueError("`device` is cuda, but PyTorch finds no CUDA device; use cpu")


def check_setting(
    value: Any, setting: str, name: str | None = None, of: type = TrainingConfig
) -> None:
    """Refuse a value that is outside the declared range of `setting`.

    Parameters
    ----------
    value : object
    setting : str
        A field of `of`.
    name : str, optional
        What errors call it; default: as `setting`.
    of : dataclass

    Raises
    ------
    ValueError
        If `value` is none of the choices, or a number out of range.

    Examples
    --------
    >>> check_setting(-1.0, "adv_epsilon", "epsilon")
    Traceback (most recent call last):
    ...
    ValueError: `epsilon` must be a finite number >= 0, got -1.0
    """
    declared, kind, name = settings_of(of)[setting], _types_of(of)[setting], name or setting
    if value is None and type(None) in get_args(kind):
        return
    if declared.choices:
        one_of(value.partition(":")[0] if declared.numbered else value, name, declared.choices)
    elif declared.least is not None and int in (kind, *get_args(kind)):
        count(value, name, int(declared.least))
    elif declared.least is not None or declared.above is not None:
        _check_number(value, name, declared.least, declared.above)


def _check_number(value: float, name: str, least: float | None, above: float | None) -> None:
    too_small = (least is not None and value < least) or (above is not None and value <= above)
    if not isfinite(value) or too_small:
        limit = f">= {least}" if least is not None else f"> {above}"
        raise ValueError(f"`{name}` must be a finite number {limit}, got {value}")


@cache
def _types_of(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _fits(value: object, kind: Any) -> bool:
    if kind == tuple[float, ...]:
        return isinstance(value, list) and all(_fits(number, float) for number in value)
    if isinstance(value, bool) or kind is bool:
        return isinstance(value, bool) and kind is bool
    if isinstance(value, float) and not isfinite(value):
        return False
    return isinstance(value, int | float if kind is float else kind)


def _in_words(kind: Any) -> str:
    if kind == tuple[float, ...]:
        return "a list of finite numbers"
    names = {
        bool: "true or false",
        int: "an integer",
        float: "a finite number",
        str: "a quoted text",
    }
    return next(words for known, words in names.items() if known in (kind, *get_args(kind)))
