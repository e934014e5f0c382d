"""The front page holds: what the demo promises of any processor, proved on its networks."""

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.demo import (
    ACCURATE,
    ALIKE,
    BOUND,
    COLUMNS,
    PROMISES,
    broken_promises,
    demo,
    read_rows,
)
from benchmarks.record import RESULTS
from rnnspec import load_matrices

CIRCLE = np.exp(1j * np.linspace(0, np.pi, 600))  # W is real: the lower half says the same


def call(folder, *arguments):
    return CliRunner().invoke(demo, ["--out", str(folder), "--cell", "rnn", *arguments])


def test_networks_of_one_cell_are_what_the_front_page_says(tmp_path):
    done = call(tmp_path, "--grid", "20")
    assert done.exit_code == 0, done.output
    rows = read_rows(tmp_path / "demo.json")
    assert list(broken_promises(rows)) == []
    assert min(row["accuracy"] for row in rows) >= ACCURATE
    assert len(list(tmp_path.glob("*.png"))) == len(rows) + 1

    plain, radius, norm = (
        load_matrices(tmp_path / f"runs/rnn-{normalize}")["layer0"]
        for normalize in ("none", "radius", "norm")
    )
    assert [abs(np.linalg.eigvals(W)).max() > 1 for W in (plain, radius, norm)] == [1, 0, 0]
    room = 1 - abs(np.linalg.eigvals(radius)).max()
    assert room >= 1 - BOUND - 1e-6
    assert to_the_circle(radius) < room / 3
    powers = [np.linalg.norm(np.linalg.matrix_power(radius, k), 2) for k in range(200)]
    assert max(powers) > 3 > powers[-1]
    assert np.linalg.norm(norm, 2) <= BOUND + 1e-6
    assert to_the_circle(norm) >= 1 - BOUND - 1e-6


def to_the_circle(W):
    """The distance to instability from above: sigma_min at points of the circle."""
    shifted = CIRCLE[:, None, None] * np.eye(len(W)) - W
    return np.linalg.svd(shifted, compute_uv=False)[:, -1].min()


def test_demo_fails_in_one_line_where_its_promise_does_not_hold(tmp_path):
    done = call(tmp_path, "--grid", "10", "--epochs", "1")
    assert done.exit_code == 1
    (error,) = (line for line in done.stderr.splitlines() if not line.startswith("training"))
    assert error.startswith("Error: ")
    assert f"not at least {ACCURATE}" in error
    assert (tmp_path / "demo.json").exists()


def changed(normalize, **values):
    """The committed rows, those of one normalisation with other numbers."""
    return [
        {**row, **values} if row["normalize"] == normalize else row
        for row in read_rows(RESULTS / "demo.json")
    ]


def test_committed_networks_hold_every_promise():
    rows = read_rows(RESULTS / "demo.json")
    assert list(broken_promises(rows)) == []
    assert [(row["cell"], row["normalize"]) for row in rows] == [
        (cell, normalize)
        for cell in ("rnn", "lstm", "gru")
        for normalize in ("none", "radius", "norm")
    ]
    assert {promise.normalize for promise in PROMISES} == {row["normalize"] for row in rows}


@pytest.mark.parametrize(
    ("normalize", "values", "words"),
    [
        ("none", {"radius": 1.0}, "radius above 1"),
        ("radius", {"radius": 0.9501, "distance": 0.01}, "radius at most 0.95"),
        ("radius", {"radius": 0.94, "distance": 0.021}, "below a third of 1 - radius"),
        ("radius", {"distance": 0.0}, "distance above 0"),
        ("radius", {"max |W^k|": 2.9}, "at least threefold"),
        ("radius", {"max |W^k|": float("inf")}, "not for ever"),
        ("norm", {"distance": 0.0499}, "distance at least 0.05"),
        ("norm", {"max |W^k|": 1.001}, "no power that grows"),
    ],
)
def test_each_promise_can_be_broken_promises(normalize, values, words):
    assert set(values) <= set(COLUMNS)
    found = list(broken_promises(changed(normalize, **values)))
    assert len(found) == 3
    assert all(f"normalize {normalize}: not " in line and words in line for line in found)


def test_accuracies_that_are_low_or_far_apart_are_said():
    rows = read_rows(RESULTS / "demo.json")
    (low,) = broken_promises([{**row, "accuracy": ACCURATE - 0.001} for row in rows])
    assert low == "an accuracy is 0.949, not at least 0.95"
    accuracies = [ACCURATE, *[ACCURATE + ALIKE + 0.001] * 8]
    (apart,) = broken_promises(
        [{**row, "accuracy": a} for row, a in zip(rows, accuracies, strict=True)]
    )
    assert apart == "accuracies differ by 0.041, not by at most 0.04"
