"""State Jacobians of a run directory as matrices of ``measure`` and ``pseudospectrum``."""

import json

import numpy as np
import pytest
import torch

from rnnspec import measure
from rnnspec.cli import source
from rnnspec.dynamics import mean_jacobian
from rnnspec.dynamics.visited import visited_fixed_points
from rnnspec.models.checkpoint import save_weights
from rnnspec.training.config import TrainingConfig
from rnnspec.training.run import train_run
from rnnspec.training.trained import load_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("trained") / "run"
    train_run(TrainingConfig(cell="lstm", hidden=4, epochs=1, batch_size=500), folder)
    return folder


@pytest.mark.parametrize(("name", "steps"), [("mean", None), ("step3", [3])])
def test_measure_of_a_jacobian(program, run, name, steps):
    matrix = f"layer0.jacobian@{name}"
    code, out, err = program("measure", run, "--matrix", matrix, "--no-download", "--json")
    assert (code, err) == (0, "")
    record = json.loads(out)["matrices"][matrix]
    model, data = load_run(run)
    J = mean_jacobian(model, data.test.inputs, data.test.lengths, steps)
    assert record["n"] == 8
    assert record["spectral_radius"] == pytest.approx(measure(J).spectral_radius, rel=1e-12)


@pytest.mark.parametrize("command", ["measure", "pseudospectrum"])
def test_a_jacobian_at_a_fixed_point(command, program, run):
    matrix = "layer0.jacobian@fixed0"
    model, data = load_run(run)
    (J, *others) = visited_fixed_points(model, data.test.inputs, data.test.lengths).jacobians
    code, out, err = program(command, run, "--matrix", matrix, "--json")
    assert (code, err) == (0, "")
    record = json.loads(out)
    if command == "measure":
        found = record["matrices"][matrix]["spectral_radius"]
        assert found == pytest.approx(measure(J).spectral_radius, rel=1e-9)
    else:
        assert (record["name"], record["n"]) == (matrix, len(J))
    beyond = f"layer0.jacobian@fixed{len(others) + 1}"
    assert "must be one of the fixed points found" in program(command, run, "--matrix", beyond).err


def test_pseudospectrum_of_a_jacobian(program, run, tmp_path):
    flags = ("--matrix", "layer0.jacobian@mean", "--grid", 8, "--out", tmp_path / "j.npz")
    code, out, err = program("pseudospectrum", run, *flags)
    assert (code, err) == (0, "")
    assert out.startswith("layer0.jacobian@mean: n = 8")
    with np.load(tmp_path / "j.npz") as saved:
        assert str(saved["name"]) == "layer0.jacobian@mean"


def test_the_mean_is_over_so_many_sequences(run, monkeypatch):
    monkeypatch.setattr(source, "SEQUENCES", 100)
    model, data = load_run(run)
    every = -(-len(data.test) // 100)
    assert every > 1
    found = source.matrices_of(str(run), "jacobian@mean", None, False)
    expected = mean_jacobian(model, data.test.inputs[::every], data.test.lengths[::every])
    np.testing.assert_array_equal(found["jacobian@mean"], expected)


@pytest.mark.parametrize("command", ["measure", "pseudospectrum"])
def test_what_has_no_such_jacobian_is_refused(command, refused, run, tmp_path):
    assert "layer0.jacobian@mean, @step12 or @fixed3" in refused(
        command, run, "--matrix", "layer0.jacobian@x"
    )
    assert "layer0 to layer0" in refused(command, run, "--matrix", "layer1.jacobian@mean")
    assert "from 0 to" in refused(command, run, "--matrix", "layer0.jacobian@step999")
    model, _ = load_run(run)
    save_weights(tmp_path / "w.safetensors", model.state_dict())
    weights = tmp_path / "w.safetensors"
    assert "must be a run directory" in refused(command, weights, "--matrix", "jacobian@mean")


@pytest.mark.parametrize("command", ["measure", "pseudospectrum"])
def test_the_data_are_looked_for_where_the_user_says(command, program, run, monkeypatch):
    asked = []

    def record(directory, data_dir, download):
        asked.append((data_dir, download))
        return load_run(directory)

    monkeypatch.setattr("rnnspec.training.trained.load_run", record)
    flags = ("--matrix", "layer0.jacobian@mean", "--quiet")
    assert program(command, run, *flags, "--data-dir", "here", "--no-download").code == 0
    assert program(command, run, *flags).code == 0
    assert asked == [("here", False), (None, True)]
