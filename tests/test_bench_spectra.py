"""The benchmark of the engine runs, small, and writes what it measured."""

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.bench_spectra import against_mpseudo

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "bench_spectra.py"
PEER = """
import numpy as np

def pseudo(A, bbox, ppd):
    X, Y = np.meshgrid(np.linspace(*bbox[:2], ppd), np.linspace(*bbox[2:], ppd))
    shifted = (X + 1j * Y)[..., None, None] * np.eye(len(A)) - A
    return np.linalg.svd(shifted, compute_uv=False)[..., -1] / np.linalg.norm(A), X, Y
"""


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
    assert report["mpseudo"].keys() & {"skipped", "speedup"}


def test_a_peer_is_raced_on_the_same_values(tmp_path, monkeypatch):
    (tmp_path / "mpseudo.py").write_text(PEER)
    metadata = tmp_path / "mpseudo-0.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: mpseudo\nVersion: 0.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "mpseudo", raising=False)
    row = against_mpseudo(12, 9, repeats=1)
    monkeypatch.delitem(sys.modules, "mpseudo")
    assert row["difference"] < 1e-6
    assert row["speedup"] == row["mpseudo_seconds"] / row["seconds"]
    assert row["version"] == "0.0"


def test_a_peer_that_cannot_be_imported_is_left_out(monkeypatch):
    monkeypatch.setitem(sys.modules, "mpseudo", None)
    assert "cannot be imported" in against_mpseudo(12, 9, repeats=1)["skipped"]
