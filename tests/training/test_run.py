import csv
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from itertools import count
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file

import rnnspec
from rnnspec.training import rundir
from rnnspec.training.config import TrainingConfig
from rnnspec.training.records import COLUMNS, metrics_csv
from rnnspec.training.run import default_directory, train_run
from rnnspec.training.state import TrainingDiverged
from rnnspec.training.trained import read_config

CONFIG = TrainingConfig(cell="gru", hidden=5, epochs=3, batch_size=256, seed=7)
NORMALIZED = replace(CONFIG, normalize="radius", bound=0.8)
FILES = {
    "config.json",
    "environment.json",
    "metrics.csv",
    "checkpoint.pt",
    "model.safetensors",
    "summary.json",
}


def weights(directory):
    return load_file(directory / "model.safetensors")


def metrics(directory):
    return list(csv.DictReader((directory / "metrics.csv").read_text().splitlines()))


def same_run(a, b):
    """Whether two run directories hold the same weights, bit by bit, and the same numbers."""
    one, two = weights(a), weights(b)
    rows = [metrics(directory) for directory in (a, b)]
    for row in (*rows[0], *rows[1]):
        del row["seconds"]
    return (
        set(one) == set(two)
        and all(torch.equal(one[k], two[k]) for k in one)
        and (rows[0] == rows[1])
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Finished run directories by setting."""
    folder = tmp_path_factory.mktemp("runs")
    runs = {"none": CONFIG, "radius": NORMALIZED}
    for name, config in runs.items():
        train_run(config, folder / name)
    return folder


def test_what_a_run_directory_holds(finished):
    for name, config in (("none", CONFIG), ("radius", NORMALIZED)):
        run = finished / name
        assert {path.name for path in run.iterdir()} == FILES
        assert read_config(run) == replace(config, view="rows")
        record = json.loads((run / "config.json").read_text())
        assert record["data"]["class_names"] == [str(k) for k in range(10)]
        assert {"mean", "std", "permutation", "sources"} <= set(record["data"])
        assert json.loads((run / "environment.json").read_text())["torch"] == torch.__version__
        rows = metrics(run)
        dropped = {"robust_validation_loss", "robust_validation_accuracy"}
        dropped |= set() if name == "radius" else {"estimate_error"}
        assert list(rows[0]) == [column for column in COLUMNS if column not in dropped]
        assert [row["epoch"] for row in rows] == ["1", "2", "3"]
        assert all(0 <= float(row["train_accuracy"]) <= 1 for row in rows)


def test_the_summary_has_the_promised_keys(finished):
    promised = (
        "dataset view cell hidden layers normalize estimator bound seed epochs train_accuracy"
        " validation_accuracy test_accuracy train_seconds n_parameters matrices"
    ).split()
    summary = json.loads((finished / "radius" / "summary.json").read_text())
    assert set(promised) <= set(summary)
    assert summary["n_parameters"] == sum(W.numel() for W in weights(finished / "radius").values())
    matrices = rnnspec.recurrent_matrices(finished / "radius")
    assert list(summary["matrices"]) == list(matrices)
    for name, record in summary["matrices"].items():
        W = matrices[name]
        assert record["spectral_radius"] == pytest.approx(rnnspec.spectral_radius(W))
        assert record["spectral_radius"] <= 0.8 * (1 + 1e-6)
        assert record["spectral_norm"] == pytest.approx(rnnspec.spectral_norm(W))
        assert record["henrici"] == pytest.approx(rnnspec.henrici_departure(W))
        assert record["spectral_radius_initial"] == pytest.approx(1, rel=1e-5)
        assert record["henrici_initial"] < 1e-2 < record["henrici"]


def test_weights_are_plain(finished):
    expected = set(rnnspec.SequenceClassifier("gru", 8, 10, 5).state_dict())
    assert set(weights(finished / "none")) == set(weights(finished / "radius")) == expected


class Stop(Exception):
    pass


@pytest.mark.parametrize("name", ["none", "radius"])
@pytest.mark.parametrize("stop_after", [1, 2])
def test_an_interrupted_run_resumes_exactly(finished, tmp_path, name, stop_after):
    config = {"none": CONFIG, "radius": NORMALIZED}[name]

    def stop(row):
        if row["epoch"] == stop_after:
            raise Stop

    with pytest.raises(Stop):
        train_run(config, tmp_path / "run", on_epoch=stop)
    assert not (tmp_path / "run" / "model.safetensors").exists()
    train_run(config, tmp_path / "run", resume=True)
    assert same_run(tmp_path / "run", finished / name)


KILL = """
import os, signal, sys
from pathlib import Path
import torch
from rnnspec import SequenceClassifier
from rnnspec.training.run import train_run
from rnnspec.training.rundir import RunWriter
from rnnspec.training.trained import read_config
from rnnspec.training.config import TrainingConfig
torch.set_num_threads(1)
forward, calls = SequenceClassifier.forward, []
def counted(self, *arguments):
    if self.training:
        calls.append(0)
        if len(calls) == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)
    return forward(self, *arguments)
