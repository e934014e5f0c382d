"""What the folder of a study holds, read for a page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnspec.portrait.source import read_record
from rnnspec.study.claims.claim import Claim
from rnnspec.study.results import Row, read_curves, read_results

SETTING = ("dataset", "cell", "condition")


@dataclass(frozen=True, eq=False)
class Study:
    """What the folder of a study holds."""

    record: dict[str, Any]  # study.json
    rows: list[Row]
    curves: list[Row]
    claims: tuple[Claim, ...]
    settings: str  # study.toml, as given


def is_study(source: str | Path) -> bool:
    """Whether `source` is the folder of a study."""
    return (Path(source) / "study.json").is_file()


def read_study(folder: str | Path) -> Study:
    """Read the folder of a study.

    Raises
    ------
    ValueError
        If one of its files is missing or damaged.
    """
    folder = Path(folder)
    record = read_record(folder / "study.json")
    stored = read_record(folder / "claims.json")
    try:
        claims = tuple(Claim.from_dict(each) for each in stored["claims"])
        _ = [(run["run"], run["state"], *(run[key] for key in SETTING)) for run in record["runs"]]
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
