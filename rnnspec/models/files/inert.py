"""A reader of pickles that calls nothing.

A pickle is a program for a small machine with a stack: it makes lists and dicts, names classes
and functions, and asks for them to be called.  Here a name stays a name, `Global`, and a call
stays a note of what was to be called with what, `Instance`; only the few functions in a table of
the caller's, which build tensors and plain containers, are ours and are called.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from mmap import mmap
from typing import IO, Any

Builders = Mapping[str, Callable[..., Any]]


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


def unpickle(
    source: IO[bytes] | mmap | bytes,
    builders: Builders,
    persistent: Callable[[Any], Any] = lambda identity: Instance("persistent", (identity,)),
) -> Any:
    """The object that the pickle at the head of `source` describes, with nothing called.

    Parameters
    ----------
    source : binary file or bytes
        The position of a file is then the end of the pickle.
    builders : mapping of str to function
        The functions that may be called, by full name, such as "collections.OrderedDict".
    persistent : function
        Gives the object for a name whose object is kept outside the pickle.

    Raises
    ------
    ValueError, IndexError, KeyError, TypeError, AttributeError
        If the pickle is damaged.

    Examples
    --------
    >>> import pickle
    >>> unpickle(pickle.dumps({"a": [1, 2.5], "b": print}), {})
    {'a': [1, 2.5], 'b': Global(module='builtins', name='print')}
    """
    file: Any = BytesIO(source) if isinstance(source, bytes) else source
    return _Machine(file, builders, persistent).run()


def _text(file: IO[bytes]) -> str:
    """A string of Python 2 in protocol 0; any of its bytes may be written as an escape."""
    line = bytes(pickletools.read_stringnl(file, decode=False))  # type: ignore[arg-type]
    return line.decode("unicode_escape")


_OPCODES = {
    op.code.encode("latin-1"): (op.name, op.arg.reader if op.arg else None)
    for op in pickletools.opcodes
} | {b"S": ("STRING", _text)}
_VALUES = frozenset(
    "INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT STRING BINSTRING SHORT_BINSTRING"
    " UNICODE SHORT_BINUNICODE BINUNICODE BINUNICODE8 BINBYTES SHORT_BINBYTES BINBYTES8"
    " BYTEARRAY8".split()
)
_FIXED: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None, "NEWTRUE": lambda: True, "NEWFALSE": lambda: False,
    "EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_SET": list, "EMPTY_TUPLE": tuple,
}  # fmt: skip


class _Machine:
    def __init__(self, file: Any, builders: Builders, persistent: Callable[[Any], Any]) -> None:
        self.file, self.builders, self.persistent = file, builders, persistent
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        while True:
            code = self.file.read(1)
            if code not in _OPCODES:
                raise ValueError(f"the pickle has no step {code!r}" if code else "it ends early")
            name, read = _OPCODES[code]
            value = read(self.file) if read else None
            if name == "STOP":
                return self.stack.pop()
            if name in _VALUES:
                self.stack.append(value)
            elif name in _FIXED:
                self.stack.append(_FIXED[name]())
            elif name == "MARK":
                self.marks.append(len(self.stack))
            elif name not in ("PROTO", "FRAME"):
                self.step(name, value)

    def step(self, name: str, value: Any) -> None:
        stack = self.stack
        match name:
            case "PUT" | "BINPUT" | "LONG_BINPUT":
                self.memo[value] = stack[-1]
            case "MEMOIZE":
                self.memo[len(self.memo)] = stack[-1]
            case "GET" | "BINGET" | "LONG_BINGET":
                stack.append(self.memo[value])
            case "DUP":
                stack.append(stack[-1])
            case "POP" if not self.marks or self.marks[-1] < len(stack):
                stack.pop()
            case "POP" | "POP_MARK":
                self.above_mark()
            case "TUPLE":
                stack.append(tuple(self.above_mark()))
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                stack.append(tuple(self.last(int(name[-1]))))
            case "LIST" | "FROZENSET":
                stack.append(self.above_mark())
            case "DICT":
                items = self.above_mark()
                stack.append({})
                _put(stack[-1], items)
            case "APPEND":
                _append(stack[-2], self.last(1))
            case "APPENDS" | "ADDITEMS":
                elements = self.above_mark()
                _append(stack[-1], elements)
            case "SETITEM":
                _put(stack[-3], self.last(2))
            case "SETITEMS":
                items = self.above_mark()
                _put(stack[-1], items)
            case "GLOBAL":
                stack.append(Global(*value.split(" ", 1)))
            case "STACK_GLOBAL":
                stack.append(Global(*map(str, self.last(2))))
            case "EXT1" | "EXT2" | "EXT4":
                stack.append(Global("copyreg", f"extension {value}"))
            case "REDUCE" | "NEWOBJ":
                called, args = self.last(2)
                stack.append(self.call(called, args))
            case "NEWOBJ_EX":
                called, args, named = self.last(3)
                stack.append(self.call(called, (*args, *named.values())))
            case "INST":
                stack.append(self.call(Global(*value.split(" ", 1)), self.above_mark()))
            case "OBJ":
                called, *args = self.above_mark()
                stack.append(self.call(called, args))
            case "BUILD":
                (state,) = self.last(1)
                if isinstance(stack[-1], Instance):
                    stack[-1].state = state
            case "PERSID":
                stack.append(self.persistent(value))
            case "BINPERSID":
                stack.append(self.persistent(self.last(1)[0]))
            case _:
                raise ValueError(f"the step {name} needs data that lie outside the pickle")

    def last(self, count: int) -> list[Any]:
        """Take the `count` uppermost objects from the stack."""
        if len(self.stack) - (self.marks[-1] if self.marks else 0) < count:
            raise ValueError("the pickle takes more from its stack than it has put there")
        taken = self.stack[-count:]
        del self.stack[-count:]
        return taken

    def above_mark(self) -> list[Any]:
        """Take what lies above the last mark from the stack."""
        start = self.marks.pop()
        taken = self.stack[start:]
        del self.stack[start:]
        return taken

    def call(self, called: Any, args: Any) -> Any:
        """The result of a function of ours; of any other the note of the call."""
        build = self.builders.get(str(called)) if isinstance(called, Global) else None
        return build(*args) if build else Instance(called, tuple(args))


def _append(target: Any, elements: list[Any]) -> None:
    (target.elements if isinstance(target, Instance) else target).extend(elements)


def _put(target: Any, items: list[Any]) -> None:
    pairs = target.items if isinstance(target, Instance) else target
    pairs.update(mapping(zip(items[::2], items[1::2], strict=True)))


def mapping(pairs: Iterable[Any]) -> dict[Any, Any]:
    """A dict of pairs of key and value."""
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
