import errno
import json
import os
import threading
import time
from collections import namedtuple
from contextlib import nullcontext, suppress
from types import SimpleNamespace

import dask
import psutil
import pytest
from distributed import LocalCluster

from rnnspec.study import runner
from rnnspec.study.results import read_results
from rnnspec.study.runner import run_study
from rnnspec.study.study_file import read_plan
from rnnspec.study.task import compute, folder_of

LONG = {"epochs = 3": "epochs = 200", "[0, 1]": "[0]"}  # there is time to be killed in
TABLES = ("results.csv", "curves.csv", "claims.json")
Disk = namedtuple("Disk", "free")


@pytest.fixture
def plan(study_file):
    """Two runs."""
    return read_plan(study_file({"[0, 1]": "[0]", "samples = 8": "samples = 8\njacobian = false"}))


@pytest.fixture
def here(monkeypatch):
    """Compute tasks in this process, in the order given; or fail with what is given by number."""

    def go(failures=None):
        def compute_all(_, tasks, where):
            for number, task in enumerate(tasks):
                error = (failures or {}).get(number)
                if error is None:
                    compute(task, *where)
                yield task, None if error == "lost" else error

        client = SimpleNamespace(dashboard_link="http://there")
        monkeypatch.setattr(runner, "connect", lambda *_: nullcontext(client))
        monkeypatch.setattr(runner, "compute_all", compute_all)

    go()
    return go


def tables(folder):
    return [(folder / name).read_bytes() for name in TABLES]


def alive(process):
    """Whether a process still runs, dead children that nobody has waited for apart."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def worker_processes():
    """The processes of Dask's workers, children of this one."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # it died since it was listed
            if alive(process) and "spawn_main" in " ".join(process.cmdline()):
                found.append(process)
    return found


def kill_in_mid_training(folder, times, killed):
    """Kill every worker process whenever a training has kept more than it had at the last time."""
    kept = {}
    while len(killed) < times:
        time.sleep(0.01)
        for metrics in folder.glob("cells/*/metrics.csv"):
            now = metrics.read_text()
            if (metrics.parent / "summary.json").exists() or now == kept.get(metrics):
                continue
            workers = worker_processes()
            for process in workers:
                process.kill()
            while any(alive(process) for process in workers):
                time.sleep(0.01)
            killed.append((metrics, now, len(workers)))
            kept = {path: path.read_text() for path in folder.glob("cells/*/metrics.csv")}
            break


def test_killed_workers_cost_unsaved_epochs_and_nothing_else(study_file, tmp_path):
    plan = read_plan(study_file(LONG))
    for task in plan.tasks:
        compute(task, tmp_path / "alone")
    runner.write_tables(plan, tmp_path / "alone")
    killed = []
    arguments = (tmp_path / "killed", 2, killed)
    killer = threading.Thread(target=kill_in_mid_training, args=arguments, daemon=True)
    killer.start()
    # Each death is the end of a task for Dask, so that it is for us to try again.
    with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
        found = run_study(plan, tmp_path / "killed", workers=2)
    assert not found.failures
    assert len(killed) == 2
    assert all(workers for _, __, workers in killed)
    for metrics, kept, _ in killed:
        assert len(kept.splitlines()) > 1
        assert metrics.read_text().startswith(kept)  # its seconds too: not computed again
    assert tables(tmp_path / "killed") == tables(tmp_path / "alone")
    assert not list(tmp_path.glob("killed/cells/*/.*"))


def test_a_scheduler_that_the_user_runs(plan, tmp_path):
    for task in plan.tasks:
        compute(task, tmp_path / "alone")
    runner.write_tables(plan, tmp_path / "alone")
    links = []
    options = {"processes": False, "protocol": "tcp", "dashboard_address": None}
    with LocalCluster(n_workers=1, threads_per_worker=2, **options) as cluster:
        run_study(
            plan,
            tmp_path / "there",
            scheduler=cluster.scheduler_address,
            on_start=lambda *start: links.append(start),
        )
        assert cluster.status.name == "running"
    assert len(links) == 1
    assert tables(tmp_path / "there") == tables(tmp_path / "alone")


def test_only_what_is_missing_is_computed(plan, tmp_path, here):
    folder = tmp_path / "study"
    told = []
    run_study(plan, folder, on_start=lambda *start: told.append(start))
    before = tables(folder)
    (folder_of(plan.tasks[1], folder) / "measures.json").unlink()
    over = []
    run_study(
        plan,
        folder,
        resume=True,
        on_start=lambda *start: told.append(start),
        on_task=lambda *task: over.append(task),
    )
    assert told == [("http://there", 0, 2), ("http://there", 1, 2)]
    assert over == [(plan.tasks[1], None)]
    assert tables(folder) == before
    here({0: RuntimeError("nothing is missing")})
    assert not run_study(plan, folder, resume=True).failures


