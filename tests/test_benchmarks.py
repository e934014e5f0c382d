import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted((ROOT / "benchmarks").glob("bench_*.py"))
# The small run of the engine's benchmark takes long, and `test_bench_spectra` looks at it.
ELSEWHERE = {"bench_spectra"}


def test_there_are_benchmarks():
    assert SCRIPTS


@pytest.mark.parametrize(
    "path", [path for path in SCRIPTS if path.stem not in ELSEWHERE], ids=lambda path: path.stem
)
def test_benchmark_runs_small(path):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "RNNSPEC_DATA_DIR": ""}
    before = {file: file.stat().st_mtime_ns for file in (ROOT / "benchmarks/results").glob("*")}
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{path.stem}", "--small"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    after = {file: file.stat().st_mtime_ns for file in (ROOT / "benchmarks/results").glob("*")}
    assert after == before, "a small run must not overwrite results"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_benchmark_begins_with_its_question(path):
    assert "?" in path.read_text().splitlines()[0]
