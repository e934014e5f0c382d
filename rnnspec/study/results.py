"""The tables of a study, ``results.csv`` and ``curves.csv``: how they are written and read.

A row of results is a run and one of its matrices; what belongs to the whole run, for example its
accuracies, is repeated.  A row of curves is one size of one perturbation of a run.  A blank is
an undefined number.  Nothing in them depends on when or where a run was computed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rnnspec._files import write_text

Value = float | str | None
Row = dict[str, Value]

ORDER = ("dataset", "cell", "condition", "seed", "matrix")
CURVE_ORDER = ("run", "target", "attack", "norm", "epsilon")
TEXT = {
    *("run", "dataset", "cell", "condition", "normalize", "estimator", "init", "adversarial"),
    *("start", "matrix", "target", "attack", "norm"),
}


def write_results(path: Path, rows: Iterable[Mapping[str, Value]]) -> None:
    """Write a row for each run and matrix, ordered by data set, cell, condition, seed, matrix."""
    _write_table(path, rows, ("run", *ORDER), ORDER)


def write_curves(path: Path, rows: Iterable[Mapping[str, Value]]) -> None:
    """Write a row for each run, perturbation and size, in this order."""
    _write_table(path, rows, CURVE_ORDER, CURVE_ORDER)


def read_results(path: str | Path) -> list[Row]:
    """Read ``results.csv`` of a study: a row for each run and each of its matrices.

    Parameters
    ----------
    path : path
        The file ``results.csv`` in the folder of a study.

    Returns
    -------
    list of dict
        Texts, numbers, and None for a blank.  ``pandas.DataFrame(read_results(path))`` is a
        table; `runs_of` gathers the rows of each run.

    Raises
    ------
    ValueError
        If the file is missing, is not such a table, or is damaged; the message names the line.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> row = {"dataset": "digits", "cell": "rnn", "condition": "plain", "seed": 0}
    >>> row |= {"run": "c0ffee", "matrix": "layer0", "kreiss_constant": float("inf")}
    >>> with TemporaryDirectory() as folder:
    ...     write_results(Path(folder) / "results.csv", [row])
    ...     (back,) = read_results(Path(folder) / "results.csv")
    >>> back["seed"], back["kreiss_constant"], back == row
    (0, inf, True)
    """
    return _read_table(Path(path), ("run", *ORDER))


def read_curves(path: str | Path) -> list[Row]:
    """Read ``curves.csv`` of a study, as `read_results` reads the results."""
    return _read_table(Path(path), CURVE_ORDER)


def _write_table(
    path: Path,
    rows: Iterable[Mapping[str, Value]],
    needed: tuple[str, ...],
    order: tuple[str, ...],
) -> None:
    """Write the columns of all rows, and the rows by the columns of `order`."""

    def rank(row: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(row[name] for name in order)

    ranked = sorted(rows, key=rank)
    columns = list(dict.fromkeys(name for row in ranked for name in row)) or needed
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in ranked:
        writer.writerow([_cell_text(row.get(name)) for name in columns])
    write_text(path, text.getvalue())


def _cell_text(value: Value) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else repr(value)


def _read_table(path: Path, needed: tuple[str, ...]) -> list[Row]:
    """Read a table that must have the columns `needed`."""
    if not path.is_file():
        raise ValueError(
            f"{path} does not exist (a study that did not finish? --resume finishes it)"
        )
    try:
        lines = list(csv.reader(io.StringIO(path.read_text()), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} is damaged: expected a table of text ({error})") from error
    header = lines[0] if lines else []
    if missing := [name for name in needed if name not in header]:
        raise ValueError(f"{path} must be a table of a study, got a table without {missing[0]!r}")
    rows = []
    for number, line in enumerate(lines[1:], 2):
        if len(line) != len(header):
            raise ValueError(
                f"{path}, line {number} is damaged: expected {len(header)} cells, got {len(line)}"
            )
        try:
            rows.append({name: _value(name, cell) for name, cell in zip(header, line, strict=True)})
        except ValueError as error:
            raise ValueError(f"{path}, line {number} is damaged: {error}") from error
    return rows


def _value(name: str, cell: str) -> Value:
    if name in TEXT:
        return cell
    if not cell:
        return None
    return int(cell) if cell.lstrip("-").isdigit() else float(cell)
