"""How a setting is declared: once, as a field of a dataclass that carries its range and its help.

The checks, the command-line flags, the keys of TOML files, the records and the documentation of
a setting are made from that field.  This file imports no heavy library, because
``rnnspec train --help`` reads it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import Field, dataclass, field, fields
from typing import Any, TypeVar

Kind = TypeVar("Kind", bound=type)


@dataclass(frozen=True)
class Setting:
    """What is declared of a setting beside its name, its type and its default.

    Attributes
    ----------
    help : str
        What the setting does, in whole sentences.
    choices : tuple of str
        The values that are allowed; empty if the type allows any.
    numbered : bool
        Whether a colon and a number may follow a choice, as in ``cuda:1``.
    least, above : float or None
        A number must be at least `least`, and larger than `above`.
    unset : str
        What the default None stands for, in words.
    treatment : bool
        Whether two runs that differ in it alone start from the same weights, so that a study
        compares them in pairs.
    recorded : bool
        Whether ``summary.json`` repeats the setting.
    column : int
        Its place among the settings in a study's table; 0 if it has none.
    """

    help: str
    choices: tuple[str, ...] = ()
    numbered: bool = False
    least: float | None = None
    above: float | None = None
    unset: str = "none"
    treatment: bool = False
    recorded: bool = False
    column: int = 0


def setting(default: object, help: str, **declared: Any) -> Any:
    """A dataclass field with the default `default` that declares a `Setting`.

    Examples
    --------
    >>> @dataclass
    ... class Walk:
    ...     n_steps: int = setting(10, "How many steps are made.", least=1)
    >>> Walk().n_steps, settings_of(Walk)["n_steps"].least
    (10, 1)
    """
    return field(default=default, metadata={"setting": Setting(help, **declared)})


def settings_of(kind: type) -> dict[str, Setting]:
    """The settings that the dataclass `kind` declares, by name and in order."""
    return {
        each.name: each.metadata["setting"] for each in fields(kind) if "setting" in each.metadata
    }


def names_with(kind: type, condition: Callable[[Setting], object]) -> tuple[str, ...]:
    """Names of the settings of `kind` for which `condition` holds, in order."""
    return tuple(name for name, each in settings_of(kind).items() if condition(each))


def columns_of(kind: type) -> tuple[str, ...]:
    """Names of the settings of `kind` that are columns of a study's table, in their order."""
    places = {name: each.column for name, each in settings_of(kind).items() if each.column}
    return tuple(sorted(places, key=places.__getitem__))


def describe_settings(kind: Kind) -> Kind:
    """Write the settings of the dataclass `kind` into its docstring, as the section Attributes."""
    told = settings_of(kind)
    lines = ["\n\n    Attributes", "    ----------"]
    for each in fields(kind):
        lines.append(f"    {each.name} : {_type_in_words(each, told[each.name])}")
        lines += textwrap.wrap(
            told[each.name].help, 90, initial_indent=8 * " ", subsequent_indent=8 * " "
        )
    if kind.__doc__ is not None:  # python -OO takes docstrings away
        kind.__doc__ = kind.__doc__.rstrip() + "\n".join(lines) + "\n"
    return kind


def _type_in_words(each: Field[Any], declared: Setting) -> str:
    kind = each.type if isinstance(each.type, str) else each.type.__name__
    if declared.choices:
        kind = "{" + ", ".join(f'"{choice}"' for choice in declared.choices) + "}"
    default = declared.unset if each.default is None else each.default
    return f"{kind.removesuffix(' | None')}, default {default}"
