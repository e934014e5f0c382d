"""What a page shows of one source: a run with its data, or the bare matrices of a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from rnnspec.data.download import DatasetUnavailable
from rnnspec.dynamics.named import MARK, named_jacobian
from rnnspec.models.checkpoint import load_matrices
from rnnspec.models.layers import recurrent_cells
from rnnspec.portrait.examples import Example, smallest_changes
from rnnspec.portrait.matrix import MatrixPortrait, portrait_of_matrix
from rnnspec.robustness.curve import at_most
from rnnspec.study.measuring import Measuring, robustness_of
from rnnspec.training.trained import load_run, read_config

RECORDS = ("config", "summary", "environment")


@dataclass(frozen=True, eq=False)
class Portrait:
    """One source as the page shows it."""

    title: str
    matrices: dict[str, MatrixPortrait]
    records: dict[str, dict[str, Any]]  # of a run: its config, summary and environment
    robustness: dict[str, Any] | None = None  # as ``rnnspec robustness --json`` has it
    examples: tuple[Example, ...] = ()
    left_out: str = ""  # why the part that needs data is missing


def portrait_of(
    source: str | PathLike[str],
    data_dir: str | PathLike[str] | None = None,
    download: bool = True,
) -> Portrait:
    """Compute what the page shows of a run directory, a weights file or a matrix file.

    Of a run whose data are not to be had, the matrices alone; ``left_out`` says why.  A
    ``robustness.json`` in a run directory, as a study writes it, is taken as it is.

    Raises
    ------
    ValueError
        If the source is none, holds no square matrix, or a file of it is damaged.
    """
    path = Path(source)
    found = load_matrices(path)
    square = {
        name: A
        for name, A in found.items()
        if A.shape[0] == A.shape[1] and not name.endswith(".stacked")
    }
    if not square:
        shapes = ", ".join(f"{name} {A.shape}" for name, A in found.items())
        raise ValueError(f"{path} must hold a square matrix, found {shapes}")
    matrices = {name: portrait_of_matrix(A, name) for name, A in square.items()}
    if not path.is_dir():
        return Portrait(path.name, matrices, {})
    settings = asdict(read_config(path))
    records = {name: read_record(path / f"{name}.json") for name in RECORDS}
    records["config"] |= settings  # with defaults where the file has none
    title = path.resolve().name
    try:
        model, data = load_run(path, None if data_dir is None else Path(data_dir), download)
    except DatasetUnavailable as error:
        return Portrait(title, matrices, records, left_out=str(error))
    measuring = Measuring()
    part = at_most(data.test, measuring.samples, seed=0)
    for name in _jacobians(model):
        J = named_jacobian(model, part.inputs, part.lengths, name)
        matrices[name] = portrait_of_matrix(J, name, stored=False)
    stored = path / "robustness.json"
    robustness = _withstood(stored) if stored.is_file() else robustness_of(model, part, measuring)
    return Portrait(title, matrices, records, robustness, smallest_changes(model, part))


def read_record(path: Path) -> dict[str, Any]:
    """A JSON object from a file of a run or a study.

    Raises
    ------
    ValueError
        If the file is missing or holds none.
    """
    if not path.is_file():
        raise ValueError(f"{path.parent} must hold {path.name}, found none (an unfinished run?)")
    try:
        record = json.loads(path.read_text())
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error})") from error
    if not isinstance(record, Mapping):
        raise ValueError(f"{path} is damaged: expected an object, got {type(record).__name__}")
    return dict(record)


def _withstood(path: Path) -> dict[str, Any]:
    """The record of robustness in `path`, checked for what the page reads of it."""
    record = read_record(path)
    needed = (
        (record.get("results"), ("target", "attack", "epsilon", "accuracy")),
        (record.get("minimal"), ("norm", "median", "mean", "mean_relative", "success_rate")),
    )
    for part, keys in needed:
        rows = list(part.values()) if isinstance(part, dict) else part
        if not isinstance(rows, list) or not all(
            isinstance(row, dict) and set(keys) <= set(row) for row in rows
        ):
            raise ValueError(f"{path} is damaged: expected {', '.join(keys)} in each row")
    return record


def _jacobians(model: Any) -> list[str]:
    """The mean Jacobian of each layer and direction."""
    sides = recurrent_cells(model)
    return [
        f"layer{layer}{side}.{MARK}mean"
        for layer in range(len(sides[0]))
        for side in ("", ".reverse")[: len(sides)]
    ]