def test_a_failing_task_is_told_and_stops_no_other(plan, tmp_path, here):
    here({1: RuntimeError("the loss is nan")})
    over = []
    found = run_study(plan, tmp_path / "study", on_task=lambda *task: over.append(task))
    bad = plan.tasks[1]
    assert found.failures == {bad.run: "RuntimeError: the loss is nan"}
    assert over[1] == (bad, "RuntimeError: the loss is nan")
    assert found.to_dict()["done"] == 1
    assert found.to_dict()["failed"] == [
        {"run": bad.run, **bad.place, "reason": "RuntimeError: the loss is nan"}
    ]
    rows = read_results(tmp_path / "study" / "results.csv")
    assert {row["run"] for row in rows} == {task.run for task in plan.tasks} - {bad.run}
    runs = json.loads((tmp_path / "study" / "study.json").read_text())["runs"]
    assert [run["state"] for run in runs] == ["done", "failed"]
    here()
    assert not run_study(plan, tmp_path / "study", resume=True).failures


def test_a_worker_that_writes_elsewhere(plan, tmp_path, here):
    here({0: "lost"})
    found = run_study(plan, tmp_path / "study")
    assert (
        "on several machines the folder must be one that all see"
        in found.failures[plan.tasks[0].run]
    )


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_stops_all(plan, tmp_path, here, number):
    here({0: OSError(number, os.strerror(number))})
    with pytest.raises(ValueError, match="no space left for .*study: free some, and --resume"):
        run_study(plan, tmp_path / "study")
    assert not (tmp_path / "study" / "results.csv").exists()
    here()
    assert not run_study(plan, tmp_path / "study", resume=True).failures


def test_a_disk_that_is_full_whatever_a_library_says(plan, tmp_path, here, monkeypatch):
    here({0: RuntimeError("file write failed")})
    monkeypatch.setattr(runner.shutil, "disk_usage", lambda _: Disk(free=0))
    with pytest.raises(ValueError, match="no space left"):
        run_study(plan, tmp_path / "study")


def test_a_disk_full_when_the_tables_are_written(plan, tmp_path, here, monkeypatch):
    here({0: RuntimeError("a failure"), 1: RuntimeError("a failure")})

    def full(**_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.mkstemp", full)
    with pytest.raises(ValueError, match="no space left"):
        run_study(plan, tmp_path / "study")


def test_another_error_of_the_folder_is_as_it_is(plan, tmp_path, here, monkeypatch):
    here({0: RuntimeError("a failure"), 1: RuntimeError("a failure")})

    def forbidden(**_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("tempfile.mkstemp", forbidden)
    with pytest.raises(PermissionError):
        run_study(plan, tmp_path / "study")


@pytest.mark.parametrize(
    ("replaced", "said"),
    [
        ({'["rnn"]': '["rnn", "elman"]'}, "`cell` must be one of rnn, lstm, gru"),
        ({'normalize = "radius"': 'normalize = "mean"'}, "`normalize` must be one of"),
        ({'normalize = "radius"': 'adversarial = "fast"'}, "`adversarial` must be one of"),
        ({'normalize = "radius"': 'init = "zero"'}, "`init` must be one of"),
        ({"hidden = 4": "hidden = 0"}, "`hidden` must be an integer of at least 1"),
        ({"epochs = 3": "epochs = 0"}, "`epochs` must be an integer of at least 1, got 0"),
        ({"lr = 0.1": "lr = -1"}, "`lr` must be a finite number > 0, got -1"),
        ({"lr = 0.1": "clip-norm = 0"}, "`clip_norm` must be a finite number > 0, got 0"),
        ({"lr = 0.1": "batch-size = 0"}, "`batch_size` must be an integer of at least 1, got 0"),
        ({"lr = 0.1": 'device = "gpu"'}, "`device` must be one of cpu, cuda, got 'gpu'"),
        ({"Walk_TRAIN": "Gone_TRAIN"}, "Gone_TRAIN"),
        ({"lr = 0.1": 'view = "rows"'}, "`view` must be one of series"),
        ({"lr = 0.1": "curvature-penalty = -1"}, "must be a finite number >= 0, got -1"),
    ],
)
def test_what_cannot_be_trained_is_told_before_anything_is(study_file, tmp_path, replaced, said):
    plan = read_plan(study_file(replaced))
    with pytest.raises(ValueError, match=said):
        run_study(plan, tmp_path / "study")
    assert not (tmp_path / "study").exists()


def test_data_that_cannot_be_had(study_file, halves, tmp_path, monkeypatch):
    monkeypatch.delenv("RNNSPEC_DATA_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    plan = read_plan(study_file({f'["{halves}"]': f'["{halves}", "mnist"]'}))
    with pytest.raises(ValueError, match="data set 'mnist' is not on this machine"):
        run_study(plan, tmp_path / "study", download=False)
    assert not (tmp_path / "study").exists()
