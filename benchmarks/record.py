"""The end of each benchmark: a table on the screen, a JSON file with machine and versions."""

import json
import platform
from pathlib import Path
from typing import Any

from rnnspec._files import write_json
from rnnspec.report.tables import print_table
from rnnspec.training.records import environment

RESULTS = Path(__file__).with_name("results")


def report(name: str, question: str, rows: list[dict[str, Any]], *, small: bool) -> None:
    """Print `rows`, and write ``results/NAME.json`` unless the run is small."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    print_table(question, columns, ([row.get(column) for column in columns] for row in rows))
    record = stamp(question, rows)
    if not small:
        RESULTS.mkdir(exist_ok=True)
        write_json(RESULTS / f"{name}.json", record)


def stamp(question: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The record of a benchmark: its question, the machine and versions, the rows."""
    return {
        "question": question,
        "machine": {**environment(), "model": processor()},
        "rows": json.loads(json.dumps(rows)),
    }


def processor() -> str:
    """The model name of the processor, or what little the system says."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((x.partition(":")[2].strip() for x in lines if x.startswith("model name")), "")
