"""Matrices written as text: a line for each row, numbers between commas, semicolons or blanks."""

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec.models.files.contents import Contents
from rnnspec.models.files.encoding import decode, without_remark
from rnnspec.models.files.refusal import fault, refusal

SEPARATORS = {",": "a comma", ";": "a semicolon", "\t": "a tab"}  # otherwise blanks


def read_text(path: Path) -> Contents:
    """The one matrix of a text file, under the file's stem.

    What follows a # is a remark, and so is a line that begins with %.  Complex numbers are written
    as "1+2j", "(1+2j)" or "1+2i".

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
    pass


def _matrix(lines: list[str]) -> NDArray[Any]:
    separator = _separator(lines)
    with warnings.catch_warnings(action="error"):  # NumPy only warns of a text without numbers
        try:
            return np.loadtxt(lines, delimiter=separator, ndmin=2)
        except (ValueError, UserWarning):
            pass  # the slow way reads complex numbers, or says where the fault is
    rows: list[list[complex]] = []
    for position, line in enumerate(lines, 1):
        if not line:
            continue
        fields = line.split(separator)
        rows.append([_number(field, i, position, separator) for i, field in enumerate(fields, 1)])
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


def _number(field: str, i: int, position: int, separator: str | None) -> complex:
    plain = field.strip().replace("+-", "-")
    if not plain:
        raise _NoMatrix(
            f"line {position}: expected a number in each field, got nothing in field {i}"
            f" (a missing value, or {SEPARATORS[separator or ',']} too many?)"
        )
    if plain.endswith(("i", "i)")):  # as MATLAB has it
        plain = plain.replace("i)", "j)") if plain.endswith(")") else f"{plain[:-1]}j"
    for kind in (float, complex):
        try:
            if "_" not in plain:
                return kind(plain)
        except ValueError:
            pass
    raise _NoMatrix(
        f"line {position}: expected a number in each field, got {field.strip()[:30]!r} in field {i}"
        " (names of the columns? begin their line with #)"
    )
