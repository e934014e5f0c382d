import json
import os
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest

from rnnspec.study import runner
from rnnspec.study.results import read_results
from rnnspec.study.study_file import read_plan
from rnnspec.study.task import compute

TABLES = ("results.csv", "curves.csv", "claims.json")
STUDY = """
name = "tiny"
datasets = ["tsv:{folder}/Walk_TRAIN.tsv"]
cells = ["rnn"]
seeds = [0, 1]
[train]
epochs = {epochs}
hidden = 4
[measure]
jacobian = false
lyapunov = 0
attack_epsilons = [0, 0.5]
weight_epsilons = [1]
"""


@pytest.fixture
def study(tmp_path, monkeypatch):
    """The file of a study of two runs; the current folder is an empty one."""
    rng = np.random.default_rng(8)
    for half in ("TRAIN", "TEST"):
        rows = [[k % 2, *(rng.standard_normal(5) + k % 2)] for k in range(12)]
        text = "".join("\t".join(map(str, row)) + "\n" for row in rows)
        (tmp_path / f"Walk_{half}.tsv").write_text(text)
    path = tmp_path / "tiny.toml"
    path.write_text(STUDY.format(folder=tmp_path, epochs=2))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return path


@pytest.fixture
def here(monkeypatch):
    """Compute tasks in this process; those in the list that is given back fail."""
    failing = []

    def compute_all(_, tasks, where):
        for task in tasks:
            if task.config.seed in failing:
                yield task, RuntimeError("the loss\nis nan")
            else:
                compute(task, *where)
                yield task, None

    client = SimpleNamespace(dashboard_link="http://there/status")
    monkeypatch.setattr(runner, "connect", lambda *_: nullcontext(client))
    monkeypatch.setattr(runner, "compute_all", compute_all)
    return failing


@pytest.mark.usefixtures("here")
def test_a_study_from_its_file_to_its_claims(study, program, tmp_path):
    code, out, err = program("study", study)
    assert (code, err) == (0, "dashboard: http://there/status\n")
    assert "tiny: 2 of 2 runs done" in out
    assert "P1  " in out
    assert "study folder: studies/tiny" in out
    folder = tmp_path / "here" / "studies" / "tiny"
    assert len(read_results(folder / "results.csv")) == 2
    code, out, err = program("study", study, "--resume", "--json")
    assert (code, err) == (0, "")
    record = json.loads(out)
    assert (record["name"], record["runs"], record["done"], record["failed"]) == ("tiny", 2, 2, [])
    assert [claim["name"] for claim in record["claims"]] == ["P1", "P2", "P3", "price"]
    assert program("study", study, "--out", "other", "--quiet") == (0, "", "")
    for name in TABLES:
        assert (tmp_path / "here" / "other" / name).read_bytes() == (folder / name).read_bytes()


def test_a_failing_run_is_told_and_the_code_is_1(study, here, program):
    here.append(1)
    code, out, err = program("study", study, "--quiet")
    assert (code, out) == (1, "")
    run = read_plan(study).tasks[1]
    assert err == f"failed: {run} (cells/{run.run}): RuntimeError: the loss is nan\n"
    code, out, _ = program("study", study, "--resume", "--json")
    assert code == 1
    assert json.loads(out)["failed"][0]["seed"] == 1
    here.clear()
    assert program("study", study, "--resume", "--quiet") == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "a study is FILE.toml, or --preset quick, standard or full: give one"),
        (["{study}", "--preset", "quick"], "give one"),
        (["absent.toml"], "absent.toml does not exist"),
        (["{study}", "--out", "{study}"], "must be a folder, found a file"),
        (["{study}", "--out", "{study}/below"], "expected a folder, got the file"),
        (["{study}", "--workers", "0"], "0 is not in the range x>=1"),
        (["{study}", "--workers", "1", "--scheduler", "tcp://a:1"], "`--workers` starts processes"),
        (["{study}", "--data-dir", "absent", "--preset", "fast"], "'fast' is not one of"),
    ],
)
def test_bad_usage(study, refused, tmp_path, arguments, said):
    assert said in refused("study", *(text.format(study=study) for text in arguments))
    assert not list((tmp_path / "here").iterdir())


@pytest.mark.usefixtures("here")
def test_no_study_is_written_over(study, refused, program):
    assert program("study", study, "--out", "mine", "--quiet").code == 0
    assert "holds this study already: --resume" in refused("study", study, "--out", "mine")
    study.write_text(study.read_text().replace("hidden = 4", "hidden = 5"))
    assert "holds another study" in refused("study", study, "--out", "mine", "--resume")


def test_data_is_looked_for_before_anything_is_trained(study, refused, tmp_path, monkeypatch):
    monkeypatch.delenv("RNNSPEC_DATA_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    study.write_text(study.read_text().replace('datasets = ["', 'datasets = ["mnist", "'))
    said = refused("study", study, "--no-download")
    assert "data set 'mnist' is not on this machine: downloads are switched off" in said
    assert "must be a folder that exists" in refused("study", study, "--data-dir", "absent")
    assert not list((tmp_path / "here").iterdir())


@pytest.mark.usefixtures("here")
def test_an_interrupted_study_is_taken_up_again(study, program, tmp_path):
    study.write_text(STUDY.format(folder=tmp_path, epochs=400))
    call = "from rnnspec.cli import main; main()"
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # perhaps it was ignored
    running = subprocess.Popen(
        [sys.executable, "-c", call, "study", study, "--out", "mine", "--workers", "1"],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    signal.signal(signal.SIGINT, before)
    while not list(tmp_path.glob("here/mine/cells/*/checkpoint.pt")) and running.poll() is None:
        time.sleep(0.01)
    os.killpg(running.pid, signal.SIGINT)
    _, err = running.communicate()
    assert running.returncode == 130, err
    assert "dashboard: http://" in err
    assert err.splitlines()[-1] == "Error: interrupted"
    assert not (tmp_path / "here" / "mine" / "results.csv").exists()
    assert program("study", study, "--out", "mine", "--resume", "--quiet") == (0, "", "")
    assert program("study", study, "--out", "whole", "--quiet") == (0, "", "")
    for name in TABLES:
        mine, whole = (tmp_path / "here" / folder / name for folder in ("mine", "whole"))
        assert mine.read_bytes() == whole.read_bytes()
