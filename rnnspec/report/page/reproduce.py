"""The last section of a page: what it takes to train the same network again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from rnnspec.report.page.parts import Table
from rnnspec.study.portrait import Portrait
from rnnspec.training.config import TrainingConfig


def reproduce_section(runs: Mapping[str, Portrait]) -> dict[str, Any]:
    """Settings as files, versions, and hashes of the data; all are empty for bare files."""
    recorded = {name: p.records for name, p in runs.items() if p.records}
    environments = {name: records["environment"] for name, records in recorded.items()}
    return {
        "settings": {name: settings_toml(found["config"]) for name, found in recorded.items()},
        "versions": versions(environments),
        "data": _data(recorded),
    }


def settings_toml(config: Mapping[str, Any]) -> str:
    """The settings of ``config.json`` as ``rnnspec train --config`` reads them.

    Examples
    --------
    >>> print(settings_toml({"dataset": "digits", "lr": 0.002, "adv_steps": None, "format": 1}))
    dataset = "digits"
    lr = 0.002
    """
    known = (field.name for field in fields(TrainingConfig))
    return "\n".join(
        f"{name} = {json.dumps(config[name])}" for name in known if config.get(name) is not None
    )


def versions(records: Mapping[str, Mapping[str, Any]]) -> Table:
    """Versions and machine, a column for each source."""
    keys = dict.fromkeys(key for record in records.values() for key in record)
    rows = [[key, *(record.get(key) for record in records.values())] for key in keys]
    return Table("Versions and machine", ["", *records], rows)


def _data(recorded: Mapping[str, Mapping[str, Any]]) -> Table:
    rows = [
        [name, file, digest]
        for name, records in recorded.items()
        for file, digest in records["config"].get("data", {}).get("sources", {}).items()
    ]
    return Table("Data", ("run", "file", "SHA-256"), rows, kind="hashes")
