"""The last section of a page: what it takes to train the same network again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from html import escape
from typing import Any

from rnnspec.report.page.html import table, text
from rnnspec.study.portrait import Portrait
from rnnspec.training.config import TrainingConfig


def reproduce_section(runs: Mapping[str, Portrait]) -> str:
    """Settings as files, versions, and the data's hashes; of a bare file, that there are none."""
    recorded = {name: p.records for name, p in runs.items() if p.records}
    parts = "".join(
        f"<details open><summary>settings of {escape(name)}</summary>"
        f"<pre tabindex='0'>{escape(settings_toml(records['config']))}</pre></details>"
        for name, records in recorded.items()
    )
    said = "A file of matrices alone tells nothing of how they were made."
    if recorded:
        said = "These settings in FILE.toml, <code>rnnspec train --config FILE.toml</code> trains"
        said += " this network again."
        environments = {name: records["environment"] for name, records in recorded.items()}
        parts += f"<details><summary>versions</summary>{versions(environments)}</details>"
        parts += _data(recorded)
    return (
        "<section id='reproduce' aria-labelledby='reproduce-title'>"
        f"<h2 id='reproduce-title'>To reproduce</h2><p>{said}</p>{parts}</section>"
    )


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


def versions(records: Mapping[str, Mapping[str, Any]]) -> str:
    """Versions and machine, a column per source."""
    keys = dict.fromkeys(key for record in records.values() for key in record)
    rows = [[escape(key), *(text(record.get(key)) for record in records.values())] for key in keys]
    return table("Versions and machine", ["", *records], rows)


def _data(recorded: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [
        [escape(name), escape(file), f"<code>{escape(digest)}</code>"]
        for name, records in recorded.items()
        for file, digest in records["config"].get("data", {}).get("sources", {}).items()
    ]
    columns = ("run", "file", "SHA-256")
    return f"<details><summary>data</summary>{table('Data', columns, rows)}</details>"
