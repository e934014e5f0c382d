"""What every result has in common: a short ``repr``, a JSON-ready ``to_dict``, and a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from math import isfinite, isnan
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import pandas as pd

# Most results fit in two lines of a terminal, because longer values are shown by their size alone.
LONGEST_TEXT, MOST_ITEMS, MOST_ENTRIES = 60, 6, 3
LONGEST_RESULT = 360  # and none takes more than five lines: the last fields are left out


class Result:
    """Base of what functions return: ``@dataclass(frozen=True, eq=False, repr=False)``.

    ``eq=False``, because arrays and NaN have no useful equality: compare fields, or `to_dict`.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def __repr__(self) -> str:
        parts = [f"{each.name}={brief(getattr(self, each.name))}" for each in fields(self)]
        while len(text := ", ".join(parts)) > LONGEST_RESULT:
            parts[-2:] = ["..."]
        return f"{type(self).__name__}({text})"

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as strict JSON can hold them.

        Arrays become lists, and a complex number is the list of its two parts.  An infinite
        number is the string "inf" or "-inf", and NaN is None.
        """
        return {each.name: plain(getattr(self, each.name)) for each in fields(self)}


class Table(Result):
    """A result that is a table: its `rows` are dictionaries, with equal keys if of one kind."""

    def rows(self) -> list[dict[str, Any]]:
        """Return one dictionary for each row."""
        raise NotImplementedError

    def to_frame(self) -> pd.DataFrame:
        """Return the rows as a pandas DataFrame.

        Raises
        ------
        ImportError
            If pandas is not installed; `rows` needs none.
        """
        return frame(self.rows())


def frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return `rows` as a pandas DataFrame.

    Raises
    ------
    ImportError
        If pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError(
            "`to_frame` needs pandas, which is not installed: pip install pandas, or take the"
            " dictionaries that `rows` returns"
        ) from error
    return pd.DataFrame(rows)


def plain(value: Any) -> Any:
    """Return `value` as strict JSON can hold it.

    Raises
    ------
    TypeError
        If it holds an object that JSON cannot express, for example a function.

    Examples
    --------
    >>> import numpy as np
    >>> plain({"a": np.array([1.0, np.inf]), "b": (float("nan"), None), 0.5: 1j})
    {'a': [1.0, 'inf'], 'b': [None, None], '0.5': [0.0, 1.0]}
    """
    if hasattr(value, "tolist"):  # arrays, tensors and NumPy's scalars
        return plain(value.tolist())
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else None if isnan(value) else str(value)
    if isinstance(value, complex):
        return [plain(value.real), plain(value.imag)]
    if isinstance(value, Result):
        return value.to_dict()
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, PathLike):
        return fspath(value)
    raise TypeError(f"JSON has no form for {type(value).__name__}: {value!r:.80}")


def brief(value: Any) -> str:
    """Write a value in a few characters: of arrays and long tables only the size.

    Examples
    --------
    >>> import numpy as np
    >>> print(brief(np.eye(3)), brief(1 / 3), brief(np.float32(0.5)), brief([1, 2.0]))
    <(3, 3) array> 0.333333 0.5 [1, 2]
    >>> print(brief("word " * 30), brief({"a": 1}), brief(range(99)), brief(("one",)))
    'word word word word word word word word word word word w... {'a': 1} range(0, 99) ('one',)
    """
    if getattr(value, "shape", ()):
        return f"<{tuple(value.shape)} array>"
    if hasattr(value, "item") and hasattr(value, "dtype"):  # a number of NumPy's or PyTorch's
        value = value.item()
    if isinstance(value, float | complex):
        return f"{value:.6g}"
    if isinstance(value, Mapping):
        if len(value) > MOST_ENTRIES:
            return f"<{len(value)} entries>"
        return "{" + ", ".join(f"{brief(key)}: {brief(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        if len(value) > MOST_ITEMS:
            return f"<{len(value)} items>"
        inside = ", ".join(map(brief, value))
        if isinstance(value, list):
            return f"[{inside}]"
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    text = repr(value)
    if len(text) <= LONGEST_TEXT:
        return text
    if isinstance(value, str):
        return f"{text[: LONGEST_TEXT - 3]}..."
    return f"<{type(value).__name__}>"
