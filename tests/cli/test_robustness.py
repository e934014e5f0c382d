"""``rnnspec robustness`` on run directories: its record, its files, and what it refuses."""

import csv
import json
import re
import shutil
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from rnnspec.cli.robustness import attack_names
from rnnspec.robustness.attacks.table import ATTACKS
from rnnspec.robustness.curve import robustness_curve
from rnnspec.robustness.moved_weights import MovedWeights, row_of
from rnnspec.training.config import TrainingConfig
from rnnspec.training.run import train_run
from rnnspec.training.trained import load_run

KEYS = "target attack norm epsilon accuracy ci_low ci_high max_perturbation seconds".split()
FEW = ("--samples", 20, "--steps", 2, "--restarts", 1)
OF_SEARCHES = "on input is an option of pgd, apgd, square, but not of"
CONFIG = TrainingConfig(cell="gru", hidden=8, epochs=3, batch_size=64, lr=0.02)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("trained") / "run"
    train_run(CONFIG, folder)
    return folder


@pytest.fixture
def copy(run, tmp_path):
    return shutil.copytree(run, tmp_path / "copy")


def record_of(program, *arguments):
    code, out, err = program("robustness", *arguments, "--json")
    assert (code, err) == (0, "")
    return json.loads(out, parse_constant=pytest.fail)


def test_json_has_the_promised_keys(program, run):
    record = record_of(program, run, "--attack", "pgd,sign,deepfool", "--epsilon", "0,0.2", *FEW)
    assert set(record) == {"clean_accuracy", "n", "units", "results", "minimal", "warnings"}
    assert (record["n"], record["units"], record["warnings"]) == (20, "std", [])
    assert [(r["attack"], r["epsilon"]) for r in record["results"]] == [
        ("pgd", 0), ("pgd", 0.2), ("sign", 0), ("sign", 0.2),
    ]  # fmt: skip
    for row in record["results"]:
        assert set(KEYS) <= set(row)
        assert row["ci_low"] <= row["accuracy"] <= row["ci_high"]
        assert row["max_perturbation"] <= row["epsilon"] * (1 + 1e-5)
    assert record["clean_accuracy"] == record["results"][0]["accuracy"]
    promised = {"median", "mean", "mean_relative", "success_rate"}
    assert promised <= set(record["minimal"]["deepfool"])


def test_it_is_the_python_function(program, run):
    record = record_of(
        program, run, "--norm", "l2", "--units", "raw", "--epsilon", "0.3,0.6", "--seed", 5,
        "--target", "input", *FEW,
    )  # fmt: skip
    model, data = load_run(run)
    curve = robustness_curve(
        model, data.test, "pgd", [0.3, 0.6], norm="l2", units="raw", samples=20, iterations=2,
        restarts=1, seed=5,
    )  # fmt: skip
    assert record["units"] == "raw"
    timeless = [
        [{**row, "seconds": 0} for row in rows] for rows in (record["results"], curve.rows())
    ]
    assert timeless[0] == timeless[1]


def test_the_initial_state_can_be_moved(program, run):
    record = record_of(
        program, run, "--target", "state", "--attack", "fgsm,fmn", "--epsilon", "3", *FEW[:2]
    )
    assert record["results"][0]["target"] == "state"
    assert record["units"] is None
    assert record["minimal"]["fmn"]["mean_relative"] is None


def test_weights_are_moved_each_way(program, run):
    record = record_of(program, run, "--target", "weights", "--epsilon", "0,0.5", "--samples", 30)
    rows = record["results"]
    assert all(set(KEYS) <= set(row) for row in rows)
    assert {row["attack"] for row in rows} == set(attack_names(None, "weights"))
    assert {row["norm"] for row in rows} == {"spectral"}
    sized = [row["epsilon"] for row in rows if row["attack"] == "random"]
    assert sized == [0, 0.5]
    assert rows[0]["accuracy"] == record["clean_accuracy"]
    for row in rows:
        assert row["max_perturbation"] == pytest.approx(row["epsilon"], rel=1e-4, abs=1e-6)
        assert row["spectral_radius"] > 0
    assert (record["units"], record["n"]) == ("absolute", 30)


def test_the_norm_of_weights_may_be_frobenius(program, run):
    record = record_of(
        program, run, "--target", "weights", "--attack", "random", "--norm", "frobenius",
        "--epsilon", "0.5", "--samples", 9,
    )  # fmt: skip
    (row,) = record["results"]
    assert row["norm"] == "frobenius"
    assert row["max_perturbation"] == pytest.approx(0.5, rel=1e-5)
    assert row["size"] < 0.5