SequenceClassifier.forward = counted
train_run(TrainingConfig(**eval(sys.argv[2])), Path(sys.argv[1]))
"""


@pytest.mark.parametrize(("name", "batch"), [("none", 2), ("radius", 13)])
def test_a_killed_run_resumes_exactly(finished, tmp_path, name, batch):
    """Five batches an epoch: killed before the first checkpoint, and in the third epoch."""
    config = {"none": CONFIG, "radius": NORMALIZED}[name]
    run = tmp_path / "run"
    killed = subprocess.run(
        [sys.executable, "-c", KILL, run, repr(vars(config)), str(batch)],
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert killed.returncode == -signal.SIGKILL
    assert (run / "checkpoint.pt").exists() == (batch > 5)
    train_run(config, run, resume=True)
    assert same_run(run, finished / name)
    assert {path.name for path in run.iterdir()} == FILES


def test_a_kill_while_writing_leaves_the_checkpoint_before(finished, tmp_path, monkeypatch):
    save = torch.save

    def half(state, path):
        save(state, path)
        if len(state["history"]) == 2:
            os.truncate(path, 1000)
            raise Stop

    monkeypatch.setattr(
        "time.monotonic", count(0, 9).__next__
    )  # every epoch is due for a checkpoint
    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(Stop):
        train_run(CONFIG, tmp_path / "run")
    monkeypatch.setattr(torch, "save", save)
    assert len(torch.load(tmp_path / "run" / "checkpoint.pt")["history"]) == 1
    assert len({path.name for path in (tmp_path / "run").iterdir()} - FILES) == 0
    train_run(CONFIG, tmp_path / "run", resume=True)
    assert same_run(tmp_path / "run", finished / "none")


def copy_of(finished, tmp_path, name="none"):
    run = tmp_path / "run"
    run.mkdir()
    for path in (finished / name).iterdir():
        (run / path.name).write_bytes(path.read_bytes())
    return run


def test_resuming_a_finished_run_changes_nothing(finished, tmp_path):
    run = copy_of(finished, tmp_path)
    train_run(CONFIG, run, resume=True)
    assert same_run(run, finished / "none")
    assert (run / "summary.json").read_text() == (finished / "none" / "summary.json").read_text()


@pytest.mark.filterwarnings("ignore:the rayleigh estimate")  # of one vector
@pytest.mark.parametrize(("normalize", "block"), [("radius", 8), ("radius", 1), ("norm", 8)])
def test_a_kill_before_the_weights_are_written_loses_nothing(tmp_path, normalize, block):
    config = replace(CONFIG, normalize=normalize, block=block, hidden=72, bound=0.8)
    train_run(config, tmp_path / "run")
    weights = (tmp_path / "run" / "model.safetensors").read_bytes()
    (tmp_path / "run" / "model.safetensors").unlink()
    train_run(config, tmp_path / "run", resume=True)
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == weights


def test_a_run_is_not_overwritten(finished, tmp_path):
    run = copy_of(finished, tmp_path)
    with pytest.raises(ValueError, match="run holds a run already: --resume goes on with it"):
        train_run(CONFIG, run)
    assert same_run(run, finished / "none")


@pytest.mark.parametrize(
    "change",
    [{"seed": 8}, {"lr": 1e-3}, {"epochs": 9}, {"cell": "rnn"}, {"normalize": "norm"}],
    ids=lambda change: next(iter(change)),
)
def test_a_run_does_not_go_on_with_other_settings(finished, tmp_path, change):
    run = copy_of(finished, tmp_path)
    ((name, value),) = change.items()
    with pytest.raises(
        ValueError, match=f"was begun with other {name} {getattr(CONFIG, name)}, not {value}"
    ):
        train_run(replace(CONFIG, **change), run, resume=True)


def test_a_run_does_not_go_on_with_other_data(finished, tmp_path):
    run = copy_of(finished, tmp_path)
    record = json.loads((run / "config.json").read_text())
    record["data"]["sources"] = {"scikit-learn digits": "0" * 64}
    (run / "config.json").write_text(json.dumps(record))
    with pytest.raises(ValueError, match="was begun with other data: a resumed run keeps"):
        train_run(CONFIG, run, resume=True)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("checkpoint.pt", b"nothing", r"checkpoint\.pt is damaged .*delete it"),
        ("config.json", b"{", r"config\.json is damaged"),
        ("config.json", b"[]", r"config\.json is damaged"),
        ("config.json", b"{}", r"config\.json is damaged"),
        ("config.json", b'{"format": 2}', r"has format 2, newer than this version's 1: upgrade"),
    ],
)
def test_damaged_runs(finished, tmp_path, name, content, message):
    run = copy_of(finished, tmp_path)
    (run / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        train_run(CONFIG, run, resume=True)


def test_no_run_at_all(tmp_path):
    with pytest.raises(ValueError, match=r"must be a run directory with config\.json, found none"):
        read_config(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="must be a directory, found a file"):
        train_run(CONFIG, tmp_path / "file")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"normalize": "mean"}, "`normalize` must be one of none, radius, norm, got 'mean'"),
        ({"normalize": "norm", "bound": 0}, "`bound` must be a finite number > 0"),
        ({"normalize": "norm", "estimator": "qr"}, "`estimator` must be one of"),
        ({"device": "tpu"}, "`device` must be one of cpu, cuda, got 'tpu'"),
        ({"threads": 0}, "`threads` must be an integer of at least 1, got 0"),
        ({"cell": "elman"}, "`cell` must be one of"),
        ({"hidden": 0}, "`hidden` must be an integer of at least 1"),
        ({"epochs": 0}, "`epochs` must be an integer of at least 1"),
        ({"lr": float("inf")}, "`lr` must be a finite number"),
        ({"view": "spiral"}, "`view` must be one of"),
        ({"dataset": "mnistt"}, "`name` must be one of"),
    ],
    ids=lambda value: "" if isinstance(value, str) else "-".join(value),
)
def test_bad_settings_leave_no_directory(tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        train_run(replace(CONFIG, **change), tmp_path / "runs" / "a")
    assert not (tmp_path / "runs").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_that_is_not_there(tmp_path):
    with pytest.raises(ValueError, match="`device` is cuda, but PyTorch finds no CUDA device"):
        train_run(replace(CONFIG, device="cuda"), tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_divergence_keeps_the_last_good_checkpoint(tmp_path, monkeypatch):
    forward = rnnspec.SequenceClassifier.forward
    calls = []

    def overflowing(self, *arguments):
        calls.append(self.training)
        logits = forward(self, *arguments)
        return logits * float("inf") if sum(calls) == 8 else logits

    monkeypatch.setattr(rnnspec.SequenceClassifier, "forward", overflowing)
    with pytest.raises(TrainingDiverged, match="the loss is nan in epoch 2, batch 3, .* radius"):
        train_run(CONFIG, tmp_path / "a")
    state = torch.load(tmp_path / "a" / "checkpoint.pt", weights_only=True)
    assert len(state["history"]) == 1
    assert all(W.isfinite().all() for W in state["model"].values())
    assert not (tmp_path / "a" / "model.safetensors").exists()


def test_threads_are_set(tmp_path):
    train_run(replace(CONFIG, threads=2, epochs=1), tmp_path / "a")
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({}, "digits-gru-none-seed7"),
        ({"dataset": "ucr:Coffee", "normalize": "norm"}, "ucr-coffee-gru-norm-seed7"),
        ({"dataset": "ts:/data/Toy_TRAIN.ts"}, "toy_train-gru-none-seed7"),
    ],
)
def test_default_directories(change, name):
    assert default_directory(replace(CONFIG, **change)).as_posix() == f"runs/{name}"


def test_metrics_leave_a_cell_empty_that_does_not_apply():
    text = metrics_csv([{"epoch": 1, "lr": 0.5}, {"epoch": 2, "train_loss": 1 / 3, "lr": 0.1}])
    assert text == "epoch,train_loss,lr\n1,,0.5\n2,0.33333333,0.1\n"


@pytest.mark.parametrize(
    ("now", "epochs"), [([0, 9, 18, 27], [1, 2, 3, 4]), ([0, 0.1, 0.2, 0.3], [1, 4])]
)
def test_a_checkpoint_at_most_once_a_second_and_after_the_last_epoch(
    tmp_path, monkeypatch, now, epochs
):
    saved, clock = [], {"epoch": 0}
    save = torch.save
    monkeypatch.setattr(
        torch, "save", lambda state, path: saved.append(len(state["history"])) or save(state, path)
    )
    monkeypatch.setattr(rundir.time, "monotonic", lambda: now[min(clock["epoch"], 3)])
    train_run(
        replace(CONFIG, epochs=4),
        tmp_path / "a",
        on_epoch=lambda row: clock.update(epoch=int(row["epoch"])),
    )
    assert saved == epochs


def test_settings_of_another_type_are_damage(finished, tmp_path):
    run = copy_of(finished, tmp_path)
    record = json.loads((run / "config.json").read_text())
    (run / "config.json").write_text(json.dumps(record | {"hidden": "five"}))
    with pytest.raises(ValueError, match="damaged: hidden must be an integer, got 'five'"):
        read_config(run)


def test_a_damaged_config_may_be_deleted(finished, tmp_path):
    run = copy_of(finished, tmp_path)
    (run / "config.json").write_text("{")
    with pytest.raises(ValueError, match="delete it, and the run can be taken up again"):
        train_run(CONFIG, run, resume=True)
    (run / "config.json").unlink()
    train_run(CONFIG, run, resume=True)
    assert same_run(run, finished / "none")


def test_a_resumed_run_knows_what_it_keeps(finished, tmp_path):
    run = copy_of(finished, tmp_path)
    writer = rundir.RunWriter(run, CONFIG, json.loads((run / "config.json").read_text()))
    assert "no checkpoint was written" in writer.describe_checkpoint()
    state = SimpleNamespace(history=[])
    state.load_state_dict = lambda kept: state.history.extend(kept["history"])
    writer.begin(state)
    assert writer.describe_checkpoint().endswith("keeps the checkpoint after epoch 3")
