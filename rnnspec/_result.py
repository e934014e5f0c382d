"""What every result has in common: a short ``repr``, a JSON-ready ``to_dict``, and a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from math import isfinite, isnan
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


class Result:
    """Base of the frozen dataclasses that functions return (declare them with ``repr=False``)."""

    def __repr__(self) -> str:
        shown = (f"{each.name}={_brief(getattr(self, each.name))}" for each in fields(self))  # type: ignore[arg-type]
        return f"{type(self).__name__}({', '.join(shown)})"

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as strict JSON can hold them.

        Arrays become lists; an infinite number is the string "inf" or "-inf", NaN is None.
        """
        return {each.name: plain(getattr(self, each.name)) for each in fields(self)}  # type: ignore[arg-type]


class Table(Result):
    """A result that is a table: its `rows` are dictionaries with equal keys."""

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

    Examples
    --------
    >>> plain({"a": np.array([1.0, np.inf]), "b": (float("nan"), None)})
    {'a': [1.0, 'inf'], 'b': [None, None]}
    """
    if isinstance(value, Result):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, complex):
        return [plain(value.real), plain(value.imag)]
    if isinstance(value, float) and not isfinite(value):
        return None if isnan(value) else "inf" if value > 0 else "-inf"
    return value


def _brief(value: Any) -> str:
    """A value in a few characters: of arrays and tables the shape alone."""
    if isinstance(value, np.ndarray) or hasattr(value, "detach"):
        return f"<{tuple(value.shape)} array>" if value.ndim else f"{float(value):.6g}"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Mapping) and len(value) > 3:
        return f"<{len(value)} entries>"
    if isinstance(value, list | tuple) and len(value) > 6:
        return f"<{len(value)} items>"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key!r}: {_brief(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        inside = ", ".join(_brief(item) for item in value)
        return f"[{inside}]" if isinstance(value, list) else f"({inside})"
    text = repr(value)
    return text if len(text) <= 60 else f"<{type(value).__name__}>"
