"""The benchmark of the engine runs, small, and writes what it measured."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "bench_spectra.py"


def test_small_run(tmp_path):
    out = tmp_path / "spectra.json"
    options = ["--small", "--threads", "1", "--out", out]
    ran = subprocess.run([sys.executable, SCRIPT, *options], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    report = json.loads(out.read_text())
    assert report["question"] in SCRIPT.read_text().splitlines()[0]
    assert [row["n"] for row in report["race"]] == [16, 32]
    assert all(row["error"] < 1e-6 for row in report["race"])
    assert all(row["same"] for row in report["adaptive"])
    assert {"cpu", "numpy", "scipy", "rnnspec", "python"} <= report.keys()
