"""Study files: from TOML to the plan of a study."""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnnspec._checks import known_keys, seed_number
from rnnspec.study.measuring import Measuring
from rnnspec.study.plan import Plan, Task
from rnnspec.training.config import TrainingConfig
from rnnspec.training.settings import read_settings

AXES = ("datasets", "cells", "seeds")
GRIDDED = {"dataset": "datasets", "cell": "cells", "seed": "seeds"}
PRESETS = ("quick", "standard", "full")


def read_plan(path: str | Path) -> Plan:
    """Read the plan of a study from a TOML file.

    The lists ``datasets``, ``cells`` and ``seeds`` and the tables ``[conditions.NAME]`` span a grid
    of trainings.  ``[train]`` holds settings of all of them, ``[train.DATASET]`` those of one data
    set, and ``[measure]`` says what is measured.

    Parameters
    ----------
    path : path
        The file; or "quick", "standard" or "full", which are files of the package.

    Returns
    -------
    Plan
        Its ``tasks`` are the places of the grid, each with all its settings.

    Raises
    ------
    ValueError
        If the file is missing or is not TOML, if it has an unknown key or a value of a wrong
        type, or if the grid is empty or holds one task twice.

    Examples
    --------
    This grid has 1 data set, 3 cells, 4 conditions and 3 seeds:

    >>> plan = read_plan("quick")
    >>> len(plan.tasks), str(plan.tasks[0])
    (36, 'digits rnn plain 0')
    """
    if path in PRESETS:
        path = Path(__file__).parent / "presets" / f"{path}.toml"
    path = Path(path)
    try:
        text = path.read_text()
        given = tomllib.loads(text)
    except FileNotFoundError as error:
        raise ValueError(f"{path} does not exist") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ValueError(f"{path} is not a readable TOML file ({error})") from error
    known_keys(given, ("name", *AXES, "train", "conditions", "measure"), str(path))
    name = given.get("name", path.stem)
    if not isinstance(name, str):
        raise ValueError(f"{path}: name must be a quoted text, got {name!r}")
    return Plan(name, text, _tasks(given, str(path)))


def _tasks(given: Mapping[str, Any], path: str) -> tuple[Task, ...]:
    """Return the tasks of the grid: a condition's settings win over those of its data set."""
    datasets, cells, seeds = (_axis(given, name, path) for name in AXES)
    common, special = _train(_table(given, "train", path), datasets, path)
    conditions = _table(given, "conditions", path) or {"plain": {}}
    chosen = {}
    for name in conditions:
        where = f"{path}, [conditions.{name}]"
        chosen[name] = _settings(_table(conditions, name, f"{path}, [conditions]"), where)
    measure = read_settings(_table(given, "measure", path), f"{path}, [measure]", Measuring)
    measuring = Measuring(**measure)
    tasks: dict[str, Task] = {}
    for dataset, cell, name, seed in itertools.product(datasets, cells, chosen, seeds):
        settings = {**common, **special.get(dataset, {}), **chosen[name]}
        config = TrainingConfig(**settings, dataset=dataset, cell=cell, seed=seed, threads=1)
        task = Task(name, config, measuring)
        if (twin := tasks.setdefault(task.run, task)) is not task:
            raise ValueError(
                f"{path}: the conditions {twin.condition} and {name} are the same settings"
            )
    return tuple(tasks.values())


def _axis(given: Mapping[str, Any], name: str, path: str) -> list[Any]:
    """Return one axis of the grid, a list of names or of seeds."""
    values, kind = given.get(name, []), "integers" if name == "seeds" else "quoted texts"
    if not isinstance(values, list):
        raise ValueError(f"{path}: {name} must be a list of {kind}, got {values!r}")
    if not values:
        raise ValueError(f"{path}: the grid is empty: {name} must be a list of {kind}, got none")
    for value in values:
        if name == "seeds":
            seed_number(value)
        elif not isinstance(value, str):
            raise ValueError(f"{path}: {name} must be a list of {kind}, got {value!r} in it")
    if twice := [value for value in values if values.count(value) > 1]:
        raise ValueError(f"{path}: {name} must hold each once, got {twice[0]!r} twice")
    return values


def _train(
    table: Mapping[str, Any], datasets: list[str], path: str
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return the settings of all tasks, and those of single data sets."""
    where = f"{path}, [train]"
    special = {key: value for key, value in table.items() if isinstance(value, dict)}
    known_keys(special, datasets, where)
    common = {key: value for key, value in table.items() if key not in special}
    return _settings(common, where), {
        dataset: _settings(special[dataset], f"{path}, [train.{dataset}]") for dataset in special
    }


def _settings(table: Mapping[str, Any], where: str) -> dict[str, Any]:
    settings = read_settings(table, where)
    for name, axis in GRIDDED.items():
        if name in settings:
            raise ValueError(f"{where}: {name} is an axis of the grid: give {axis}")
    if "threads" in settings:
        raise ValueError(f"{where}: a study trains each network on one thread; leave out threads")
    return settings


def _table(given: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    table = given.get(name, {})
    if not isinstance(table, dict):
        raise ValueError(f"{where}: {name} must be a table, got {table!r}")
    return table
