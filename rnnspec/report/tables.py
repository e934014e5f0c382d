"""Tables and JSON on stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rnnspec.spectra.numbers import NUMBERS


def print_json(record: Mapping[str, Any]) -> None:
    """One strict JSON document on stdout."""
    print(json.dumps(record, indent=2, allow_nan=False))


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A table on stdout: first column words, the others numbers, none of them ever cut.

    On a terminal too narrow for all columns the table continues below itself, each
    part with the first column; in a file or a pipe it is as wide as it needs to be.
    """
    console = Console()
    cells = [[cell(value) for value in row] for row in rows]
    room = console.width if sys.stdout.isatty() else None
    for part, chosen in enumerate(_parts(columns, cells, room)):
        table = Table(
            title=title if part == 0 else None,
            title_justify="left",
            box=SIMPLE_HEAD,
            show_edge=False,
        )
        for position in chosen:
            side: Literal["left", "right"] = "left" if position == 0 else "right"
            table.add_column(Text(columns[position]), justify=side, no_wrap=True)
        for row in cells:
            table.add_row(*(Text(row[position]) for position in chosen))
        if part:
            print()
        needed = _width(columns, cells, chosen)
        Console(width=max(needed, room or len(title))).print(table)


def _parts(
    columns: Sequence[str], cells: Sequence[Sequence[str]], room: int | None
) -> Iterator[list[int]]:
    """Columns side by side, as many as `room` holds; the first, and at least one more, in each."""
    chosen = [0]
    for position in range(1, len(columns)):
        wider = [*chosen, position]
        if room is not None and len(chosen) > 1 and _width(columns, cells, wider) > room:
            yield chosen
            wider = [0, position]
        chosen = wider
    yield chosen


def _width(columns: Sequence[str], cells: Sequence[Sequence[str]], chosen: Sequence[int]) -> int:
    """What a table of `chosen` columns takes: a blank on each side, a rule between."""
    widest = (max(cell_len(row[k]) for row in (columns, *cells)) for k in chosen)
    return sum(width + 2 for width in widest) + len(chosen) - 1


def cell(value: Any) -> str:
    """A number in four figures, what is undefined as a dash.

    Examples
    --------
    >>> [cell(value) for value in (0.123456, 1e-9, 3, None, "lstm")]
    ['0.1235', '1e-09', '3', '-', 'lstm']
    """
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def print_training(
    summary: Mapping[str, Any], directory: Path, *, as_json: bool, quiet: bool
) -> None:
    """What a training gave: accuracies, and each matrix before and after."""
    if as_json:
        print_json(summary)
    elif not quiet:
        validation = summary["validation_accuracy"]
        print(
            f"{summary['dataset']} ({summary['view']}), {summary['cell']},"
            f" normalize {summary['normalize']}: test accuracy {summary['test_accuracy']:.4f}"
            f" (validation {cell(validation)}, best epoch {summary['best_epoch']})"
            f" in {summary['train_seconds']:.1f} s"
        )
        matrices = summary["matrices"]
        keys = [key for key in NUMBERS if any(f"{key}_initial" in m for m in matrices.values())]
        print_table(
            "recurrent matrices, before -> after training",
            ("matrix", *(NUMBERS[key].words for key in keys)),
            (
                [name, *(f"{cell(m[f'{key}_initial'])} -> {cell(m[key])}" for key in keys)]
                for name, m in matrices.items()
            ),
        )
        print(f"run directory: {directory}")


def print_study(record: Mapping[str, Any], folder: Path) -> None:
    """What a study says: each claim's question, and the sentence that its numbers make."""
    print(f"{record['name']}: {record['done']} of {record['runs']} runs done")
    for claim in record["claims"]:
        print(f"{claim['name']}  {claim['question']}\n    {claim['sentence']}")
    print(f"study folder: {folder}")


def print_measures(matrices: Mapping[str, Mapping[str, Any]]) -> None:
    """Stability numbers, a row per number, a column per matrix; of one matrix with its proofs."""
    names = list(matrices)
    first = matrices[names[0]]
    keys: list[tuple[str, ...]] = [
        (key,) for key, value in first.items() if not isinstance(value, dict | list | tuple)
    ]
    for key in (name for name, number in NUMBERS.items() if number.per_epsilon):
        keys += [(key, epsilon) for epsilon in first[key]]
    rows = [[" ".join(path), *(_at(matrices[name], path) for name in names)] for path in keys]
    if len(names) == 1:
        for row, path in zip(rows, keys, strict=True):
            row.append(bracket(_at(first["certified"], path)))
    columns = ["number", *names, *(["proved between"] if len(names) == 1 else [])]
    print_table("stability and non-normality (discrete time)", columns, rows)


def print_robustness(record: Mapping[str, Any]) -> None:
    """What `rnnspec robustness` found: a row per attack and size, and the smallest changes."""
    units = "" if record["units"] is None else f", sizes in {record['units']}"
    print(f"accuracy {record['clean_accuracy']:.4f} on {record['n']} sequences{units}")
    if rows := record["results"]:
        print_table(
            f"under perturbation of the {rows[0]['target']}, 95 % intervals",
            ("attack", "epsilon", "accuracy", "from", "to", "largest used", "seconds"),
            (
                [
                    f"{row['attack']} ({row['norm']})",
                    row["epsilon"],
                    *(f"{row[key]:.3f}" for key in ("accuracy", "ci_low", "ci_high")),
                    row["max_perturbation"],
                    f"{row['seconds']:.2f}",
                ]
                for row in rows
            ),
        )
    if record["minimal"]:
        keys = ("median", "mean", "mean_relative", "success_rate")
        print_table(
            "smallest perturbation that changes the decision",
            ("attack", *(key.replace("_", " ") for key in keys)),
            ([name, *(found[key] for key in keys)] for name, found in record["minimal"].items()),
        )


def bracket(proved: Mapping[str, Any] | None) -> str:
    """Lower and upper bound, to six figures; empty where nothing is proved.

    Examples
    --------
    >>> bracket({"lower": 0.0021234567, "upper": 0.0021234568})
    '0.00212346 and 0.00212346'
    >>> bracket({"lower": "inf", "upper": "inf"}), bracket(None)
    ('inf and inf', '')
    """
    if proved is None:
        return ""
    ends = (proved["lower"], proved["upper"])
    return " and ".join(end if isinstance(end, str) else f"{end:.6g}" for end in ends)


def _at(record: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """The entry under nested keys, None where there is none."""
    entry: Any = record
    for key in path:
        entry = entry.get(key) if entry is not None else None
    return entry
