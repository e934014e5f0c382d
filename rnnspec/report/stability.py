"""Tables of stability numbers on stdout; their names come from `rnnspec.spectra.numbers`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rnnspec._format import cell
from rnnspec.report.tables import print_table
from rnnspec.spectra.numbers import NUMBERS

BEFORE_AND_AFTER = ("spectral_radius", "spectral_norm", "henrici")
# What is measured beside the numbers: no matrix is better for a larger or a smaller one.
COUNTS = {"n": "rows n", "transient_peak_step": "step of the transient peak"}


def print_measures(matrices: Mapping[str, Mapping[str, Any]]) -> None:
    """Print a row for each number and a column for each matrix.

    Of a single matrix, a last column holds the bounds that are proved.
    """
    names = list(matrices)
    first = matrices[names[0]]
    columns, rows = ["number", *names], []
    for words, path in _rows(first):
        row = [words, *(_entry(matrices[name], path) for name in names)]
        if len(names) == 1:
            row.append(bracket(_entry(first["certified"], path)))
        rows.append(row)
    if len(names) == 1:
        columns.append("proved between")
    print_table("stability and non-normality (discrete time)", columns, rows)


def warning_in_words(text: str) -> str:
    """A warning ``"NUMBER: reason"`` of `rnnspec.measure`, with the number in words.

    Examples
    --------
    >>> warning_in_words("kreiss_constant: infinite, because ...")
    'Kreiss constant: infinite, because ...'
    """
    name, _, reason = text.partition(": ")
    words = {key: number.words for key, number in NUMBERS.items()} | COUNTS
    return f"{words.get(name, name)}: {reason}"


def print_training(summary: Mapping[str, Any], directory: Path) -> None:
    """Print what a training gave: its accuracies, and each matrix before and after."""
    validation = cell(summary["validation_accuracy"], "ascii")
    print(
        f"{summary['dataset']} ({summary['view']}), {summary['cell']},"
        f" normalize {summary['normalize']}: test accuracy {summary['test_accuracy']:.4f}"
        f" (validation {validation}, best epoch {summary['best_epoch']})"
        f" in {summary['train_seconds']:.1f} s"
    )
    print_table(
        "recurrent matrices, before -> after training",
        ("matrix", *(NUMBERS[key].words for key in BEFORE_AND_AFTER)),
        (
            [name, *(_change(numbers, key) for key in BEFORE_AND_AFTER)]
            for name, numbers in summary["matrices"].items()
        ),
    )
    print(f"run directory: {directory}")


def bracket(proved: Mapping[str, Any] | None) -> str:
    """Lower and upper bound in six digits; empty where nothing is proved.

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


def _rows(record: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Words and keys of each number of `record`; those of several epsilons come last."""
    alone = {key: number.words for key, number in NUMBERS.items() if not number.per_epsilon}
    words = alone | COUNTS
    yield from ((words[key], (key,)) for key in record if key in words)
    for key, number in NUMBERS.items():
        if number.per_epsilon:
            for epsilon in record[key]:
                yield f"{number.words} {epsilon}", (key, epsilon)


def _entry(record: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """The entry under nested keys, or None where there is none."""
    entry: Any = record
    for key in path:
        entry = entry.get(key) if entry is not None else None
    return entry


def _change(numbers: Mapping[str, Any], key: str) -> str:
    return f"{cell(numbers[f'{key}_initial'], 'ascii')} -> {cell(numbers[key], 'ascii')}"
