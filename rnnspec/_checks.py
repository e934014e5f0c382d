"""The checks of arguments that many functions share, and the wording of their errors."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, ParamSpec, Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

GATES = {4: "LSTM", 3: "GRU"}  # How many (h, h) matrices PyTorch stacks in one.


class ConvergenceWarning(UserWarning):
    """An iteration stopped before it reached its tolerance; its result says so too."""


class SanityWarning(UserWarning):
    """A robustness number probably does not mean what it seems to mean."""


class Uncertified(Protocol):
    """A result that says whether it was proved, and if not, why."""

    @property
    def certified(self) -> bool: ...  # noqa: D102
    @property
    def why(self) -> str: ...  # noqa: D102


Proved = TypeVar("Proved", bound=Uncertified)
Arguments = ParamSpec("Arguments")


def warn_if_uncertified(
    search: Callable[Arguments, Proved],
) -> Callable[Arguments, Proved]:
    """Let `search` warn with the reason, at the line that called it, if its result is not proved.

    Examples
    --------
    >>> from rnnspec.spectra import Bracket
    >>> search = warn_if_uncertified(lambda: Bracket(1.0, 0.0, 1.0, False, why="it was too long"))
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     search().value, str(caught[0].message)
    (1.0, 'it was too long')
    """

    @wraps(search)
    def search_and_warn(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Proved:
        found = search(*args, **kwargs)
        if not found.certified:
            warnings.warn(found.why, ConvergenceWarning, stacklevel=2)
        return found

    return search_and_warn


def square(A: ArrayLike, name: str = "A") -> NDArray[Any]:
    """Return `A` as a square, finite, non-empty matrix of float64 or complex128, always a copy.

    Raises
    ------
    ValueError
        If `A` is not such a matrix; the message names `name`, and the likely cause.

    Examples
    --------
    >>> square([[1, 2], [3, 4]]).dtype
    dtype('float64')
    >>> square([[1, 2, 3]])
    Traceback (most recent call last):
    ...
    ValueError: `A` must be a square matrix, got shape (1, 3)
    """
    try:
        A = np.asarray(A)
    except ValueError as error:  # NumPy's own message is about inhomogeneous sequences.
        raise ValueError(f"`{name}` must be a square matrix, got rows that do not match") from error
    if A.ndim != 2 or A.shape[0] != A.shape[1]:
        raise ValueError(f"`{name}` must be a square matrix, got shape {A.shape}{_stack_hint(A)}")
    if A.shape[0] == 0:
        raise ValueError(f"`{name}` must have at least one row, got shape (0, 0)")
    if not (np.issubdtype(A.dtype, np.number) or A.dtype == bool):
        raise ValueError(f"`{name}` must hold numbers, got dtype {A.dtype}")
    A = A.astype(np.complex128 if np.iscomplexobj(A) else np.float64)
    if not np.isfinite(A).all():
        row, column = np.argwhere(~np.isfinite(A))[0]
        raise ValueError(
            f"`{name}` must be finite, got {A[row, column]} at [{row}, {column}]"
            " (a training that diverged?)"
        )
    # The Frobenius norm is at most n times the largest entry, and some numbers take twice that.
    largest = float(np.abs(A).max())
    if largest > np.finfo(float).max / (4 * len(A)):
        raise ValueError(
            f"`{name}` must be small enough that its norms are finite, got an entry of {largest:g}"
        )
    return A


def _stack_hint(A: NDArray[Any]) -> str:
    """Explain a shape that is that of stacked gates; empty if it is not."""
    rows, columns = A.shape if A.ndim == 2 else (0, 1)
    if columns and rows % columns == 0 and rows // columns in GATES:
        g = rows // columns
        return f" (the stacked gates of {GATES[g]} weights have shape ({g}h, h): choose one gate)"
    return ""


def one_of(value: str, name: str, options: Iterable[str]) -> str:
    """Return `value` if it is one of `options`, else raise ValueError.

    Examples
    --------
    >>> one_of("mean", "quantity", ["radius", "norm"])
    Traceback (most recent call last):
    ...
    ValueError: `quantity` must be one of radius, norm, got 'mean'
    """
    options = list(options)
    if value not in options:
        raise ValueError(f"`{name}` must be one of {', '.join(options)}, got {value!r}")
    return value


def known_keys(given: Iterable[str], known: Iterable[str], where: str) -> None:
    """Refuse a key that is not known, and suggest the nearest one that is.

    Examples
    --------
    >>> known_keys(["epoch"], ["epochs", "hidden"], "study.toml")
    Traceback (most recent call last):
    ...
    ValueError: study.toml: unknown setting 'epoch'; did you mean epochs?
    """
    known = list(known)
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            hint = f"; did you mean {near[0]}?" if near else f"; known: {', '.join(known)}"
            raise ValueError(f"{where}: unknown setting {key!r}{hint}")


def seed_number(seed: int) -> int:
    """Return `seed` if it is an integer that every generator accepts, else raise ValueError.

    Examples
    --------
    >>> seed_number(-1)
    Traceback (most recent call last):
    ...
    ValueError: `seed` must be an integer from 0 to 2**32 - 1, got -1
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < 2**32:
        raise ValueError(f"`seed` must be an integer from 0 to 2**32 - 1, got {seed!r}")
    return int(seed)


def count(value: int, name: str, least: int = 1) -> int:
    """Return `value` if it is an integer of at least `least`, else raise ValueError.

    Examples
    --------
    >>> count(2.5, "steps")
    Traceback (most recent call last):
    ...
    ValueError: `steps` must be an integer of at least 1, got 2.5
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"`{name}` must be an integer of at least {least}, got {value!r}")
    return int(value)


def positive(value: float, name: str, *, zero: bool = False) -> float:
    """Return `value` if it is a finite number above zero, else raise ValueError.

    Zero itself is accepted if `zero` is true.

    Examples
    --------
    >>> positive(-1.0, "tol")
    Traceback (most recent call last):
    ...
    ValueError: `tol` must be a finite number > 0, got -1.0
    """
    if not np.isfinite(value) or value < 0 or (value == 0 and not zero):
        raise ValueError(f"`{name}` must be a finite number {'>=' if zero else '>'} 0, got {value}")
    return value
