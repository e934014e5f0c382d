"""What an inert reader of pickles makes of names and calls: notes, which nothing executes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Global:
    """The name of a class or function that a pickle refers to."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(eq=False)
class Instance:
    """What a pickle would have made by a call: the function and its arguments, not called."""

    called: Any  # a Global, or whatever else the pickle wants to call
    args: tuple[Any, ...] = ()
    state: Any = None
    items: dict[Any, Any] = field(default_factory=dict)  # of a subclass of dict
    elements: list[Any] = field(default_factory=list)  # of a subclass of list or set


def to_dict(pairs: Iterable[Any]) -> dict[Any, Any]:
    """A dict of pairs of key and value; keys that are neither names nor numbers are wrapped."""
    return {_key(key): value for key, value in pairs}


def _key(key: Any) -> Any:
    """`key` if it is plain; any other is wrapped, because its hash could take for ever."""
    plain = key is None or isinstance(key, str | int | float | bytes)
    return key if plain else _Unnamed(key)


@dataclass(frozen=True, eq=False)
class _Unnamed:
    """A key of a dict that is neither a name nor a number; it equals only itself."""

    key: Any

    def __str__(self) -> str:
        named = isinstance(self.key, tuple) and all(
            isinstance(part, str | int) for part in self.key
        )
        return ".".join(map(str, self.key)) if named else "?"
