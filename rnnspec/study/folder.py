"""Writing the folder of a study, and refusing a folder that is not this study's.

``study.toml``    the file, as given
``study.json``    every setting of every task, versions, and which tasks are done
``results.csv``   a row for each run and matrix, see `rnnspec.study.results`
``curves.csv``    a row for each run, perturbation and size
``claims.json``   the claims, see `rnnspec.study.claims.verdicts`
``cells/RUN/``    a run directory for each task, see `rnnspec.study.task`

`rnnspec.study.record` reads it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rnnspec._files import write_json, write_text
from rnnspec.study.claims.verdicts import claims
from rnnspec.study.plan import FORMAT, Plan
from rnnspec.study.results import read_results, write_curves, write_results
from rnnspec.study.tables import curve_rows, result_rows
from rnnspec.study.task import folder_of, is_sealed
from rnnspec.training.records import environment


def check_folder(plan: Plan, folder: Path, resume: bool) -> None:
    """Refuse a folder that this study must not write to.

    Raises
    ------
    ValueError
        If it is a file, or holds something that is no study, or another study, or this study
        while `resume` is false, or a damaged ``study.json``.
    """
    path = folder / "study.json"
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} must be a folder, found a file")
    if not path.is_file():
        held = sorted(each.name for each in folder.glob("[!.]*")) if folder.is_dir() else []
        if held and "cells" not in held:
            raise ValueError(f"{folder} must be empty or hold a study, found {held[0]}")
        if held and not resume:
            raise ValueError(f"{folder} holds runs already: --resume goes on with them")
        return
    try:
        records = json.loads(path.read_text())["runs"]
        runs = {record["run"] for record in records}
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} is damaged ({type(error).__name__}: {error}); delete it, no run is lost:"
            " --resume writes it anew"
        ) from error
    if not runs <= (mine := {task.run for task in plan.tasks}):
        raise ValueError(
            f"{folder} holds another study: {len(runs - mine)} of its {len(runs)} runs are none"
            f" of this one's {len(mine)}{_difference(records, plan)}; choose another --out"
        )
    if not resume:
        raise ValueError(
            f"{folder} holds this study already: --resume goes on with it, or choose another --out"
        )


def _difference(records: list[dict[str, Any]], plan: Plan) -> str:
    """Name the settings that differ at the first place of the grid where the run is another."""
    for task in plan.tasks:
        for record in records:
            elsewhere = any(record.get(key) != value for key, value in task.place.items())
            if elsewhere or record["run"] == task.run:
                continue
            here = {"settings": asdict(task.config), "measure": asdict(task.measuring)}
            differ = [
                f"{key} = {_show(old.get(key))} there and {_show(value)} here"
                for table, settings in here.items()
                if isinstance(old := record.get(table), dict)
                for key, value in json.loads(json.dumps(settings)).items()
                if old.get(key) != value
            ]
            if differ:
                return (
                    f" ({task} has {', '.join(differ)}: a study file with what is there goes on"
                    " with it)"
                )
    return ""


def _show(value: Any) -> str:
    return "not given" if value is None else json.dumps(value)


def write_record(plan: Plan, folder: Path, failed: Mapping[str, str]) -> None:
    """Write ``study.toml`` and ``study.json``; `failed` holds the reason by the name of the run."""
    folder.mkdir(parents=True, exist_ok=True)
    runs = []
    for task in plan.tasks:
        done = is_sealed(folder_of(task, folder))
        state = "done" if done else "failed" if task.run in failed else "missing"
        runs.append(
            {
                "run": task.run,
                **task.place,
                "state": state,
                "reason": None if done else failed.get(task.run),
                "settings": asdict(task.config),
                "measure": asdict(task.measuring),
            }
        )
    record: dict[str, Any] = {"format": FORMAT, "name": plan.name, "versions": environment()}
    write_json(
        folder / "study.json", {**record, "runs": runs}
    )  # It comes first, because it marks a study.
    write_text(folder / "study.toml", plan.text)


def write_tables(plan: Plan, folder: Path) -> None:
    """Write ``results.csv``, ``curves.csv`` and ``claims.json`` of the tasks that are done."""
    done = [task for task in plan.tasks if is_sealed(folder_of(task, folder))]
    write_results(folder / "results.csv", (row for t in done for row in result_rows(t, folder)))
    write_curves(folder / "curves.csv", (row for t in done for row in curve_rows(t, folder)))
    found = claims(read_results(folder / "results.csv"))
    write_json(folder / "claims.json", {"claims": [claim.to_dict() for claim in found]})
