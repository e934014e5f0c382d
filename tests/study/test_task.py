import json
from dataclasses import replace

import numpy as np
import pytest

from rnnspec.data.load import load_dataset
from rnnspec.dynamics.mean_jacobian import mean_jacobian
from rnnspec.models.recurrent import recurrent_matrices
from rnnspec.spectra.measures import measure
from rnnspec.study.study_file import read_plan
from rnnspec.study.tables import curve_rows, result_rows
from rnnspec.study.task import SEAL, SEALED, compute, folder_of, is_sealed, seal
from rnnspec.training.run import train_run
from rnnspec.training.trained import load_run, read_config


@pytest.fixture
def task(study_file):
    return read_plan(study_file()).tasks[-1]


def tables(task, folder):
    return list(result_rows(task, folder)), list(curve_rows(task, folder))


def test_the_rows_are_the_run(task, tmp_path):
    compute(task, tmp_path)
    directory = folder_of(task, tmp_path)
    assert is_sealed(directory)
    model, data = load_run(directory)
    ((weight, jacobian), curves) = tables(task, tmp_path)
    assert (weight["matrix"], jacobian["matrix"]) == ("layer0", "layer0.jacobian@mean")
    W = recurrent_matrices(model)["layer0"]
    assert weight["kreiss_constant"] == measure(W).kreiss_constant
    assert weight["spectral_radius"] == pytest.approx(max(abs(np.linalg.eigvals(W))))
    assert weight["pseudospectral_radius@0.01"] > weight["spectral_radius"]
    assert weight["henrici_initial"] < 1e-6  # begun orthogonal
    assert jacobian["henrici_initial"] is None
    part = data.test.subset(np.sort(np.random.default_rng(0).permutation(10)[:8]))
    J = mean_jacobian(model, part.inputs, part.lengths)
    assert jacobian["spectral_norm"] == pytest.approx(np.linalg.norm(J, 2))
    summary = json.loads((directory / "summary.json").read_text())
    assert weight["test_accuracy"] == jacobian["test_accuracy"] == summary["test_accuracy"]
    assert weight["robust_accuracy@0"] == weight["noise_accuracy@0"]
    half = (weight["robust_accuracy@0"] + weight["robust_accuracy@0.5"]) / 2
    assert weight["area"] == pytest.approx(half)
    assert weight["median_r"] > 0
    assert weight["run"] == task.run
    by_kind = {(row["target"], row["attack"], row["epsilon"]): row["accuracy"] for row in curves}
    assert by_kind["input", "pgd", 0.5] == weight["robust_accuracy@0.5"]
    assert by_kind["weights", "random", 1.0] == weight["weights_accuracy@1"]
    assert all(0 <= r["ci_low"] <= r["accuracy"] <= r["ci_high"] <= 1 for r in curves)


def test_twice_is_once(task, tmp_path):
    compute(task, tmp_path)
    before = {p: p.stat().st_mtime_ns for p in folder_of(task, tmp_path).iterdir()}
    compute(task, tmp_path)
    assert before == {p: p.stat().st_mtime_ns for p in folder_of(task, tmp_path).iterdir()}


def test_a_training_that_stopped_goes_on(task, tmp_path):
    compute(task, tmp_path / "whole")

    class Killed(BaseException):
        pass

    def kill(row):
        if row["epoch"] == 2:
            raise Killed

    directory = folder_of(task, tmp_path / "killed")
    with pytest.raises(Killed):
        train_run(task.config, directory, resume=True, on_epoch=kill)
    assert (directory / "checkpoint.pt").exists()
    assert not (directory / "summary.json").exists()
    compute(task, tmp_path / "killed")
    assert tables(task, tmp_path / "whole") == tables(task, tmp_path / "killed")


@pytest.mark.parametrize("name", sorted({*SEALED, SEAL} - {"config.json"}))
def test_a_file_damaged_by_hand_is_computed_again(task, tmp_path, name):
    compute(task, tmp_path)
    before = tables(task, tmp_path)
    (folder_of(task, tmp_path) / name).write_bytes(b"{")
    compute(task, tmp_path)
    assert is_sealed(folder_of(task, tmp_path))
    assert tables(task, tmp_path) == before


@pytest.mark.parametrize("name", ["config.json", "checkpoint.pt"])
def test_damage_that_is_not_to_be_mended_is_told(task, tmp_path, name):
    compute(task, tmp_path)
    directory = folder_of(task, tmp_path)
    (directory / SEAL).unlink()
    (directory / name).write_bytes(b"{")
    with pytest.raises(ValueError, match=f"{name} is .*damaged"):
        compute(task, tmp_path)


