"""Matrices written as text: a line for each row, numbers between commas, semicolons or blanks."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec.models.files.contents import Contents
from rnnspec.models.files.encoding import decode, without_remark
from rnnspec.models.files.refusal import fault, refusal

_TRUTH = {"true": 1.0, "false": 0.0}
SEPARATORS = {",": "a comma", ";": "a semicolon", "\t": "a tab"}  # otherwise blanks


def read_text(path: Path) -> Contents:
    """The one matrix of a text file, under the file's stem.

    What follows a # is a remark, and so is a line that begins with %.  Complex numbers are written
    as "1+2j", "(1+2j)" or "1+2i", truth values as True and False.

    Raises
    ------
    ValueError
        If a field is no number; the error names its line and field.
    """
    text = decode(path.read_bytes())
    if text is None:
        raise refusal(path, "text with binary data in it")
    lines = [without_remark(line) for line in re.split(r"\r\n|\r|\n", text)]
    try:
        return Contents("text", {path.stem: _matrix(lines)})
    except _NoMatrix as why:
        raise fault(path, f"text that holds no matrix: {why}") from why


class _NoMatrix(Exception):
    """The text is no matrix; the message says where and why."""


def _matrix(lines: list[str]) -> NDArray[Any]:
    """The matrix that the lines, without remarks, hold."""
    separator = _separator(lines)
    with warnings.catch_warnings(action="error"):  # NumPy only warns of a text without numbers
        try:
            return np.loadtxt(lines, delimiter=separator, ndmin=2)
        except (ValueError, UserWarning):
            pass  # what follows is slower, but reads complex numbers and says where the fault is
    rows: list[list[complex]] = []
    for position, line in enumerate(lines, 1):
        if not line:
            continue
        fields = line.split(separator)
        numbers = [_number(field) for field in fields]
        if None in numbers:
            i = numbers.index(None)
            raise _NoMatrix(
                f"line {position}: expected a number in each field, got"
                f" {repr(fields[i].strip()[:30]) if fields[i].strip() else 'nothing'} in field"
                f" {i + 1} ({_cause(fields, numbers, separator)})"
            )
        rows.append([number for number in numbers if number is not None])
        if len(rows[-1]) != len(rows[0]):
            raise _NoMatrix(
                f"line {position} has {len(rows[-1])} columns, the lines above have {len(rows[0])}"
            )
    if not rows:
        raise _NoMatrix("nothing but remarks")
    return np.array(rows)


def _separator(lines: list[str]) -> str | None:
    """The separator of the numbers; None means blanks."""
    found = {mark for mark in SEPARATORS if any(mark in line for line in lines)}
    if {",", ";"} <= found:
        position = next(i for i, line in enumerate(lines, 1) if ";" in line)
        raise _NoMatrix(
            f"commas and semicolons, from line {position} (decimal commas? write decimal points)"
        )
    return next((mark for mark in SEPARATORS if mark in found), None)


def _number(field: str) -> complex | None:
    """The number in `field`, or None if it holds something else."""
    plain = field.strip()
    if plain.lower() in _TRUTH:
        return _TRUTH[plain.lower()]
    if plain.endswith(("i", "i)")):  # as MATLAB has it
        plain = plain.replace("i)", "j)") if plain.endswith(")") else f"{plain[:-1]}j"
    if "j" in plain:
        plain = re.sub(r"\s*([+-])\s*", r"\1", plain).replace("+-", "-")
    for kind in (float, complex):
        try:
            if "_" not in plain:
                return kind(plain)
        except ValueError:
            pass
    return None


def _cause(fields: list[str], numbers: list[complex | None], separator: str | None) -> str:
    """The likely reason why a field is no number, and what to do."""
    i = numbers.index(None)
    field = fields[i].strip()
    if not field and i == 0:
        return "a missing value? or the names of the columns: begin their line with #"
    if not field:
        return f"a missing value, or {SEPARATORS[separator or ',']} too many?"
    if field[0] in "\"'":
        return "numbers in quotes? write them without, and with decimal points"
    if separator == "," and re.fullmatch(r"[-+\d]+\s+[-+]?\d+(\s.*)?", field):
        return "decimal commas, or blanks beside commas? write decimal points, and one separator"
    words = [name for name in fields if name.strip()[:1].isalpha()]
    if len(words) == len(fields):
        return "names of the columns? begin their line with #"
    if len(words) == numbers.count(None) == 1 and i == 0:
        return "names of the rows? take their column away"
    return "write plain numbers, for example -1.5e-3 or 1+2j"
