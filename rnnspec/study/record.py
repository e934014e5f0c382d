"""What the folder of a study holds: its record, its tables and its claims."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnspec._files import read_json
from rnnspec._result import Result
from rnnspec.study.claims.claim import Claim
from rnnspec.study.results import Row, read_curves, read_results

SETTING = ("dataset", "cell", "condition")
PLACE = (*SETTING, "seed")


@dataclass(frozen=True, eq=False, repr=False)
class Study(Result):
    """A study as its folder holds it.

    Attributes
    ----------
    record : dict
        ``study.json``: ``name``, ``versions``, and ``runs``, which has for each task its place in
        the grid, its settings, its ``state`` (done, failed or missing) and the ``reason`` why it
        failed.
    rows : list of dict
        ``results.csv``, a row for each run and matrix.
    curves : list of dict
        ``curves.csv``, a row for each run, perturbation and size.
    claims : tuple of Claim
        ``claims.json``.
    settings : str
        ``study.toml``, as it was given.
    """

    record: dict[str, Any]
    rows: list[Row]
    curves: list[Row]
    claims: tuple[Claim, ...]
    settings: str

    @property
    def name(self) -> str:
        """What the study is called."""
        return str(self.record["name"])

    @property
    def failures(self) -> dict[str, str]:
        """Why each failed task failed, by the name of its run."""
        runs = self.record["runs"]
        return {run["run"]: run["reason"] for run in runs if run["state"] == "failed"}

    def to_dict(self) -> dict[str, Any]:
        """Return how many runs are done, which failed and why, and the claims, as strict JSON."""
        runs = self.record["runs"]
        keys = ("run", *PLACE, "reason")
        return {
            "name": self.name,
            "runs": len(runs),
            "done": sum(run["state"] == "done" for run in runs),
            "failed": [{key: run[key] for key in keys} for run in runs if run["state"] == "failed"],
            "claims": [claim.to_dict() for claim in self.claims],
        }


def is_study(source: str | Path) -> bool:
    """Tell whether `source` is the folder of a study."""
    return (Path(source) / "study.json").is_file()


def read_study(folder: str | Path) -> Study:
    """Read the folder of a study.

    Parameters
    ----------
    folder : path
        The folder that `run_study` wrote.

    Returns
    -------
    Study

    Raises
    ------
    ValueError
        If one of its files is missing or damaged.

    Examples
    --------
    >>> from rnnspec._files import write_json
    >>> from rnnspec.study.results import write_curves, write_results
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as name:
    ...     folder = Path(name)
    ...     write_json(folder / "study.json", {"name": "tiny", "versions": {}, "runs": []})
    ...     write_json(folder / "claims.json", {"claims": []})
    ...     write_results(folder / "results.csv", [])
    ...     write_curves(folder / "curves.csv", [])
    ...     study = read_study(folder)
    >>> study.name, len(study.rows)
    ('tiny', 0)
    """
    folder = Path(folder)
    record = read_json(folder / "study.json")
    stored = read_json(folder / "claims.json")
    try:
        claims = tuple(Claim.from_dict(each) for each in stored["claims"])
        _ = [[run[key] for key in ("run", *PLACE, "state", "reason")] for run in record["runs"]]
        _ = record["name"], record["versions"]
    except (KeyError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise ValueError(f"{folder} has a damaged claims.json or study.json ({reason})") from error
    toml = folder / "study.toml"
    return Study(
        record,
        read_results(folder / "results.csv"),
        read_curves(folder / "curves.csv"),
        claims,
        toml.read_text() if toml.is_file() else "",
    )