def test_a_row_of_weights_is_of_the_matrix_worst_off():
    a = MovedWeights("a", "random", "frobenius", 0.2, None, 30, 40, 0.9, 0.1, 0.5, 0.21)
    b = MovedWeights("b", "random", "frobenius", 0.3, None, 30, 40, 0.8, 0.25, 0.4, 0.31)
    names = ("epsilon", "accuracy", "max_perturbation", "size", "spectral_radius", "seconds")
    for pair in ((a, b), (b, a)):
        row = row_of(pair, 1.5)
        assert [row[name] for name in names] == [0.3, 0.75, 0.31, 0.25, 0.9, 1.5]
        assert row["distance_to_instability"] == 0.4


@pytest.mark.parametrize(
    ("target", "flags", "attacks"),
    [
        ("input", ("--attack", "pgd,sign", "--epsilon", "0,0.3", *FEW), ["pgd", "pgd", "sign"]),
        ("input", ("--attack", "deepfool,fmn", *FEW[:2]), ["deepfool", "fmn"]),
        ("input", ("--attack", "fmn,sign", "--epsilon", "0.3", *FEW[:2]), ["sign", "fmn"]),
        ("weights", ("--attack", "random,int8", "--epsilon", "0.1,1", *FEW[:2]), ["random"] * 2),
    ],
)
def test_csv_and_figure_are_written(program, run, tmp_path, target, flags, attacks):
    out, figure = tmp_path / "r.csv", tmp_path / "r.png"
    code, said, _ = program(
        "robustness", run, "--target", target, *flags, "--out", out, "--figure", figure
    )
    assert code == 0
    assert f"numbers: {out}" in said
    assert figure.stat().st_size > 10_000
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert [row["attack"] for row in rows][: len(attacks)] == attacks
    for row in rows:
        assert row["target"] == target
        if row["attack"] in ("deepfool", "fmn"):
            assert float(row["median"]) > 0
            assert not row.get("epsilon")
        else:
            assert all(row[key] for key in KEYS)
            assert not row.get("median")


def test_a_figure_of_curves_and_smallest_changes_shows_both(program, run, tmp_path, monkeypatch):
    monkeypatch.setattr(plt, "close", lambda *_: None)  # the figure can be looked at afterwards
    program(
        "robustness", run, "--attack", "sign,fmn,deepfool", "--epsilon", "0,0.3", *FEW[:2],
        "--figure", tmp_path / "r.png",
    )  # fmt: skip
    left, right = plt.gcf().axes
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["sign"]
    assert [text.get_text() for text in right.get_legend().get_texts()] == ["fmn", "deepfool"]
    assert (left.get_ylabel(), right.get_ylabel()) == ("accuracy", "share of decisions changed")


def test_the_help_names_every_attack_of_the_table(program):
    code, out, _ = program("robustness", "--help")
    assert code == 0
    assert all(re.search(rf"\b{name}\b", out) for name in ATTACKS)
    assert "universal 100" in " ".join(out.split())


def test_one_perturbation_for_all_and_the_fewest_time_steps(program, run):
    record = record_of(
        program, run, "--attack", "universal,sparse", "--epsilon", "0.3", *FEW[:2], "--steps", 5
    )
    assert [row["attack"] for row in record["results"]] == ["universal"]
    assert record["minimal"]["sparse"]["norm"] == "steps"
    assert record["minimal"]["sparse"]["median"] >= 1


def test_the_table_and_quiet(program, run):
    code, out, _ = program(
        "robustness", run, "--attack", "sign,deepfool", "--epsilon", "0.1", *FEW[:2]
    )
    assert code == 0
    assert "sequences, sizes in standard deviations" in out
    assert "sign (linf)" in out
    assert "success rate" in out
    assert program("robustness", run, "--epsilon", "0.1", *FEW, "--quiet") == (0, "", "")
    _, out, _ = program("robustness", run, "--epsilon", "0.1", *FEW, "--quiet", "--json")
    assert json.loads(out)["n"] == 20


