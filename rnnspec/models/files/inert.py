"""A reader of pickles that calls nothing.

A pickle is a program for a small machine with a stack: it makes lists and dicts, names classes
and functions, and asks for them to be called.  Here a name stays a name, `Global`, and a call
stays a note of what was to be called with which arguments, `Instance`.  Only the few functions that
the caller names, our own ones that build tensors and plain containers, are called.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Mapping
from io import BytesIO
from mmap import mmap
from typing import IO, Any

from rnnspec.models.files.notes import Global, Instance, to_dict

Builders = Mapping[str, Callable[..., Any]]


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
        The functions that may be called, by full name, for example "collections.OrderedDict".
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
    """A string of Python 2 in protocol 0, any byte of which may be written as an escape."""
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
    """The machine whose program is the pickle: a stack with marks, and a memory."""

    def __init__(self, file: Any, builders: Builders, persistent: Callable[[Any], Any]) -> None:
        self.file, self.builders, self.persistent = file, builders, persistent
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        """The object that is left on the stack at the end of the program."""
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
        """Do what one opcode says; `value` is its argument in the pickle."""
        if not (self.move(name, value) or self.fill_container(name) or self.note_down(name, value)):
            raise ValueError(f"the step {name} needs data that lie outside the pickle")

    def move(self, name: str, value: Any) -> bool:
        """Move objects between stack and memory; False if the opcode does something else."""
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
            case _:
                return False
        return True

    def fill_container(self, name: str) -> bool:
        """Make or fill a tuple, list, set or dict; False if the opcode does something else."""
        stack = self.stack
        match name:
            case "TUPLE":
                stack.append(tuple(self.above_mark()))
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                stack.append(tuple(self.last(int(name[-1]))))
            case "LIST" | "FROZENSET":
                stack.append(self.above_mark())
            case "DICT":
                items = self.above_mark()
                stack.append({})
                _update(stack[-1], items)
            case "APPEND":
                _extend(stack[-2], self.last(1))
            case "APPENDS" | "ADDITEMS":
                elements = self.above_mark()
                _extend(stack[-1], elements)
            case "SETITEM":
                _update(stack[-3], self.last(2))
            case "SETITEMS":
                items = self.above_mark()
                _update(stack[-1], items)
            case _:
                return False
        return True

    def note_down(self, name: str, value: Any) -> bool:
        """Note a name, a call or a state; False if the opcode does something else."""
        stack = self.stack
        match name:
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
                return False
        return True

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
        """What one of our own functions builds; for any other function the note of its call."""
        build = self.builders.get(str(called)) if isinstance(called, Global) else None
        return build(*args) if build else Instance(called, tuple(args))


def _extend(target: Any, elements: list[Any]) -> None:
    (target.elements if isinstance(target, Instance) else target).extend(elements)


def _update(target: Any, items: list[Any]) -> None:
    pairs = target.items if isinstance(target, Instance) else target
    pairs.update(to_dict(zip(items[::2], items[1::2], strict=True)))
