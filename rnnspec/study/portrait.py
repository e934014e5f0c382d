"""The portrait of one source: what a report shows of a run, or of the matrices of a file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec._files import read_json
from rnnspec._result import Result
from rnnspec.data.download import DatasetUnavailable
from rnnspec.dynamics.named import mean_jacobian_names, named_jacobian
from rnnspec.models.matrices import load_matrices
from rnnspec.robustness.curve import at_most
from rnnspec.robustness.smallest_changes import Example, smallest_changes
from rnnspec.study.matrix_portrait import MatrixPortrait, portrait_of_matrix
from rnnspec.study.measures import robustness_of
from rnnspec.study.measuring import Measuring
from rnnspec.training.trained import load_run, read_config

RECORDS = ("config", "summary", "environment")


@dataclass(frozen=True, eq=False, repr=False)
class Portrait(Result):
    """What a report shows of one source.

    Attributes
    ----------
    title : str
        The name of the file or the directory.
    matrices : dict of str to MatrixPortrait
    records : dict of str to dict
        ``config``, ``summary`` and ``environment`` of a run directory; empty for a file.
    robustness : dict or None
        As ``rnnspec robustness --json`` gives it.
    examples : tuple of Example
    left_out : str
        Why the part that needs data is missing; "" if it is not.
    """

    title: str
    matrices: dict[str, MatrixPortrait]
    records: dict[str, dict[str, Any]]
    robustness: dict[str, Any] | None = None
    examples: tuple[Example, ...] = ()
    left_out: str = ""


def portrait_of(
    source: str | PathLike[str],
    data_dir: str | PathLike[str] | None = None,
    download: bool = True,
) -> Portrait:
    """Compute what a report shows of a run directory, a weights file or a matrix file.

    If the data of a run cannot be had, the portrait holds its matrices alone, and ``left_out``
    says why.  A ``robustness.json`` in the run directory, as a study writes it, is read and not
    computed again.

    Parameters
    ----------
    source : path
    data_dir : path, optional
    download : bool, default True
        Both as for `load_dataset`.

    Returns
    -------
    Portrait

    Raises
    ------
    ValueError
        If the source does not exist, holds no square matrix, or has a damaged file.
    """
    path = Path(source)
    matrices = {name: portrait_of_matrix(A, name) for name, A in _square_matrices(path).items()}
    if not path.is_dir():
        return Portrait(path.name, matrices, {})
    title, records = path.resolve().name, _records(path)
    try:
        model, data = load_run(path, None if data_dir is None else Path(data_dir), download)
    except DatasetUnavailable as error:
        return Portrait(title, matrices, records, left_out=str(error))
    measuring = Measuring()
    part = at_most(data.test, measuring.samples, seed=0)
    for name in mean_jacobian_names(model):
        J = named_jacobian(model, part.inputs, part.lengths, name)
        matrices[name] = portrait_of_matrix(J, name, stored=False)
    stored = path / "robustness.json"
    robustness = (
        _read_robustness(stored) if stored.is_file() else robustness_of(model, part, measuring)
    )
    return Portrait(title, matrices, records, robustness, smallest_changes(model, part))


def portraits_of(
    sources: Iterable[str | PathLike[str]],
    data_dir: str | PathLike[str] | None = None,
    download: bool = True,
) -> dict[str, Portrait]:
    """Compute the portraits of several sources, by title; of equal titles the later are numbered.

    Parameters
    ----------
    sources : iterable of path
    data_dir : path, optional
    download : bool, default True
        All as for `portrait_of`.

    Returns
    -------
    dict of str to Portrait

    Raises
    ------
    ValueError
        If one of the sources is refused by `portrait_of`.
    """
    found: dict[str, Portrait] = {}
    for source in sources:
        portrait = portrait_of(source, data_dir, download)
        title, count = portrait.title, 1
        while title in found:
            count += 1
            title = f"{portrait.title} ({count})"
        found[title] = portrait
    return found


def _square_matrices(path: Path) -> dict[str, NDArray[np.float64]]:
    """The square matrices of a source; stacks of gates are left out, their gates are not."""
    found = load_matrices(path)
    chosen = {
        name: A
        for name, A in found.items()
        if A.shape[0] == A.shape[1] and not name.endswith(".stacked")
    }
    if not chosen:
        shapes = ", ".join(f"{name} {A.shape}" for name, A in found.items())
        raise ValueError(f"{path} must hold a square matrix, found {shapes}")
    return chosen


def _records(path: Path) -> dict[str, dict[str, Any]]:
    """The records of a run; settings that its file does not name have their defaults."""
    settings = asdict(read_config(path))
    records = {name: read_json(path / f"{name}.json") for name in RECORDS}
    records["config"] |= settings
    return records


def _read_robustness(path: Path) -> dict[str, Any]:
    """Read a record of robustness, and check that it has the keys that a report needs."""
    record = read_json(path)
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