@pytest.mark.parametrize(
    ("change", "gone"),
    [
        ({"jacobian": False}, "layer0.jacobian@mean"),
        ({"lyapunov": 0}, "lyapunov_max"),
        ({"epsilons": ()}, "pseudospectral_radius@0.01"),
    ],
)
def test_what_is_not_asked_for_is_not_measured(task, tmp_path, change, gone):
    task = replace(task, measuring=replace(task.measuring, **change))
    compute(task, tmp_path)
    rows = tables(task, tmp_path)[0]
    present = {row["matrix"] for row in rows}
    present |= {name for name, value in rows[0].items() if value is not None}
    assert gone not in present


def test_both_directions_of_a_network_that_reads_both_ways(task, tmp_path):
    task = replace(task, config=replace(task.config, bidirectional=True, layers=2, epochs=1))
    compute(task, tmp_path)
    names = [row["matrix"] for row in tables(task, tmp_path)[0]]
    layers = [f"layer{j}{side}" for j in (0, 1) for side in ("", ".reverse")]
    assert sorted(names) == sorted([*layers, *(f"{name}.jacobian@mean" for name in layers)])


def test_the_largest_exponent_and_no_more_than_the_state_has(task, tmp_path):
    task = replace(task, measuring=replace(task.measuring, lyapunov=99))
    compute(task, tmp_path)
    measures = json.loads((folder_of(task, tmp_path) / "measures.json").read_text())
    assert len(measures["lyapunov"]) == 4
    assert tables(task, tmp_path)[0][0]["lyapunov_max"] == max(measures["lyapunov"])


def test_warnings_are_kept_in_the_seal(task, tmp_path):
    config = replace(task.config, estimator="power", block=1, lr=0.1, hidden=8, epochs=1)
    task = replace(task, config=config)
    compute(task, tmp_path)
    said = json.loads((folder_of(task, tmp_path) / "done.json").read_text())["warnings"]
    assert any("has not converged" in text for text in said)


def test_a_task_of_no_length_that_learns_nothing(task, tmp_path, monkeypatch, recwarn):
    """32 sequences are one batch; the run says how many epochs, and the seal what came of them."""
    monkeypatch.setattr("rnnspec.training.schedule.LEAST_UPDATES", 5)
    monkeypatch.setattr("rnnspec.training.schedule.EPOCHS", 2)
    task = replace(task, config=replace(task.config, epochs=None, lr=1e-9))
    compute(task, tmp_path)
    directory = folder_of(task, tmp_path)
    assert read_config(directory).epochs == 5
    assert json.loads((directory / "summary.json").read_text())["better_than_majority"] is False
    said = json.loads((directory / SEAL).read_text())["warnings"]
    assert any("no better than the majority class" in text for text in said)
    assert not recwarn.list


def test_sequences_are_those_of_samples(task, tmp_path):
    compute(task, tmp_path)
    robustness = json.loads((folder_of(task, tmp_path) / "robustness.json").read_text())
    assert robustness["n"] == 8 < len(load_dataset(task.config.dataset).test)


@pytest.fixture
def done(tmp_path):
    for name in SEALED:
        (tmp_path / name).write_text(name)
    seal(tmp_path, {"cpu_seconds": 1.0})
    return tmp_path


def test_a_seal_holds(done):
    assert is_sealed(done)


@pytest.mark.parametrize("name", SEALED)
@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_any_damage_breaks_it(done, name, damage):
    if damage == "gone":
        (done / name).unlink()
    else:
        (done / name).write_text(name + " ")
    assert not is_sealed(done)


@pytest.mark.parametrize("text", ["", "{}", "[]", "3", '{"sha256": 3}', '{"sha256": {}}', "\x00"])
def test_a_seal_that_is_damaged_is_none(done, text):
    (done / SEAL).write_text(text)
    assert not is_sealed(done)


def test_what_a_killed_worker_left_goes(done):
    (done / ".checkpoint.pt.x1").write_text("half")
    (done / "checkpoint.pt").write_text("whole")
    seal(done, {})
    assert not (done / ".checkpoint.pt.x1").exists()
    assert (done / "checkpoint.pt").exists()


def test_hidden_files_go_and_hidden_folders_stay(done):
    (done / ".half").write_text("")
    (done / ".ipynb_checkpoints").mkdir()
    seal(done, {})
    assert is_sealed(done)
    assert [path.name for path in done.glob(".*")] == [".ipynb_checkpoints"]