@pytest.mark.filterwarnings("default::rnnspec.SanityWarning")
def test_a_sanity_warning_is_in_the_record_and_one_line_on_stderr(program, copy):
    from safetensors.torch import load_file, save_file

    weights = load_file(copy / "model.safetensors")
    weights["readout.weight"] *= 1e6  # saturated: no gradient is left
    save_file(weights, copy / "model.safetensors")
    code, out, err = program(
        "robustness", copy, "--epsilon", "0.1", *FEW, "--samples", 200, "--json"
    )
    assert code == 0
    (text,) = [text for text in json.loads(out)["warnings"] if "exactly zero" in text]
    assert text.startswith("pgd: the gradient of the loss")
    assert any("exactly zero" in line for line in err.splitlines())


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--epsilon", "0.2,0.1"), "`epsilons` must increase, got 0.1 after 0.2"),
        (("--epsilon=-1",), "`epsilons` must be a finite number >= 0, got -1.0"),
        (("--epsilon", "nan"), "`epsilons` must be a finite number >= 0, got nan"),
        (("--epsilon", "small"), "`--epsilon` must be numbers separated by commas, got 'small'"),
        (("--attack", "pdg"), "must be one of pgd, apgd, square"),
        (("--attack", "pdg"), "did you mean pgd?"),
        (("--attack", "random"), "`--attack` on input"),
        (("--target", "weights", "--attack", "pgd"), "`--attack` on weights"),
        (("--norm", "spectral"), "`norm` must be one of linf, l2, got 'spectral'"),
        (("--target", "weights", "--norm", "linf"), "`norm` must be one of spectral, frobenius"),
        (("--target", "output"), "'output' is not one of 'input', 'state', 'weights'"),
        (("--samples", "0"), "0 is not in the range x>=1"),
        (
            ("--attack", "sign,fmn", "--steps", "3"),
            "square, universal, but not of sign, fmn: leave it",
        ),
        (
            ("--attack", "fgsm", "--restarts", "1"),
            f"`--restarts` {OF_SEARCHES} fgsm: leave it out",
        ),
        (("--attack", "fmn", "--epsilon", "0.1"), "sphere, sparse, but not of fmn: leave it out"),
        (
            ("--target", "weights", "--attack", "int8", "--epsilon", "0.1"),
            "`--epsilon` on weights is an option of random, worst, rank_one, but not of int8:",
        ),
        (("--target", "weights", "--steps", "9"), "`--steps` on weights is an option of no attack"),
        (
            ("--target", "state", "--units", "std"),
            "`--units` on state is an option of no attack, but",
        ),
        (("--figure", "a.jpg"), "`--figure` must end in .png, .svg, .pdf"),
        (("--out", "nowhere/a.csv"), "nowhere"),
        (("--out", "missing/a.csv"), "`--out` 'missing/a.csv': the folder missing does not exist"),
        (("--epsilon", ""), "--epsilon"),
    ],
)
def test_bad_usage(refused, run, flags, message, monkeypatch, tmp_path):
    (tmp_path / "nowhere").write_text("a file")
    monkeypatch.chdir(tmp_path)
    assert message in refused("robustness", run, *flags)


def test_a_directory_that_is_no_run(refused, tmp_path):
    assert "must be a run directory with config.json" in refused("robustness", tmp_path)


def test_a_run_without_weights(refused, copy):
    (copy / "model.safetensors").unlink()
    assert "a training that did not finish?" in refused("robustness", copy)


def test_a_run_of_a_newer_format(refused, copy):
    path = copy / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 999}))
    assert "has format 999, newer than this version's" in refused("robustness", copy)


def test_a_run_whose_record_says_nothing_of_its_data(refused, copy):
    path = copy / "config.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "data": {"name": "digits"}}))
    assert "config.json is damaged (no entry 'view' of the data)" in refused("robustness", copy)


def test_a_run_on_other_data(refused, copy):
    path = copy / "config.json"
    record = json.loads(path.read_text())
    record["data"]["sources"] = {"scikit-learn digits": "0" * 64}
    path.write_text(json.dumps(record))
    assert "was trained on other data than digits is now" in refused("robustness", copy)


def test_weights_that_do_not_fit(refused, copy):
    path = copy / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "hidden": 5}))
    assert "model.safetensors does not fit config.json" in refused("robustness", copy)


def test_data_are_looked_for_where_they_are_said_to_be(refused, copy, monkeypatch, tmp_path):
    monkeypatch.delenv("RNNSPEC_DATA_DIR", raising=False)
    path = copy / "config.json"
    record = json.loads(path.read_text())
    record["data"] |= {"name": "ucr:NoSuchThing", "view": "series"}
    path.write_text(json.dumps(record))
    said = refused("robustness", copy, "--data-dir", tmp_path, "--no-download")
    assert "NoSuchThing" in said


@pytest.mark.parametrize("changed", [{"cell": "lstm", "layers": 2}, {"bidirectional": True}])
def test_a_run_is_loaded_as_it_was_trained(tmp_path, changed):
    trained = train_run(replace(CONFIG, view="cols", **changed), tmp_path / "run")
    model, data = load_run(tmp_path / "run")
    assert data.view == "cols"
    inputs = torch.from_numpy(data.test.inputs)
    with torch.no_grad():
        accuracy = (model(inputs).argmax(1).numpy() == data.test.labels).mean()
    assert accuracy == pytest.approx(trained.test_accuracy)
    assert not model.training


def test_a_permuted_run_finds_its_permutation(tmp_path):
    config = replace(CONFIG, view="permuted", hidden=2)
    train_run(config, tmp_path / "run")
    record = json.loads((tmp_path / "run" / "config.json").read_text())
    _, data = load_run(tmp_path / "run")
    np.testing.assert_array_equal(data.permutation, record["data"]["permutation"])
