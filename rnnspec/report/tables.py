"""Tables on stdout."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rnnspec._format import cell

# What is said of the sizes, by their units; an initial state has no units.
UNITS = {
    None: "",
    "std": ", sizes in standard deviations",
    "raw": ", sizes in raw units",
    "absolute": ", absolute sizes",
}


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table on stdout: the first column holds words, the others numbers.

    Nothing is ever cut off.  On a terminal that is too narrow for all columns the table continues
    below itself, and each part repeats the first column; in a file or a pipe the table is as wide
    as it needs to be.
    """
    console = Console()
    cells = [[cell(value, "ascii") for value in row] for row in rows]
    width = console.width if sys.stdout.isatty() else None
    for part, chosen in enumerate(_parts(columns, cells, width)):
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
        needed = _table_width(columns, cells, chosen)
        Console(width=max(needed, width or len(title))).print(table)


def print_study(record: Mapping[str, Any], folder: Path) -> None:
    """Print each claim of a study: its question, and the sentence that its numbers make."""
    print(f"{record['name']}: {record['done']} of {record['runs']} runs done")
    for claim in record["claims"]:
        print(f"{claim['name']}  {claim['question']}\n    {claim['sentence']}")
    print(f"study folder: {folder}")


def print_robustness(record: Mapping[str, Any]) -> None:
    """Print what `rnnspec robustness` found: a row for each attack and size, then the smallest."""
    units = UNITS[record["units"]]
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


def _parts(
    columns: Sequence[str], cells: Sequence[Sequence[str]], width: int | None
) -> Iterator[list[int]]:
    """Positions of the columns of each part: the first, and as many others as `width` holds."""
    chosen = [0]
    for position in range(1, len(columns)):
        wider = [*chosen, position]
        too_wide = width is not None and _table_width(columns, cells, wider) > width
        if too_wide and len(chosen) > 1:  # a part has at least two columns
            yield chosen
            wider = [0, position]
        chosen = wider
    yield chosen


def _table_width(
    columns: Sequence[str], cells: Sequence[Sequence[str]], chosen: Sequence[int]
) -> int:
    """Width of the `chosen` columns, with a blank on each side and a rule between them."""
    widest = (max(cell_len(row[k]) for row in (columns, *cells)) for k in chosen)
    return sum(width + 2 for width in widest) + len(chosen) - 1
