"""Tables and JSON on stdout."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table


def print_json(record: Mapping[str, Any]) -> None:
    """One strict JSON document on stdout."""
    print(json.dumps(record, indent=2, allow_nan=False))


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A table on stdout: first column words, the others numbers."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, show_edge=False)
    for position, column in enumerate(columns):
        table.add_column(column, justify="left" if position == 0 else "right", no_wrap=True)
    for row in rows:
        table.add_row(*(cell(value) for value in row))
    # Into a file or a pipe: as wide as it needs to be.
    Console(width=None if sys.stdout.isatty() else 200).print(table)


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
        keys = ("spectral_radius", "spectral_norm", "henrici")
        print_table(
            "recurrent matrices, before -> after training",
            ("matrix", "spectral radius", "spectral norm", "Henrici departure"),
            (
                [name, *(f"{cell(m[f'{key}_initial'])} -> {cell(m[key])}" for key in keys)]
                for name, m in summary["matrices"].items()
            ),
        )
        print(f"run directory: {directory}")


def print_measures(matrices: Mapping[str, Mapping[str, Any]]) -> None:
    """Stability numbers, a row per number and a column per matrix."""
    names = list(matrices)
    first = matrices[names[0]]
    keys = [k for k, v in first.items() if not isinstance(v, dict | list | tuple)]
    rows = [[key, *(matrices[name][key] for name in names)] for key in keys]
    for key in ("pseudospectral_radius", "pseudospectral_abscissa"):
        rows += [[f"{key} {e}", *(matrices[n][key][e] for n in names)] for e in first[key]]
    print_table("stability and non-normality (discrete time)", ("number", *names), rows)
